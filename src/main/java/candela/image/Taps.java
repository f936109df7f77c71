package candela.image;

/**
 * Which source positions make a target position, and how much each counts: along one axis, widened
 * when shrinking so that every source pixel counts (antialias).
 *
 * @param first of each target position
 * @param weights of each target position, their sum is 1
 * @param in source length
 */
record Taps(int in, int[] first, double[][] weights) {
  /** Bits after the point of PIL's 8-bit weights: 32 less 8 of the pixel, less 2 for overshoot. */
  static final int BITS = 22;

  static Taps of(int in, int out, Filter filter) {
    return filter == Filter.NEAREST ? nearest(in, out) : weighted(in, out, filter);
  }

  private static Taps nearest(int in, int out) {
    int[] first = new int[out];
    double[][] weights = new double[out][];
    double step = (double) in / out;
    double at = step / 2;
    for (int i = 0; i < out; i++, at += step) {
      first[i] = Math.min((int) at, in - 1);
      weights[i] = new double[] {1};
    }
    return new Taps(in, first, weights);
  }

  private static Taps weighted(int in, int out, Filter filter) {
    int[] first = new int[out];
    double[][] weights = new double[out][];
    double scale = (double) in / out;
    double stretch = Math.max(scale, 1);
    double support = filter.support() * stretch;
    for (int i = 0; i < out; i++) {
      double centre = (i + 0.5) * scale;
      int from = Math.max((int) (centre - support + 0.5), 0);
      int to = Math.min((int) (centre + support + 0.5), in);
      double[] w = new double[to - from];
      double sum = 0;
      for (int k = 0; k < w.length; k++) {
        w[k] = filter.weight((k + from - centre + 0.5) * (1 / stretch));
        sum += w[k];
      }
      for (int k = 0; k < w.length && sum != 0; k++) {
        w[k] /= sum;
      }
      first[i] = from;
      weights[i] = w;
    }
    return new Taps(in, first, weights);
  }

  int out() {
    return first.length;
  }

  /** The weights of a target position as whole numbers of 2^-22, rounded half away from zero. */
  int[] fixed(int position) {
    double[] w = weights[position];
    int[] whole = new int[w.length];
    for (int k = 0; k < w.length; k++) {
      double v = w[k] * (1 << BITS);
      whole[k] = (int) (v < 0 ? v - 0.5 : v + 0.5);
    }
    return whole;
  }
}
