package candela.method;

import candela.graph.Layout;
import candela.graph.Rules;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** One row, and the relevance that reaches a layer; rules being linear, it is scaled at the end. */
final class Relevance extends OneRow {
  private final Method method;
  private final Shape image;
  private final Workspace workspace;
  private final boolean timesScore;
  private final double share;

  /** Of one row of the layer; null of the input. */
  private Shape layer;

  /** Of its tokens. */
  private Layout layout;

  private float[] relevance;
  private double score;

  /**
   * @param timesScore whether the class starts with its score; else with 1
   * @param share of what it starts with that theory lets arrive: 1, or 0 for differences
   */
  Relevance(
      Method method,
      Subject subject,
      Workspace workspace,
      Rules rules,
      String layer,
      boolean timesScore,
      double share) {
    super(Ask.backward(method.score(), layer, rules), subject, workspace);
    this.method = method;
    this.workspace = workspace;
    this.timesScore = timesScore;
    this.share = share;
    image = subject.image();
    relevance = new float[image.count()];
  }

  @Override
  protected void add(int first, Answers answers) {
    relevance = workspace.device().read(answers.gradients());
    score = answers.scores()[0];
    layer = ask().at().isEmpty() ? null : answers.gradients().shape();
    layout = layer == null ? null : FeatureMap.layout(answers);
  }

  @Override
  public Attribution result() {
    double start = timesScore ? score : 1;
    float[] a = new float[relevance.length];
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) (start * relevance[i]);
      sum += a[i];
    }
    Map<String, Double> notes = new LinkedHashMap<>();
    notes.put("score", score);
    notes.put("relevance", sum);
    notes.put("conservationDelta", sum - share * start);
    return layer == null
        ? new Attribution(image, a, method.channels(), notes)
        : FeatureMap.ofAny(image, layout, layer, a).attribution(method.channels(), notes);
  }
}
