package candela.metric;

import candela.probe.Range;
import candela.tensor.Shape;

/**
 * How much information an image holds.
 *
 * <p><b>Definition:</b> values become one of 256 levels between the least and the largest of a
 * range; each is guessed from the levels at its left, above, and above at the left by Paeth's rule
 * (of the three the one that is nearest to left + above − above left; beyond the image 0), and the
 * guess is subtracted, modulo 256. The result is Σ n_r log₂(n / n_r) over the differences r that a
 * channel of n pixels has n_r times, over all channels: the bits of a code that knows their
 * frequencies.
 *
 * <p><b>Source:</b> the filter of PNG (ISO/IEC 15948, section 9.4); Shannon 1948.
 */
final class Information {
  private static final int LEVELS = 256;

  private Information() {}

  /**
   * In bits; the same on every machine.
   *
   * @param values holds an image [c,h,w] from this place on
   * @param range from level 0 to level 255
   */
  static double bits(float[] values, int from, Shape image, Range range) {
    int n = image.dim(1) * image.dim(2);
    double bits = 0;
    for (int c = 0; c < image.dim(0); c++) {
      bits += bits(levels(values, from + c * n, n, range), image.dim(2));
    }
    return bits;
  }

  private static int[] levels(float[] values, int from, int n, Range range) {
    int[] levels = new int[n];
    if (range.size() > 0) {
      for (int i = 0; i < n; i++) {
        double share = ((double) values[from + i] - range.least()) / range.size();
        levels[i] = Math.clamp(Math.round((LEVELS - 1) * share), 0, LEVELS - 1);
      }
    }
    return levels;
  }

  private static double bits(int[] levels, int w) {
    int[] count = new int[LEVELS];
    for (int i = 0; i < levels.length; i++) {
      int left = i % w == 0 ? 0 : levels[i - 1];
      int above = i < w ? 0 : levels[i - w];
      int corner = i % w == 0 || i < w ? 0 : levels[i - w - 1];
      count[levels[i] - guess(left, above, corner) & LEVELS - 1]++;
    }
    double bits = 0;
    for (int n : count) {
      // StrictMath: the same bits of the result everywhere
      bits += n == 0 ? 0 : n * StrictMath.log((double) levels.length / n);
    }
    return bits / StrictMath.log(2);
  }

  /** Of equally near ones the first. */
  private static int guess(int left, int above, int corner) {
    int toLeft = Math.abs(above - corner);
    int toAbove = Math.abs(left - corner);
    int toCorner = Math.abs(left + above - 2 * corner);
    return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
  }
}
