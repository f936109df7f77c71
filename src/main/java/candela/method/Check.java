package candela.method;

import candela.tensor.CandelaException;

/** Parameter checks with one wording. */
final class Check {
  /** Beyond it a parameter is a slip, and floats that it is multiplied by overflow unseen. */
  private static final double MOST = 1e12;

  /** Numbers between 0 and 1 that float32 has at equal distances. */
  static final int MOST_STEPS = 1 << 24;

  private Check() {}

  static int atLeast(int least, int value, String where) {
    if (value < least) {
      throw CandelaException.of("%s: %d or more expected, got %d", where, least, value);
    }
    return value;
  }

  /** Of steps of one path, whose places float32 tells apart. */
  static void steps(int least, int value, String where) {
    atLeast(least, value, where);
    if (value > MOST_STEPS) {
      throw CandelaException.of("%s: at most %d expected, got %d", where, MOST_STEPS, value);
    }
  }

  static void atLeast(int least, double value, String where) {
    if (!(value >= least)) {
      throw CandelaException.of("%s: %d or more expected, got %s", where, least, value);
    }
    atMost(MOST, value, where);
  }

  static void atMost(double most, double value, String where) {
    if (!(value <= most)) {
      throw CandelaException.of("%s: at most %s expected, got %s", where, most, value);
    }
  }

  static void positive(double value, String where) {
    if (!(value > 0)) {
      throw CandelaException.of("%s: a number above 0 expected, got %s", where, value);
    }
    atMost(MOST, value, where);
  }

  static void notNegative(double value, String where) {
    if (!(value >= 0)) {
      throw CandelaException.of("%s: a number of 0 or more expected, got %s", where, value);
    }
    atMost(MOST, value, where);
  }
}
