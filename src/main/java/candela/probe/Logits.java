package candela.probe;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.tensor.Tensor;

/** The network's plain answer to one image. One forward row. */
public final class Logits extends Sampled<Prediction> {
  private final Device device;
  private final float[] image;
  private Prediction prediction;

  public Logits(Device device, float[] image) {
    super(Ask.score(ScoreKind.LOGIT), null, 0, 1);
    this.device = device;
    this.image = image;
  }

  @Override
  protected void fill(int first, Tensor rows) {
    device.write(rows, image);
  }

  @Override
  protected void add(int first, Answers answers) {
    prediction = answers.predictions(device).getFirst();
  }

  @Override
  public Prediction result() {
    return prediction;
  }

  /** The class with the largest; of equal ones the first. */
  public int best() {
    return prediction.best();
  }
}
