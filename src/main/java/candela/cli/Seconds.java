package candela.cli;

import candela.tensor.CandelaException;

/** Options that are times. */
final class Seconds {
  private Seconds() {}

  static void check(String option, double seconds) {
    if (!(seconds > 0)) {
      throw CandelaException.of(
          "%s: seconds above 0 expected, got %s; leave it out for the default", option, seconds);
    }
  }
}
