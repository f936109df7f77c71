package candela.bench;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.Session;
import candela.graph.SessionOptions;
import java.util.Locale;

/**
 * Candela on the CPU: one session for forward alone, one for forward and gradient, as callers open
 * them.
 */
final class CandelaEngine implements Engine {
  private final Device device;
  private final Session forward;
  private final Session gradient;
  private final long[] target;

  CandelaEngine(Setting setting) {
    device = Devices.open("cpu", setting.threads());
    Network network = Network.load(setting.model());
    forward = network.session(device, setting.batch(), SessionOptions.FORWARD);
    gradient = network.session(device, setting.batch(), SessionOptions.GRADIENT);
    device.write(forward.input(), setting.images());
    device.write(gradient.input(), setting.images());
    target = new long[setting.batch()];
    for (int i = 0; i < target.length; i++) {
      target[i] = setting.target()[i];
    }
  }

  @Override
  public String name() {
    return "Candela";
  }

  @Override
  public boolean differentiates() {
    return true;
  }

  @Override
  public void forward() {
    forward.forward();
  }

  @Override
  public float[] output() {
    return device.read(forward.output());
  }

  @Override
  public void gradient() {
    gradient.forward();
    gradient.score(ScoreKind.LOGIT, target);
    gradient.backward(Rules.GRADIENT);
  }

  @Override
  public float[] inputGradient() {
    return device.read(gradient.gradient());
  }

  @Override
  public String memory() {
    return String.format(
        Locale.ROOT,
        "constants %.0f MiB, forward %.0f MiB, with gradient %.0f MiB",
        forward.memory().constants() / 1048576.0,
        forward.memory().arena() / 1048576.0,
        gradient.memory().arena() / 1048576.0);
  }

  @Override
  public void close() {
    forward.close();
    gradient.close();
    device.close();
  }
}
