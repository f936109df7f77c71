package candela.method;

import candela.device.Kernels;
import candela.image.MeanColour;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.Locale;

/** The image that stands for "nothing there". */
public enum Baseline {
  /** 0 at the network's input: the mean colour of the training set in most preprocessings. */
  ZERO,
  /** The image's own mean colour. */
  MEAN,
  /** The image, smoothed by a Gaussian of 10 pixels. */
  BLUR,
  /** Uniform between black and white, by the method's seed. */
  RANDOM,
  WHITE,
  BLACK;

  private static final double BLUR_SIGMA = 10;

  /** The baseline of this subject, in its shape, on the device. */
  Tensor of(Subject subject, long seed, Workspace workspace) {
    return switch (this) {
      case ZERO -> workspace.tensor(subject.shape());
      case MEAN -> {
        Shape image = subject.image();
        float[] mean = MeanColour.of(subject.pixels(), image.dim(0), image.count(1, 3));
        yield workspace.tensor(subject.shape(), mean);
      }
      case BLUR -> blurred(subject, BLUR_SIGMA, workspace);
      case RANDOM -> random(subject, seed, workspace);
      case WHITE, BLACK -> {
        Shape image = subject.image();
        Levels levels = subject.levels().forChannels(image.dim(0), name().toLowerCase(Locale.ROOT));
        float[] level = new float[image.count()];
        int n = image.count(1, 3);
        for (int c = 0; c < image.dim(0); c++) {
          Float v = this == WHITE ? levels.white().get(c) : levels.black().get(c);
          Arrays.fill(level, c * n, (c + 1) * n, v);
        }
        yield workspace.tensor(subject.shape(), level);
      }
    };
  }

  /** The subject, smoothed by a Gaussian of so many pixels, in its shape. */
  static Tensor blurred(Subject subject, double sigma, Workspace workspace) {
    Tensor y = workspace.tensor(subject.shape(), subject.pixels());
    blur(y.as(subject.image()), sigma, workspace);
    return y;
  }

  /** Smooths an image [c,h,w] where it lies. */
  static void blur(Tensor y, double sigma, Workspace workspace) {
    // no two pixels are further apart than the longer side
    double longest = Math.max(y.shape().dim(1), y.shape().dim(2));
    int radius = (int) Math.min(Math.ceil(3 * sigma), longest);
    float[] weight = new float[2 * radius + 1];
    for (int i = 0; i < weight.length; i++) {
      double d = (i - radius) / sigma;
      weight[i] = (float) Math.exp(-0.5 * d * d);
    }
    Shape image = y.shape();
    try (var own = new Workspace(workspace.device())) {
      own.device()
          .kernels()
          .blur()
          .blur(
              image.dim(0),
              image.dim(1),
              image.dim(2),
              radius,
              own.floats(weight),
              y.data(),
              own.tensor(image).data(),
              y.data());
    }
  }

  private static Tensor random(Subject subject, long seed, Workspace workspace) {
    Shape image = subject.image();
    Levels levels = subject.levels().forChannels(image.dim(0), "random");
    Tensor y = workspace.tensor(subject.shape());
    Kernels kernels = workspace.device().kernels();
    kernels
        .noise()
        .uniformNoise(1, y.count(), 0, 1, seed, workspace.longs(new long[] {0}), y.data());
    float[] values = workspace.device().read(y);
    int n = image.count(1, 3);
    for (int i = 0; i < values.length; i++) {
      float black = levels.black().get(i / n);
      values[i] = black + values[i] * (levels.white().get(i / n) - black);
    }
    workspace.device().write(y, values);
    return y;
  }
}
