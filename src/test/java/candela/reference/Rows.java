package candela.reference;

import candela.device.Reduction;

/** Reductions, softmax and normalisations. */
public final class Rows {
  private Rows() {}

  /** x[outer,n,inner] to [outer,inner]. */
  public static double[] reduce(Reduction kind, int outer, int n, int inner, double[] x) {
    double[] y = new double[outer * inner];
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < inner; i++) {
        double s =
            switch (kind) {
              case SUM, MEAN -> 0;
              case MAX -> Double.NEGATIVE_INFINITY;
              case MIN -> Double.POSITIVE_INFINITY;
              case PROD -> 1;
            };
        for (int j = 0; j < n; j++) {
          double v = x[(o * n + j) * inner + i];
          s =
              switch (kind) {
                case SUM, MEAN -> s + v;
                case MAX -> Math.max(s, v);
                case MIN -> Math.min(s, v);
                case PROD -> s * v;
              };
        }
        y[o * inner + i] = kind == Reduction.MEAN ? s / n : s;
      }
    }
    return y;
  }

  public static double[] softmax(boolean log, int rows, int n, double[] x) {
    double[] y = new double[rows * n];
    for (int r = 0; r < rows; r++) {
      double top = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        top = Math.max(top, x[r * n + i]);
      }
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += Math.exp(x[r * n + i] - top);
      }
      for (int i = 0; i < n; i++) {
        double v = x[r * n + i] - top;
        y[r * n + i] = log ? v - Math.log(sum) : Math.exp(v) / sum;
      }
    }
    return y;
  }

  /** Each row to mean 0 and deviation 1. */
  public static double[] normal(int rows, int n, double epsilon, double[] x) {
    double[] y = new double[rows * n];
    for (int r = 0; r < rows; r++) {
      double mean = 0;
      double square = 0;
      for (int i = 0; i < n; i++) {
        mean += x[r * n + i] / n;
      }
      for (int i = 0; i < n; i++) {
        square += (x[r * n + i] - mean) * (x[r * n + i] - mean) / n;
      }
      for (int i = 0; i < n; i++) {
        y[r * n + i] = (x[r * n + i] - mean) / Math.sqrt(square + epsilon);
      }
    }
    return y;
  }

  /** x[images,pixels,channels] normalised within each group of neighbouring channels. */
  public static double[] groupNorm(
      int images, int pixels, int channels, int groups, double epsilon, double[] x) {
    int width = channels / groups;
    double[] rows = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      rows[byGroup(i, pixels, channels, width)] = x[i];
    }
    rows = normal(images * groups, pixels * width, epsilon, rows);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = rows[byGroup(i, pixels, channels, width)];
    }
    return y;
  }

  /** Where element i of [images,pixels,groups,width] lies in [images,groups,pixels,width]. */
  private static int byGroup(int i, int pixels, int channels, int width) {
    int c = i % channels;
    int p = i / channels % pixels;
    int image = i / channels / pixels;
    return ((image * (channels / width) + c / width) * pixels + p) * width + c % width;
  }

  /** ONNX's local response normalisation of x[pixels,channels]. */
  public static double[] lrn(
      int pixels, int channels, int size, double alpha, double beta, double bias, double[] x) {
    double[] y = new double[x.length];
    for (int p = 0; p < pixels; p++) {
      for (int c = 0; c < channels; c++) {
        double s = 0;
        int first = Math.max(0, c - (size - 1) / 2);
        int last = Math.min(channels - 1, c + size / 2);
        for (int k = first; k <= last; k++) {
          s += x[p * channels + k] * x[p * channels + k];
        }
        int i = p * channels + c;
        y[i] = x[i] / Math.pow(bias + alpha / size * s, beta);
      }
    }
    return y;
  }
}
