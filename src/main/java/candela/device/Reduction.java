package candela.device;

/** Reductions of one axis; codes as in native/candela.h. */
public enum Reduction {
  SUM,
  MEAN,
  MAX,
  MIN,
  PROD;

  /** Its number in the entries. */
  public int code() {
    return ordinal();
  }
}
