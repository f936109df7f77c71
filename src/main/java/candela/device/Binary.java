package candela.device;

/** Functions of two elements; truth values are 0 and 1; codes as in native/candela.h. */
public enum Binary {
  ADD(true),
  SUB(true),
  MUL(true),
  DIV(true),
  POW(true),
  /** The larger; NaN where one is. The gradient of a tie goes to a. */
  MAX(true),
  MIN(true),
  /** a &lt; 0 ? a b : a. */
  PRELU(true),
  EQUAL(false),
  LESS(false),
  GREATER(false),
  LESS_EQUAL(false),
  GREATER_EQUAL(false),
  AND(false),
  OR(false),
  XOR(false),
  /** The remainder with the sign of a, as C's fmod. */
  MOD(true),
  /** a / b rounded towards zero. */
  INTEGER_DIV(false);

  private final boolean differentiable;

  Binary(boolean differentiable) {
    this.differentiable = differentiable;
  }

  /** Its number in the entries; HeaderTest compares the order with the header's. */
  @SuppressWarnings("EnumOrdinal")
  public int code() {
    return ordinal();
  }

  /** False where no gradient is defined; binary_backward then gives zero. */
  public boolean differentiable() {
    return differentiable;
  }

  /** Whether the gradient reads the operands. */
  public boolean readsOperands() {
    return differentiable && this != ADD && this != SUB;
  }
}
