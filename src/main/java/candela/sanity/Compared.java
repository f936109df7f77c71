package candela.sanity;

/**
 * How alike a map of the original network is to a variant's, or by how much more complex that is.
 *
 * @param image place in the list of images
 * @param method place in the list of methods
 * @param variant place in the list of variants
 * @param similarity place in the list of similarities; behind the last is {@link SanityCheck#RISE}
 * @param value NaN where it says nothing of them, say of a map without differences
 * @param reason why it is NaN; empty for a number
 */
public record Compared(
    int image, int method, int variant, int similarity, double value, String reason) {
  /** Where there is nothing to compare with. */
  Compared none(String why) {
    return new Compared(image, method, variant, similarity, Double.NaN, why);
  }
}
