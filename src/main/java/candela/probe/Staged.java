package candela.probe;

/** A probe of many rows or steps whose result at smaller counts is wanted as well. */
public interface Staged<R> extends Probe<R> {
  /**
   * What a probe of so many alone gives, to the bit; valid once that many are answered.
   *
   * @param count one of those that the probe was made for
   */
  R result(int count);
}
