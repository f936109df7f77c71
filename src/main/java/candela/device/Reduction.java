package candela.device;

/** Reductions of one axis; codes as in native/candela.h. */
public enum Reduction {
  SUM,
  MEAN,
  MAX,
  MIN,
  PROD;

  /** Its number in the entries; HeaderTest compares the order with the header's. */
  @SuppressWarnings("EnumOrdinal")
  public int code() {
    return ordinal();
  }
}
