package candela.sanity;

/**
 * How complex a map is: the entropy of how often its values fall between equally distant ones.
 *
 * <p><b>Definition:</b> −Σ p_i ln p_i, p_i the share of the values in bin i of as many bins from
 * the smallest value to the largest, both counted in; 0 where all are equal, NaN where one is not
 * finite.
 *
 * <p><b>Source:</b> Hedström et al. 2023, "Sanity checks revisited", section 3; as NumPy's
 * histogram and Quantus' discrete_entropy.
 */
final class Histogram {
  private Histogram() {}

  static double entropy(float[] map, int bins) {
    float least = Float.POSITIVE_INFINITY;
    float most = Float.NEGATIVE_INFINITY;
    for (float v : map) {
      if (!Float.isFinite(v)) {
        return Double.NaN;
      }
      least = Math.min(least, v);
      most = Math.max(most, v);
    }
    double range = (double) most - least;
    int[] count = new int[bins];
    for (float v : map) {
      double share = range == 0 ? 0 : ((double) v - least) / range;
      count[Math.min((int) (share * bins), bins - 1)]++;
    }
    double entropy = 0;
    for (int n : count) {
      double p = (double) n / map.length;
      entropy -= n == 0 ? 0 : p * StrictMath.log(p);
    }
    // a single bin gives −0
    return Math.max(entropy, 0.0);
  }
}
