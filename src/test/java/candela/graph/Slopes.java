package candela.graph;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.Models;
import candela.onnx.proto.GraphProto;
import java.nio.file.Path;
import java.util.Arrays;

/** What a model by hand gives for inputs, and the slopes of the sum of that. */
record Slopes(float[] y, float[] dx) {
  static Slopes of(Path folder, GraphProto.Builder graph, int batch, float... x) {
    return of(Network.load(Models.write(folder, Models.model(graph).build())), batch, x);
  }

  static Slopes of(Network network, int batch, float... x) {
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
      device.write(s.input(), x);
      s.forward();
      float[] y = device.read(s.output());
      float[] ones = new float[y.length];
      Arrays.fill(ones, 1);
      device.write(s.seed(), ones);
      s.backward(Rules.GRADIENT);
      return new Slopes(y, device.read(s.gradient()));
    }
  }
}
