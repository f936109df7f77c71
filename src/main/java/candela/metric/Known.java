package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.tensor.Tensor;
import java.util.function.Supplier;

/** A score for which no model is asked. */
final class Known extends Sampled<Score> {
  private final Score score;

  /** The score of a finite map; of another, no number. */
  static Probe<Score> of(Explained explained, Supplier<Score> score) {
    return Vectors.isFinite(explained.map())
        ? new Known(explained.target(), score.get())
        : notFinite(explained);
  }

  /** Of a map that is not finite. */
  static Known notFinite(Explained explained) {
    return new Known(explained.target(), Score.none(Reason.MAP_NOT_FINITE));
  }

  Known(int target, Score score) {
    super(Ask.score(ScoreKind.LOGIT), null, target, 0);
    this.score = score;
  }

  @Override
  protected void fill(int first, Tensor rows) {
    throw new IllegalStateException("no rows were asked for");
  }

  @Override
  protected void add(int first, Answers answers) {
    throw new IllegalStateException("no rows were asked for");
  }

  @Override
  public Score result() {
    return score;
  }
}
