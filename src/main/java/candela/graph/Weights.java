package candela.graph;

/**
 * How the weights of an affine operator are changed, element by element. The bias is changed alike:
 * it is the weight of an input that is always 1. Data, compared by its parts; sessions keep what
 * they packed for it.
 *
 * @param part what becomes of each weight
 * @param gamma GAMMA: how much of the positive part is added; 0 otherwise
 * @param bias whether there is a bias at all
 */
public record Weights(Part part, float gamma, boolean bias) {
  /** As the model has them, bias included. */
  public static final Weights ORIGINAL = new Weights(Part.ALL, 0, true);

  /** What becomes of a weight w. */
  public enum Part {
    /** w. */
    ALL,
    /** max(w, 0). */
    POSITIVE,
    /** min(w, 0). */
    NEGATIVE,
    /** w². */
    SQUARED,
    /** 1 wherever there is a connection, be its weight 0. */
    ONES,
    /** w + γ max(w, 0). */
    GAMMA
  }

  /** Changed weights, with the bias or without. */
  public static Weights of(Part part, boolean bias) {
    return new Weights(part, 0, bias);
  }

  public static Weights gamma(float gamma, boolean bias) {
    return new Weights(Part.GAMMA, gamma, bias);
  }

  public Weights withoutBias() {
    return bias ? new Weights(part, gamma, false) : this;
  }

  public float of(float w) {
    return switch (part) {
      case ALL -> w;
      case POSITIVE -> Math.max(w, 0);
      case NEGATIVE -> Math.min(w, 0);
      case SQUARED -> w * w;
      case ONES -> 1;
      case GAMMA -> w + gamma * Math.max(w, 0);
    };
  }

  /** A changed copy. */
  public float[] of(float[] w) {
    float[] changed = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      changed[i] = of(w[i]);
    }
    return changed;
  }
}
