package candela.graph.op;

import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Shapes of channels-last images. */
final class Images {
  private Images() {}

  static void checkRanks(Shape x, Shape w) {
    if (x.rank() != 4 || w.rank() != 4) {
      throw CandelaException.of("images %s and weights %s must have rank 4", x, w);
    }
  }

  static void checkBias(Shape bias, int channels) {
    if (bias.count() != channels) {
      throw CandelaException.of("bias %s does not fit %d output channels", bias, channels);
    }
  }

  static Shape shape(int n, int h, int w, int c) {
    if (h < 1 || w < 1) {
      throw CandelaException.of("the window does not fit the image: output would be %dx%d", h, w);
    }
    return Shape.of(n, h, w, c);
  }
}
