package candela.image;

import candela.tensor.CandelaException;
import java.util.function.IntUnaryOperator;

/**
 * A map [h,w] with its scale, drawn alone or over the photo it belongs to.
 *
 * @param values row by row
 * @param scale which values the ends of the colours stand for
 */
public record HeatMap(float[] values, int h, int w, Scale scale) {
  /**
   * How colours lie over a photo. Signed maps are often single pixels of both signs, which show on
   * a light ground only; the bright ends of unsigned ones need a darker one.
   *
   * @param opacity of the strongest colour
   * @param power of the part that the opacity follows: below 1, small values are lifted
   * @param start part of the scale where colours start, so that none is drawn in the ground's
   * @param ground grey that the photo is drawn towards
   * @param contrast that the photo keeps
   */
  private record Ink(double opacity, double power, double start, double ground, double contrast) {}

  private static final Ink SIGNED = new Ink(0.95, 0.5, 0.45, 205, 0.5);
  private static final Ink UNSIGNED = new Ink(0.9, 0.6, 0.25, 150, 0.6);

  public HeatMap {
    if (h < 1 || w < 1 || values.length != (long) h * w) {
      throw CandelaException.of("map: %d x %d values expected, got %d", h, w, values.length);
    }
  }

  /** The map alone, enlarged bilinearly. */
  public Image draw(int width, int height) {
    double[] t = parts(width, height);
    return paint(width, height, i -> scale.colors().at(t[i]));
  }

  /** The map over the photo's grey: the larger |v|, the more colour. */
  public Image over(Image photo) {
    double[] t = parts(photo.width(), photo.height());
    byte[] rgb = photo.rgb();
    Ink ink = scale.signed() ? SIGNED : UNSIGNED;
    return paint(photo.width(), photo.height(), i -> blend(ink, luma(rgb, i), t[i]));
  }

  private int blend(Ink ink, double luma, double t) {
    if (Double.isNaN(t)) {
      return ColorMap.NOT_A_NUMBER;
    }
    double a = Math.abs(t);
    double grey = (1 - ink.contrast()) * ink.ground() + ink.contrast() * luma;
    double opacity = ink.opacity() * Math.pow(a, ink.power());
    int color = scale.colors().at(Math.copySign(ink.start() + (1 - ink.start()) * a, t));
    int mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      double v = (1 - opacity) * grey + opacity * (color >> shift & 255);
      mixed |= (int) Math.rint(v) << shift;
    }
    return mixed;
  }

  private static double luma(byte[] rgb, int i) {
    int r = rgb[3 * i] & 255;
    int g = rgb[3 * i + 1] & 255;
    int b = rgb[3 * i + 2] & 255;
    return 0.299 * r + 0.587 * g + 0.114 * b;
  }

  /** Parts of the scale at each target pixel; NaN where the nearest value is not finite. */
  private double[] parts(int width, int height) {
    float[] part = new float[values.length];
    float[] strange = new float[values.length];
    for (int i = 0; i < part.length; i++) {
      float v = (float) scale.part(values[i]);
      strange[i] = Float.isNaN(v) ? 1 : 0;
      part[i] = Float.isNaN(v) ? 0 : v;
    }
    float[] fine = Resize.of(part, h, w, height, width, Filter.BILINEAR);
    float[] out = Resize.of(strange, h, w, height, width, Filter.NEAREST);
    double[] t = new double[fine.length];
    for (int i = 0; i < t.length; i++) {
      t[i] = out[i] == 1 ? Double.NaN : fine[i];
    }
    return t;
  }

  private static Image paint(int width, int height, IntUnaryOperator color) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      int c = color.applyAsInt(i);
      rgb[3 * i] = (byte) (c >> 16);
      rgb[3 * i + 1] = (byte) (c >> 8);
      rgb[3 * i + 2] = (byte) c;
    }
    return new Image(width, height, rgb);
  }
}
