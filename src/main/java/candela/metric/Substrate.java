package candela.metric;

import candela.image.MeanColour;
import candela.probe.Range;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;

/** What removed pixels leave behind. */
public enum Substrate {
  /** 0 at the network's input: the mean colour of the training set in most preprocessings. */
  ZERO,
  /**
   * The image smoothed by RISE's kernel for insertion: a Gaussian of 5 pixels whose tails are
   * folded back into a window of 11, nearly the window's mean. Pixels beyond the image do not
   * count.
   */
  BLUR,
  /** The same, but pixels beyond the image count as 0: RISE's own. */
  PADDED_BLUR,
  /** The image's own mean colour. */
  MEAN,
  /** The smallest value that the network's input has anywhere: what Quantus calls black. */
  LEAST,
  /** The largest: what Quantus calls white. */
  MOST,
  /** The mean of all values of the network's input: what Quantus calls mean. */
  AVERAGE;

  private static final int RADIUS = 5;
  private static final double SIGMA = 5;

  /** In the image's shape, on the device. */
  Tensor of(Explained explained, Workspace workspace) {
    return switch (this) {
      case ZERO -> workspace.tensor(explained.shape());
      case BLUR -> blurred(explained, workspace);
      case PADDED_BLUR -> padded(explained, workspace);
      case MEAN -> {
        Shape image = explained.image();
        float[] mean = MeanColour.of(explained.pixels(), image.dim(0), image.count(1, 3));
        yield workspace.tensor(explained.shape(), mean);
      }
      case LEAST -> everywhere(Range.of(explained.pixels()).least(), explained, workspace);
      case MOST -> everywhere(Range.of(explained.pixels()).largest(), explained, workspace);
      case AVERAGE -> {
        double[] x = Vectors.doubles(explained.pixels());
        yield everywhere((float) Arrays.stream(x).average().orElse(0), explained, workspace);
      }
    };
  }

  private static Tensor everywhere(float value, Explained explained, Workspace workspace) {
    float[] y = new float[explained.shape().count()];
    Arrays.fill(y, value);
    return workspace.tensor(explained.shape(), y);
  }

  /** As SciPy's gaussian_filter smooths a one in the middle of zeros: mirrored, up to 4 σ. */
  private static float[] weights() {
    int size = 2 * RADIUS + 1;
    double[] sum = new double[size];
    for (int d = (int) (-4 * SIGMA); d <= 4 * SIGMA; d++) {
      int at = Math.floorMod(RADIUS + d, 2 * size);
      sum[Math.min(at, 2 * size - 1 - at)] += Math.exp(-0.5 * d * d / (SIGMA * SIGMA));
    }
    float[] weight = new float[size];
    for (int i = 0; i < size; i++) {
      weight[i] = (float) sum[i];
    }
    return weight;
  }

  private static Tensor blurred(Explained explained, Workspace workspace) {
    float[] weight = weights();
    Shape image = explained.image();
    Tensor y = workspace.tensor(explained.shape(), explained.pixels());
    workspace
        .device()
        .kernels()
        .blur()
        .blur(
            image.dim(0),
            image.dim(1),
            image.dim(2),
            RADIUS,
            workspace.floats(weight),
            y.data(),
            workspace.tensor(image).data(),
            y.data());
    return y;
  }

  /** The mean over the pixels inside, as much less as there are pixels outside. */
  private static Tensor padded(Explained explained, Workspace workspace) {
    Shape image = explained.image();
    float[] y = workspace.device().read(blurred(explained, workspace));
    double[] down = inside(image.dim(1));
    double[] across = inside(image.dim(2));
    for (int i = 0; i < y.length; i++) {
      y[i] *= (float) (down[i / across.length % down.length] * across[i % across.length]);
    }
    return workspace.tensor(explained.shape(), y);
  }

  /** Of a row of n pixels, the part of the kernel around each that lies inside. */
  private static double[] inside(int n) {
    float[] weight = weights();
    double[] inside = new double[n];
    double all = 0;
    for (int d = -RADIUS; d <= RADIUS; d++) {
      all += weight[RADIUS + d];
      for (int i = Math.max(0, -d); i < Math.min(n, n - d); i++) {
        inside[i] += weight[RADIUS + d];
      }
    }
    for (int i = 0; i < n; i++) {
      inside[i] /= all;
    }
    return inside;
  }
}
