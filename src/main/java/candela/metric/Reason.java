package candela.metric;

/** Why a metric has no number for a map, in words that several metrics share. */
final class Reason {
  static final String NOT_YET = "not all rows are answered yet";
  static final String MAP_NOT_FINITE = "the map holds NaN or infinity";
  static final String ZEROS = "the map is 0 everywhere";
  static final String NO_OBJECT = "no pixel shows the class";

  /** Of a map that is the same everywhere, whose pixels have no order. */
  static final String EVEN = "the map is the same everywhere";

  /** Where a metric knows of no other. */
  static final String NOT_FINITE =
      "a score of the model, or the map of a changed image, is NaN or infinite";

  private Reason() {}

  /** Of a share of what the whole image scores. */
  static String notPositive(double score) {
    return "the image scores " + (float) score + ", not above 0";
  }

  /**
   * Of a correlation that is NaN.
   *
   * @param ofMap by set of pixels, what the map has there
   * @param ofScore by set of pixels, what the score does without them
   */
  static String correlation(double[] ofMap, double[] ofScore) {
    if (ofMap.length < 2) {
      return "all pixels are in one set, and there is nothing to correlate";
    }
    if (Vectors.isConstant(ofMap)) {
      return "the map has the same on all sets of pixels";
    }
    return Vectors.isConstant(ofScore)
        ? "the score changes equally whichever pixels go"
        : NOT_FINITE;
  }
}
