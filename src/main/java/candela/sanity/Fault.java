package candela.sanity;

/** What keeps a map from being compared, the worse the earlier. */
enum Fault {
  NOT_FINITE("holds NaN or infinity"),
  ZEROS("is 0 everywhere"),
  EVEN("is the same everywhere"),
  NONE("");

  private final String words;

  Fault(String words) {
    this.words = words;
  }

  static Fault of(float[] map) {
    boolean even = true;
    for (float v : map) {
      if (!Float.isFinite(v)) {
        return NOT_FINITE;
      }
      even &= v == map[0];
    }
    return !even ? NONE : map[0] == 0 ? ZEROS : EVEN;
  }

  /** Why a similarity of two maps is NaN. */
  static String ofSimilarity(Fault own, Fault other) {
    return own.compareTo(other) <= 0 ? ofOwn(own) : "the variant's map " + other.words;
  }

  /** Why a rise of complexity is: the original one is what it is a share of. */
  static String ofRise(Fault own, Fault other) {
    return own == NONE ? ofSimilarity(own, other) : ofOwn(own);
  }

  private static String ofOwn(Fault own) {
    return own == NONE
        ? "the measure says nothing of these two maps"
        : "the original map " + own.words;
  }
}
