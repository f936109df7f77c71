package candela.method;

import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/** What is seen where a part of the image is hidden. */
public enum Fill {
  /** 0 at the network's input: the mean colour of the training set in most preprocessings. */
  ZERO(Baseline.ZERO),
  /** Halfway between black and white. */
  GREY(null),
  BLACK(Baseline.BLACK),
  WHITE(Baseline.WHITE),
  /** Uniform between black and white, by the method's seed. */
  RANDOM(Baseline.RANDOM),
  /** The image's own mean colour. */
  MEAN(Baseline.MEAN),
  /** Of each superpixel its own; for methods that have superpixels. */
  SUPERPIXEL_MEAN(null),
  /** The image, smoothed by a Gaussian of 10 pixels. */
  BLUR(Baseline.BLUR),
  /** What an {@link Inpainter} makes of the rest: another image for every hole. */
  INPAINT(null);

  private final Baseline baseline;

  Fill(Baseline baseline) {
    this.baseline = baseline;
  }

  /** Refuses what needs superpixels, for a method without. */
  void withoutSuperpixels(String method) {
    if (this == SUPERPIXEL_MEAN) {
      throw CandelaException.of(
          "%s: fill=superpixel_mean needs superpixels, which lime has; take mean, the image's",
          method);
    }
  }

  /** The image that hidden parts show, in the subject's shape; of fills that have one image. */
  Tensor image(Subject subject, long seed, Workspace workspace) {
    return switch (this) {
      case GREY -> workspace.tensor(subject.shape(), grey(subject));
      case SUPERPIXEL_MEAN, INPAINT -> throw new IllegalStateException(name());
      default -> baseline.of(subject, seed, workspace);
    };
  }

  private static float[] grey(Subject subject) {
    Shape image = subject.image();
    Levels levels = subject.levels().forChannels(image.dim(0), "grey");
    int n = image.count(1, 3);
    float[] y = new float[image.count()];
    for (int i = 0; i < y.length; i++) {
      y[i] = (levels.black().get(i / n) + levels.white().get(i / n)) / 2;
    }
    return y;
  }
}
