package candela.probe;

import candela.graph.Rules;
import candela.graph.ScoreKind;

/**
 * What a probe wants to know of every row it writes. Rows of probes with equal asks share batches.
 *
 * @param score the number of the class that is read, and that is differentiated
 * @param at the value whose gradient is wanted: a name of the model, "" for the input, null for
 *     scores only
 * @param rules what flows back; not read for scores only
 */
public record Ask(ScoreKind score, String at, Rules rules) {
  /** Scores, no gradient. */
  public static Ask score(ScoreKind score) {
    return new Ask(score, null, Rules.GRADIENT);
  }

  /** Scores and their gradient at the input. */
  public static Ask gradient(ScoreKind score) {
    return new Ask(score, "", Rules.GRADIENT);
  }

  public boolean wantsGradient() {
    return at != null;
  }
}
