package candela.image;

/**
 * Colours in a space where distance is what the eye sees: B. Ottosson, "A perceptual color space
 * for image processing", 2020 (matrices public domain).
 */
final class Oklab {
  private Oklab() {}

  /** The colour as 0xRRGGBB in sRGB; outside its gamut, the chroma is lowered until inside. */
  static int rgb(double lightness, double a, double b) {
    double[] linear = linear(lightness, a, b);
    for (double part = 0.99; !inside(linear) && part > 0; part -= 0.01) {
      linear = linear(lightness, part * a, part * b);
    }
    return pack(encoded(linear[0]), encoded(linear[1]), encoded(linear[2]));
  }

  /** Parts 0 … 1, held within, as 0xRRGGBB. */
  static int pack(double red, double green, double blue) {
    return level(red) << 16 | level(green) << 8 | level(blue);
  }

  private static int level(double part) {
    return (int) Math.rint(255 * Math.clamp(part, 0, 1));
  }

  private static double[] linear(double lightness, double a, double b) {
    double l = Math.pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    double m = Math.pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    double s = Math.pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    return new double[] {
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s
    };
  }

  private static boolean inside(double[] linear) {
    for (double v : linear) {
      if (v < -1e-6 || v > 1 + 1e-6) {
        return false;
      }
    }
    return true;
  }

  /** The sRGB transfer curve (IEC 61966-2-1). */
  private static double encoded(double v) {
    return v <= 0.0031308 ? 12.92 * v : 1.055 * Math.pow(v, 1 / 2.4) - 0.055;
  }
}
