package candela.image;

/** How {@link Resize} weighs source pixels by their distance; the kernels of PIL's Resample.c. */
public enum Filter {
  /** The pixel under the centre; no averaging. */
  NEAREST(0),
  BOX(0.5),
  BILINEAR(1),
  /** Keys' cubic with a = -0.5. */
  BICUBIC(2),
  LANCZOS(3);

  private final double support;

  Filter(double support) {
    this.support = support;
  }

  /** Distance beyond which weights are zero, in source pixels when enlarging. */
  double support() {
    return support;
  }

  double weight(double distance) {
    double x = Math.abs(distance);
    return switch (this) {
      case NEAREST -> throw new IllegalStateException("nearest has no weights");
      case BOX -> distance > -0.5 && distance <= 0.5 ? 1 : 0;
      case BILINEAR -> x < 1 ? 1 - x : 0;
      case BICUBIC ->
          x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
      case LANCZOS -> distance >= -3 && distance < 3 ? sinc(x) * sinc(x / 3) : 0;
    };
  }

  private static double sinc(double x) {
    return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
  }
}
