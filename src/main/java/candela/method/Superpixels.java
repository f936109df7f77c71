package candela.method;

import candela.image.Slic;
import candela.probe.Workspace;
import candela.tensor.Shape;

/** Superpixels of the picture that a network's input was made of. */
final class Superpixels {
  private Superpixels() {}

  /** What is shared by the probes of a workspace. */
  private record Key(Slic slic, Subject subject) {}

  /** The superpixel of every pixel: 0, 1, 2, … without gaps. Not to be changed. */
  static int[] of(Slic slic, Subject subject, Workspace workspace) {
    return workspace.once(new Key(slic, subject), () -> of(slic, subject));
  }

  private static int[] of(Slic slic, Subject subject) {
    Shape image = subject.image();
    return slic.labels(picture(subject), image.dim(0), image.dim(1), image.dim(2));
  }

  /** Its levels [c,h,w], red first, 0 … 1 where the preprocessing tells black and white. */
  static double[] picture(Subject subject) {
    Shape image = subject.image();
    int c = image.dim(0);
    int n = image.count(1, 3);
    Levels levels = subject.levels();
    boolean known = levels.black().size() == c && levels.white().size() == c;
    double[] rgb = new double[image.count()];
    for (int i = 0; i < rgb.length; i++) {
      int k = levels.blueFirst() && c == 3 ? 2 - i / n : i / n;
      rgb[i] = subject.pixels()[k * n + i % n];
      if (known) {
        double black = levels.black().get(k);
        // pictures have 256 levels: without the rounding of the preprocessing
        rgb[i] = Math.rint((rgb[i] - black) / (levels.white().get(k) - black) * 255) / 255;
      }
    }
    return rgb;
  }
}
