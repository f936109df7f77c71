package candela.graph;

/** Which number of a class is explained. */
public enum ScoreKind {
  /** The class's input of the final softmax, or the output itself where there is no softmax. */
  LOGIT,
  /** Softmax of the logits. */
  PROBABILITY,
  /** Logarithm of the probability. */
  LOG_PROBABILITY
}
