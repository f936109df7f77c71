package candela.metric;

import candela.device.Device;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.SessionOptions;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.util.List;

/**
 * By sample, how much a layer's values change from those of an image, row 0, to those of an image
 * nearby, for the size of each: asked once for all maps of the image.
 */
final class NearbyLayer extends Sampled<double[]> {
  private final Device device;
  private final Nearby nearby;
  private final Explained explained;
  private final double eps;
  private final double[] changes;
  private float[] whole;
  private boolean asked;

  /**
   * @param layer a value of the model, empty for the last feature map
   */
  NearbyLayer(Nearby nearby, Explained explained, String layer, double eps, Workspace workspace) {
    super(
        Ask.backward(
            ScoreKind.LOGIT,
            layer.isEmpty() ? SessionOptions.LAST_FEATURES : layer,
            Rules.GRADIENT),
        explained.target(),
        nearby.samples() + 1);
    device = workspace.device();
    this.nearby = nearby;
    this.explained = explained;
    this.eps = eps;
    changes = new double[nearby.samples()];
  }

  /** The probe for the first who comes, who asks for all; none for others. */
  List<Probe<?>> toAsk() {
    boolean first = !asked;
    asked = true;
    return first ? List.of(this) : List.of();
  }

  @Override
  protected void fill(int first, Tensor rows) {
    for (int i = 0; i < rows.shape().dim(0); i++) {
      int row = first + i;
      float[] image = row == 0 ? explained.pixels() : nearby.image(explained, row - 1);
      device.write(rows.rows(i, i + 1), image);
    }
  }

  @Override
  protected void add(int first, Answers answers) {
    for (int i = 0; i < answers.rows(); i++) {
      float[] values = device.read(answers.values().rows(i, i + 1));
      if (first + i == 0) {
        whole = values;
      } else {
        changes[first + i - 1] = RelativeStability.change(whole, values, eps);
      }
    }
  }

  boolean isThrough() {
    return taken() == all();
  }

  @Override
  public double[] result() {
    return changes;
  }
}
