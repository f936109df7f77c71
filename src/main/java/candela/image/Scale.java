package candela.image;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Which values the ends of the colours stand for.
 *
 * <p><i>Definition</i>: limit = the percentile of |v| over all finite values (linear between ranks,
 * as numpy); where that is zero, the largest |v|. Signed maps span -limit … limit, others 0 …
 * limit; of maps that keep far from zero, the values of all finite ones above a third of the limit
 * but for the lowest 100 − percentile, from where these end.
 *
 * @param limit of |v|, 0 where all values are zero
 * @param start value where the colours of unsigned maps start, 0 for most
 * @param signed whether the map has both signs
 * @param percentile that the limit is, 0 to 100
 * @param strange how many values were NaN or infinite; they are drawn grey
 */
public record Scale(double limit, double start, boolean signed, double percentile, long strange) {
  /** The usual percentile: the brightest hundredth is clipped. */
  public static final double PERCENTILE = 99;

  /** Of one map. */
  public static Scale of(float[] map, boolean signed, double percentile) {
    return shared(List.of(map), signed, percentile);
  }

  /** One for several maps, so that their colours compare. */
  public static Scale shared(List<float[]> maps, boolean signed, double percentile) {
    if (!(percentile > 0 && percentile <= 100)) {
      throw CandelaException.of("percentile: above 0 and at most 100 expected, got %s", percentile);
    }
    int n = maps.stream().mapToInt(m -> m.length).sum();
    double[] sizes = new double[n];
    int finite = 0;
    for (float[] map : maps) {
      for (float v : map) {
        if (Float.isFinite(v)) {
          sizes[finite++] = Math.abs(v);
        }
      }
    }
    sizes = Arrays.copyOf(sizes, finite);
    Arrays.sort(sizes);
    double ranked = finite == 0 ? 0 : rank(sizes, percentile);
    double limit = ranked == 0 && finite > 0 ? sizes[finite - 1] : ranked;
    double least = finite == 0 ? 0 : rank(sizes, 100 - percentile);
    boolean far = !signed && least > limit / 3 && least < limit;
    return new Scale(limit, far ? least : 0, signed, percentile, n - finite);
  }

  private static double rank(double[] sorted, double percentile) {
    double at = percentile / 100 * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /** The part of the limit, held in -1 … 1 (unsigned: 0 … 1); NaN for NaN and infinities. */
  public double part(float value) {
    if (!Float.isFinite(value)) {
      return Double.NaN;
    }
    double part = (value - start) / (limit - start);
    return limit == 0 ? 0 : Math.clamp(part, signed ? -1.0 : 0.0, 1.0);
  }

  /** The colours that fit it. */
  public ColorMap colors() {
    return signed ? ColorMap.DIVERGING : ColorMap.SEQUENTIAL;
  }

  /** In words, for captions: "clipped at the 99th percentile of |v|, 3 values not finite". */
  public String words() {
    String from = start == 0 ? "" : ", from " + number(start);
    String clip =
        limit == 0
            ? strange == 0 ? "all values are zero" : "all finite values are zero"
            : percentile == 100
                ? "not clipped"
                : "clipped at percentile " + number(percentile) + " of |v|" + from;
    return strange == 0 ? clip : clip + ", " + strange + " not finite (grey)";
  }

  /** Three significant digits, short. */
  static String number(double v) {
    if (v == 0) {
      return "0";
    }
    double a = Math.abs(v);
    if (a >= 1e5 || a < 1e-3) {
      return String.format(Locale.ROOT, "%.2e", v).replace("e-0", "e-").replace("e+0", "e");
    }
    int digits = Math.max(0, 2 - (int) Math.floor(Math.log10(a)));
    String s = String.format(Locale.ROOT, "%." + digits + "f", v);
    return s.contains(".") ? s.replaceAll("\\.?0+$", "") : s;
  }
}
