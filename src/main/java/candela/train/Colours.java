package candela.train;

/** Hue, saturation and value of 0 to 1. */
final class Colours {
  private Colours() {}

  static double[] rgb(double hue, double saturation, double value) {
    double h = 6 * (hue - Math.floor(hue));
    int sector = (int) h;
    double f = h - sector;
    double p = value * (1 - saturation);
    double q = value * (1 - saturation * f);
    double t = value * (1 - saturation * (1 - f));
    return switch (sector) {
      case 0 -> new double[] {value, t, p};
      case 1 -> new double[] {q, value, p};
      case 2 -> new double[] {p, value, t};
      case 3 -> new double[] {p, q, value};
      case 4 -> new double[] {t, p, value};
      default -> new double[] {value, p, q};
    };
  }

  static double[] hsv(double r, double g, double b) {
    double most = Math.max(r, Math.max(g, b));
    double range = most - Math.min(r, Math.min(g, b));
    double hue = 0;
    if (range > 0) {
      hue =
          most == r
              ? (g - b) / range / 6
              : most == g ? (b - r) / range / 6 + 1 / 3.0 : (r - g) / range / 6 + 2 / 3.0;
    }
    return new double[] {hue < 0 ? hue + 1 : hue, most == 0 ? 0 : range / most, most};
  }

  /** How bright a colour looks. */
  static double luma(double... rgb) {
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  }
}
