package candela.metric;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Logits of an image, row 0, and of images nearby: asked once for all maps of the image. */
final class NearbyLogits extends Sampled<float[][]> {
  private final Device device;
  private final Nearby nearby;
  private final Explained explained;
  private final float[][] logits;
  private boolean asked;

  NearbyLogits(Nearby nearby, Explained explained, Workspace workspace) {
    super(Ask.score(ScoreKind.LOGIT), explained.target(), nearby.samples() + 1);
    device = workspace.device();
    this.nearby = nearby;
    this.explained = explained;
    logits = new float[all()][];
    know(0, workspace.asked(explained.pixels(), ask(), target()));
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
    float[] all = device.read(answers.logits());
    int classes = all.length / answers.rows();
    for (int i = 0; i < answers.rows(); i++) {
      logits[first + i] = Arrays.copyOfRange(all, i * classes, (i + 1) * classes);
    }
  }

  boolean isThrough() {
    return taken() == all();
  }

  @Override
  public float[][] result() {
    return logits;
  }
}
