package candela.graph;

/** Which number of a class is explained. */
public enum ScoreKind {
  /**
   * The class's input of the final softmax or sigmoid, or the output itself where there is none.
   */
  LOGIT,
  /** What {@link Likelihood} makes of the logits. */
  PROBABILITY,
  /** Logarithm of the probability. */
  LOG_PROBABILITY
}
