package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.tensor.Tensor;

/** A map that the model is not asked for. */
final class Unasked extends Sampled<Attribution> {
  private final Attribution map;

  Unasked(Subject subject, Attribution map) {
    super(Ask.score(ScoreKind.LOGIT), null, subject.target(), 0);
    this.map = map;
  }

  @Override
  protected void fill(int first, Tensor rows) {}

  @Override
  protected void add(int first, Answers answers) {}

  @Override
  public Attribution result() {
    return map;
  }
}
