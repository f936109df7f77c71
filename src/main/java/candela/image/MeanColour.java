package candela.image;

import java.util.Arrays;

/** An image of one colour: the mean of another's. */
public final class MeanColour {
  private MeanColour() {}

  /** [c,n], each channel the mean of x[c,n]. */
  public static float[] of(float[] x, int c, int n) {
    float[] y = new float[x.length];
    for (int k = 0; k < c; k++) {
      double sum = 0;
      for (int i = k * n; i < (k + 1) * n; i++) {
        sum += x[i];
      }
      Arrays.fill(y, k * n, (k + 1) * n, (float) (sum / n));
    }
    return y;
  }
}
