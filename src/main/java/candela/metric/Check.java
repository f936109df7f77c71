package candela.metric;

import candela.graph.ScoreKind;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Parameter checks with one wording. */
final class Check {
  /** Values of a grid. */
  private static final int MOST = 1000;

  /** Between two of them, which parts tell apart by four digits. */
  private static final double FINEST = 1e-4;

  private Check() {}

  static void atLeast(int least, int value, String where) {
    if (value < least) {
      throw CandelaException.of("%s: %d or more expected, got %d", where, least, value);
    }
  }

  /** The class of a whole image is known by its probability. */
  static void followed(boolean predicted, ScoreKind score, String where) {
    if (predicted && score != ScoreKind.PROBABILITY) {
      throw CandelaException.of(
          "%s=probability expected where predicted=true, got %s",
          where, score.name().toLowerCase(Locale.ROOT));
    }
  }

  static void positive(double value, String where) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw CandelaException.of("%s: a number above 0 expected, got %s", where, value);
    }
  }

  static void share(double value, String where) {
    if (!(value > 0 && value <= 1)) {
      throw CandelaException.of("%s: above 0, up to 1 expected, got %s", where, value);
    }
  }

  static void below(double end, double value, String where) {
    if (!(value < end)) {
      throw CandelaException.of("%s: below %s expected, got %s", where, end, value);
    }
  }

  /** from, from + by, … up to to, of shares. */
  static List<Double> grid(double from, double to, double by, String where) {
    notNegative(from, where + ": from");
    if (!(by >= FINEST && by < Double.POSITIVE_INFINITY)) {
      throw CandelaException.of("%s: by: %s or more expected, got %s", where, FINEST, by);
    }
    if (!(to >= from && to <= 1)) {
      throw CandelaException.of("%s: to: %s to 1 expected, got %s", where, from, to);
    }
    // the last may be a rounding above to
    double count = Math.floor((to - from) / by + 1e-9) + 1;
    if (count > MOST) {
      throw CandelaException.of(
          "%s: by: a grid of at most %d values expected, got %s", where, MOST, by);
    }
    List<Double> grid = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      grid.add(from + i * by);
    }
    return grid;
  }

  /** How a part's name tells its place on a grid. */
  static String at(double place) {
    return String.format(Locale.ROOT, "@%.4f", place).replaceFirst("0{1,2}$", "");
  }

  static void notNegative(double value, String where) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw CandelaException.of("%s: a number of 0 or more expected, got %s", where, value);
    }
  }
}
