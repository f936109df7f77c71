package candela.method;

/** Whose attention is followed. */
public enum Query {
  /** The class token's, which is before all others; of models without one the mean. */
  CLASS,
  /** All tokens', averaged. */
  MEAN
}
