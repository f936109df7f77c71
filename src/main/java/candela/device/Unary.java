package candela.device;

/**
 * Functions of one element, with the parameters alpha and beta where a kind has them; codes as in
 * native/candela.h.
 */
public enum Unary {
  ABS("x"),
  NEG(""),
  EXP("y"),
  LOG("x"),
  SQRT("y"),
  RECIPROCAL("y"),
  SIGMOID("y"),
  TANH("y"),
  ERF("x"),
  /** x times the normal distribution function; alpha = 1: its tanh approximation. */
  GELU("x"),
  SOFTPLUS("x"),
  SOFTSIGN("x"),
  /** x tanh(softplus(x)). */
  MISH("x"),
  /** x sigmoid(alpha x). */
  SWISH("x"),
  /** alpha x + beta, clamped to 0..1. */
  HARD_SIGMOID("x"),
  /** x times the hard sigmoid of 1/6 and 1/2. */
  HARD_SWISH("x"),
  /** x &gt; 0 ? x : alpha (e^x - 1). */
  ELU("x"),
  /** beta (x &gt; 0 ? x : alpha (e^x - 1)). */
  SELU("x"),
  /** x &gt; 0 ? x : alpha (e^(x/alpha) - 1). */
  CELU("x"),
  /** x &lt; 0 ? alpha x : x. */
  LEAKY_RELU("x"),
  /** x &gt; alpha ? x : 0. */
  THRESHOLDED_RELU("x"),
  /** x clamped to alpha..beta; NaN stays NaN. */
  CLIP("x"),
  SIGN,
  FLOOR,
  CEIL,
  /** To the nearest integer, halves to even. */
  ROUND,
  /** x == 0. */
  NOT,
  /** Cast to an integer: towards zero. */
  TRUNCATE,
  /** Cast to a truth value: x != 0. */
  BOOLEAN,
  SIN("x"),
  COS("x"),
  TAN("y"),
  ASIN("x"),
  ACOS("x"),
  ATAN("x"),
  SINH("x"),
  COSH("x"),
  ASINH("x"),
  ACOSH("x"),
  ATANH("x"),
  /** x &lt; -alpha ? x + beta : x &gt; alpha ? x - beta : 0. */
  SHRINK("x"),
  RELU("x"),
  /** alpha x + beta. */
  LINEAR(""),
  /**
   * The nearest multiple of a step, halves to the even one. The step is alpha, or beta times the
   * power of two below |x| where that is more: floats with few digits. The gradient passes as if
   * this were x: the straight-through estimator (Bengio and others 2013).
   */
  QUANTIZE("");

  private final String reads;

  /** A kind without a gradient: a step function. */
  Unary() {
    this(null);
  }

  /**
   * @param reads what the gradient is computed from: "x", "y" or nothing; null when it is zero
   */
  Unary(String reads) {
    this.reads = reads;
  }

  /** Its number in the entries; HeaderTest compares the order with the header's. */
  @SuppressWarnings("EnumOrdinal")
  public int code() {
    return ordinal();
  }

  /** Whether the gradient reads the input. */
  public boolean readsX() {
    return "x".equals(reads);
  }

  /** Whether the gradient reads the output. */
  public boolean readsY() {
    return "y".equals(reads);
  }

  /** Whether no input gives less than 0. */
  public boolean isNeverNegative() {
    return switch (this) {
      case ABS, ACOS, ACOSH, COSH, EXP, HARD_SIGMOID, RELU, SIGMOID, SOFTPLUS, SQRT -> true;
      default -> false;
    };
  }

  /** False where the gradient is zero wherever it exists. */
  public boolean differentiable() {
    return reads != null;
  }
}
