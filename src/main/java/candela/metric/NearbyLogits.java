package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Prediction;
import candela.probe.Workspace;

/** Logits of an image, row 0, and of images nearby: asked once for all maps of the image. */
final class NearbyLogits extends NearbyRows<float[][]> {
  private final float[][] logits;

  NearbyLogits(Nearby nearby, Explained explained, Workspace workspace) {
    super(Ask.score(ScoreKind.LOGIT), nearby, explained, workspace);
    logits = new float[all()][];
    know(0, workspace.asked(explained.pixels(), ask(), target()));
  }

  @Override
  protected void add(int first, Answers answers) {
    int at = first;
    for (Prediction p : answers.predictions(device)) {
      logits[at++] = p.logits();
    }
  }

  @Override
  public float[][] result() {
    return logits;
  }
}
