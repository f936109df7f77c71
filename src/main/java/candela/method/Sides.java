package candela.method;

import candela.tensor.Shape;

/** Sides of images [c,h,w], and sizes in pixels that go by them: papers tell them for 224. */
final class Sides {
  private static final float USUAL = 224;

  private Sides() {}

  static int longer(Shape image) {
    return Math.max(image.dim(1), image.dim(2));
  }

  static int shorter(Shape image) {
    return Math.min(image.dim(1), image.dim(2));
  }

  /** As much of a side as so many pixels are of 224, 1 at least. */
  static int share(int side, int pixels) {
    return Math.max(1, Math.round(side * (pixels / USUAL)));
  }
}
