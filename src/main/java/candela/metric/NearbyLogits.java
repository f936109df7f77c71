package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Prediction;
import candela.probe.Workspace;

/** What is said to an image, row 0, and to images nearby: asked once for all maps of the image. */
final class NearbyLogits extends NearbyRows<Prediction[]> {
  private final Prediction[] said;

  NearbyLogits(Neighbours nearby, Explained explained, Workspace workspace) {
    super(Ask.score(ScoreKind.LOGIT), nearby, explained, workspace);
    said = new Prediction[all()];
    know(0, workspace.asked(explained.pixels(), ask(), target()));
  }

  @Override
  protected void add(int first, Answers answers) {
    int at = first;
    for (Prediction p : answers.predictions(device)) {
      said[at++] = p;
    }
  }

  @Override
  public Prediction[] result() {
    return said;
  }
}
