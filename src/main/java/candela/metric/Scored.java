package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.tensor.Shape;

/** A metric that is a function of the scores of its rows: write {@code fill} and {@code of}. */
abstract class Scored extends Sampled<Score> {
  private final double[] scores;

  Scored(ScoreKind kind, Shape image, int target, int rows) {
    super(Ask.score(kind), image, target, rows);
    scores = new double[rows];
  }

  /** What they say of the map. */
  abstract Score of(double[] scores);

  @Override
  protected final void add(int first, Answers answers) {
    answers.scoresLater(scores, first);
  }

  @Override
  public final Score result() {
    return taken() < all() ? Score.NOT_YET : of(scores);
  }
}
