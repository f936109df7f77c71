package candela.probe;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.tensor.Tensor;

/** The network's plain answer to one image. One forward row. */
public final class Logits extends Sampled<Prediction> {
  private final Device device;
  private final float[] image;
  private Prediction prediction;

  /**
   * @param image as the network takes it
   * @throws candela.tensor.CandelaException where one of its values is NaN or infinite
   */
  public Logits(Device device, float[] image) {
    super(Ask.score(ScoreKind.LOGIT), null, 0, 1);
    Finite.check(image, "image");
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

  /** Null before it is answered. */
  @Override
  public Prediction result() {
    return prediction;
  }

  /**
   * The class with the largest; of equal ones the first.
   *
   * @throws IllegalStateException before it is answered
   */
  public int best() {
    if (prediction == null) {
      throw new IllegalStateException("the network has not been asked yet; run the probe first");
    }
    return prediction.best();
  }
}
