package candela.probe;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.tensor.Tensor;

/** The network's plain answer to one image: its logits. One forward row. */
public final class Logits extends Sampled<float[]> {
  private final Device device;
  private final float[] image;
  private float[] logits = {};

  public Logits(Device device, float[] image) {
    super(Ask.score(ScoreKind.LOGIT), 0, 1);
    this.device = device;
    this.image = image;
  }

  @Override
  protected void fill(int first, Tensor rows) {
    device.write(rows, image);
  }

  @Override
  protected void add(int first, Answers answers) {
    logits = device.read(answers.logits());
  }

  @Override
  public float[] result() {
    return logits;
  }

  /** The class with the largest; of equal ones the first. */
  public int best() {
    return best(logits);
  }

  /** The place of the largest; of equal ones the first. */
  public static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }
}
