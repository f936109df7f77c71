package candela.method;

/** Arrays in the other precision. */
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
}
