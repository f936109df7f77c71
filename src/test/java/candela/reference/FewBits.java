package candela.reference;

import candela.onnx.Minifloat;

/** Rounding to a float of few bits, as a search among all of its numbers. */
public final class FewBits {
  private FewBits() {}

  /** The nearest number; of two that are as near, that of the even code. */
  public static double nearest(Minifloat m, double v) {
    double best = 0;
    for (int code = 1; code < 1 << m.bits() - 1; code++) {
      double number = m.number(code);
      double further = Math.abs(Math.abs(v) - number) - Math.abs(Math.abs(v) - best);
      if (number <= m.most() && (further < 0 || further == 0 && code % 2 == 0)) {
        best = number;
      }
    }
    return Math.copySign(best, v);
  }
}
