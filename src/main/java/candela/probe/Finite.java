package candela.probe;

import candela.tensor.CandelaException;

/**
 * What networks can be asked about: a kernel's maximum, say of a ReLU, may hide what is no number.
 */
public final class Finite {
  private Finite() {}

  /**
   * @throws CandelaException where one of the values is NaN or infinite
   */
  public static void check(float[] values, String where) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw CandelaException.of("%s: finite values expected, [%d] is %s", where, i, values[i]);
      }
    }
  }
}
