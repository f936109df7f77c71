package candela.bench;

/**
 * How long rows took.
 *
 * @param asked rows of the whole work
 * @param before seconds of what comes before the rows
 * @param loop seconds of all rows, extrapolated where a part ran
 */
record Timing(long asked, double before, double loop) {
  static final Timing NONE = new Timing(0, 0, 0);

  double seconds() {
    return before + loop;
  }

  Timing plus(Timing other) {
    return new Timing(asked + other.asked, before + other.before, loop + other.loop);
  }
}
