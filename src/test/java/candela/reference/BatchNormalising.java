package candela.reference;

/** Batch normalisation of x[m,channels] by plain loops, without scale and shift. */
public final class BatchNormalising {
  private BatchNormalising() {}

  /** With the mean and the variance of x. */
  public static double[] ofBatch(int m, int channels, double epsilon, double[] x) {
    double[][] of = statistics(m, channels, x);
    return with(channels, epsilon, of[0], of[1], x);
  }

  public static double[] with(
      int channels, double epsilon, double[] mean, double[] variance, double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      int c = i % channels;
      y[i] = (x[i] - mean[c]) / Math.sqrt(variance[c] + epsilon);
    }
    return y;
  }

  /** Mean and variance after one batch, the variance of the batch unbiased. */
  public static double[][] running(
      int m, int channels, double momentum, double[] x, double[] mean, double[] variance) {
    double[][] of = statistics(m, channels, x);
    double[][] moved = {mean.clone(), variance.clone()};
    for (int c = 0; c < channels; c++) {
      moved[0][c] += momentum * (of[0][c] - mean[c]);
      double unbiased = m > 1 ? of[1][c] * m / (m - 1) : of[1][c];
      moved[1][c] += momentum * (unbiased - variance[c]);
    }
    return moved;
  }

  private static double[][] statistics(int m, int channels, double[] x) {
    double[][] of = new double[2][channels];
    for (int i = 0; i < x.length; i++) {
      of[0][i % channels] += x[i] / m;
    }
    for (int i = 0; i < x.length; i++) {
      int c = i % channels;
      of[1][c] += (x[i] - of[0][c]) * (x[i] - of[0][c]) / m;
    }
    return of;
  }
}
