package candela.metric;

import candela.image.MeanColour;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/** What removed pixels leave behind. */
public enum Substrate {
  /** 0 at the network's input: the mean colour of the training set in most preprocessings. */
  ZERO,
  /**
   * The image smoothed by RISE's kernel for insertion: a Gaussian of 5 pixels whose tails are
   * folded back into a window of 11, nearly the window's mean. Pixels beyond the image do not
   * count; RISE takes them for 0.
   */
  BLUR,
  /** The image's own mean colour. */
  MEAN;

  private static final int RADIUS = 5;
  private static final double SIGMA = 5;

  /** In the image's shape, on the device. */
  Tensor of(Explained explained, Workspace workspace) {
    return switch (this) {
      case ZERO -> workspace.tensor(explained.shape());
      case BLUR -> blurred(explained, workspace);
      case MEAN -> {
        Shape image = explained.image();
        float[] mean = MeanColour.of(explained.pixels(), image.dim(0), image.count(1, 3));
        yield workspace.tensor(explained.shape(), mean);
      }
    };
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
}
