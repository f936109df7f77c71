package candela.sanity;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.tensor.Tensor;

/** A score at an image, and its gradient. One forward and backward row. */
final class Slope extends Sampled<float[]> {
  private final Device device;
  private final float[] image;
  private double score;
  private float[] gradient;

  Slope(Device device, float[] image, int target, ScoreKind kind) {
    super(Ask.gradient(kind), null, target, 1);
    this.device = device;
    this.image = image;
  }

  @Override
  protected void fill(int first, Tensor rows) {
    device.write(rows.rows(0, 1), image);
  }

  @Override
  protected void add(int first, Answers answers) {
    score = answers.scores()[0];
    gradient = device.read(answers.gradients());
  }

  double score() {
    return score;
  }

  /** The gradient. */
  @Override
  public float[] result() {
    return gradient;
  }
}
