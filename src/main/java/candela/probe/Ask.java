package candela.probe;

import candela.graph.Rules;
import candela.graph.ScoreKind;

/**
 * What a probe wants to know of every row it writes. Rows of probes with equal asks share batches.
 *
 * @param score the number of the class that is read, and that is differentiated
 * @param at the value whose gradient is wanted: a name of the model, "" for the input, null for
 *     scores only
 * @param rules what flows back; not read for scores only. Where they are paired, probes write rows
 *     in pairs, an image and its reference, and never half of one
 * @param from the value that rows are, in the model's layout: a name of the model, "" for the input
 */
public record Ask(ScoreKind score, String at, Rules rules, String from) {
  /** Scores, no gradient. */
  public static Ask score(ScoreKind score) {
    return new Ask(score, null, Rules.GRADIENT, "");
  }

  /** Scores of rows that stand for a value of the model: only what comes after it is run. */
  public static Ask scoreFrom(String from, ScoreKind score) {
    return new Ask(score, null, Rules.GRADIENT, from);
  }

  /** Scores and their gradient at the input. */
  public static Ask gradient(ScoreKind score) {
    return new Ask(score, "", Rules.GRADIENT, "");
  }

  /** Scores, and what flows back under these rules to a value, "" being the input. */
  public static Ask backward(ScoreKind score, String at, Rules rules) {
    return new Ask(score, at, rules, "");
  }

  public boolean wantsGradient() {
    return at != null;
  }

  /** Whether anything but the gradient flows back. */
  public boolean hasRules() {
    return wantsGradient() && !rules.equals(Rules.GRADIENT);
  }
}
