package candela.method;

/** Arrays of floats: in the other precision, and in order. */
final class Floats {
  private Floats() {}

  /** Each rounded to the nearest float. */
  static float[] of(double[] v) {
    float[] f = new float[v.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) v[i];
    }
    return f;
  }

  static double[] doubles(float[] f) {
    double[] v = new double[f.length];
    for (int i = 0; i < v.length; i++) {
      v[i] = f[i];
    }
    return v;
  }

  /**
   * The value with so many before it in ascending order, infinity and NaN last, by its bits, eleven
   * at a time.
   *
   * @param f values of +0 or more, which are in the order of their bits
   */
  static float ascending(float[] f, int before) {
    int found = 0;
    int left = before;
    for (int shift = 22; shift >= 0; shift -= 11) {
      int[] times = new int[1 << 11];
      for (float v : f) {
        long bits = Float.floatToIntBits(v);
        if (bits >>> shift + 11 == found) {
          times[(int) (bits >>> shift) & 0x7ff]++;
        }
      }
      int next = 0;
      while (left >= times[next]) {
        left -= times[next++];
      }
      found = found << 11 | next;
    }
    return Float.intBitsToFloat(found);
  }
}
