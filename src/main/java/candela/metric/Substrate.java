package candela.metric;

import candela.image.MeanColour;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/** What removed pixels leave behind. */
public enum Substrate {
  /** 0 at the network's input: the mean colour of the training set in most preprocessings. */
  ZERO,
  /** The image smoothed by a Gaussian of 5 pixels in a window of 11, RISE's for insertion. */
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

  private static Tensor blurred(Explained explained, Workspace workspace) {
    float[] weight = new float[2 * RADIUS + 1];
    for (int i = 0; i < weight.length; i++) {
      double d = (i - RADIUS) / SIGMA;
      weight[i] = (float) Math.exp(-0.5 * d * d);
    }
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
