package candela.metric;

import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.SessionOptions;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Workspace;

/**
 * By sample, how much a layer's values change from those of an image, row 0, to those of an image
 * nearby, for the size of each: asked once for all maps of the image.
 */
final class NearbyLayer extends NearbyRows<double[]> {
  private final double eps;
  private final double[] changes;
  private float[] whole;

  /**
   * @param layer a value of the model, empty for the last feature map
   */
  NearbyLayer(Nearby nearby, Explained explained, String layer, double eps, Workspace workspace) {
    super(
        Ask.backward(ScoreKind.LOGIT, SessionOptions.layer(layer), Rules.GRADIENT),
        nearby,
        explained,
        workspace);
    this.eps = eps;
    changes = new double[nearby.samples()];
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

  @Override
  public double[] result() {
    return changes;
  }
}
