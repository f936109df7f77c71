package candela.device.cuda;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.tensor.CandelaException;

/** What convolutions and products refuse, in the words of the CPU library's entries. */
final class Sizes {
  private static final long LARGEST = 1 << 24;
  private static final long ELEMENTS = 1L << 40;

  private Sizes() {}

  static void check(Convolution s, Activation activation) {
    String[] names = {"h", "w", "c", "oc", "kh", "kw", "stride", "stride", "dilation", "dilation"};
    int[] shape = s.shape();
    for (int i = 0; i < names.length; i++) {
      range("conv_create", names[i], shape[i], 1, LARGEST);
    }
    for (int i = names.length; i < 14; i++) {
      range("conv_create", "padding", shape[i], 0, LARGEST);
    }
    if (s.groups() < 1 || s.c() % s.groups() != 0 || s.oc() % s.groups() != 0) {
      throw CandelaException.of(
          "conv_create: %d groups must divide c = %d and oc = %d", s.groups(), s.c(), s.oc());
    }
    long reachH = (s.kh() - 1L) * s.dilationH() + 1;
    long reachW = (s.kw() - 1L) * s.dilationW() + 1;
    boolean fits = s.h() + (long) s.padTop() + s.padBottom() >= reachH;
    fits &= s.w() + (long) s.padLeft() + s.padRight() >= reachW;
    if (s.transposed() ? s.oh() < 1 || s.ow() < 1 : !fits) {
      throw new CandelaException(
          "conv_create: the kernel does not fit the padded input: output would be empty");
    }
    long weights = (long) s.oc() * (s.c() / s.groups());
    few(s.h(), s.w(), s.c());
    few(s.oh(), s.ow(), s.oc());
    few(weights, s.kh(), s.kw());
    check("conv_create", activation);
  }

  static void check(long k, long n, Activation activation, long group) {
    range("matrix_create", "k", k, 1, Integer.MAX_VALUE);
    range("matrix_create", "n", n, 1, Integer.MAX_VALUE);
    range("matrix_create", "k * n", k * n, 1, ELEMENTS);
    range("matrix_create", "group", group, 1, Integer.MAX_VALUE);
    check("matrix_create", activation);
  }

  static void group(String where, long m, long group) {
    if (m % group != 0) {
      throw CandelaException.of(
          "%s: m = %d is no multiple of the group of %d rows", where, m, group);
    }
  }

  static void range(String where, String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw CandelaException.of("%s: %s must be in %d..%d, is %d", where, name, least, most, value);
    }
  }

  private static void check(String where, Activation activation) {
    if (activation.kind() == Activation.leaky(0).kind() && !(activation.alpha() >= 0)) {
      throw CandelaException.of(
          "%s: leaky slope alpha must be 0 or more, is %s",
          where, String.valueOf(activation.alpha()).replaceAll("\\.0$", ""));
    }
  }

  private static void few(long a, long b, long c) {
    boolean many = Math.multiplyHigh(a * b, c) != 0 || a * b * c > Integer.MAX_VALUE;
    if (many || a * b * c < 0) {
      throw new CandelaException(
          "conv_create: an image or the weights have more than 2^31 - 1 elements");
    }
  }
}
