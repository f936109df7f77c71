package candela.metric;

import candela.graph.ScoreKind;
import candela.tensor.CandelaException;
import java.util.Locale;

/** Parameter checks with one wording. */
final class Check {
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

  static void notNegative(double value, String where) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw CandelaException.of("%s: a number of 0 or more expected, got %s", where, value);
    }
  }
}
