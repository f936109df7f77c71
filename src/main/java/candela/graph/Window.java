package candela.graph;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;

/** Kernel, strides, dilations and padding of a convolution or pooling, down and across. */
record Window(
    int[] kernel, int[] strides, int[] dilations, int[] pads, int[] outputPads, int[] out) {
  /** Rows or columns of padding beyond the reach of the kernel that a convolution may do itself. */
  private static final int FAR = 64;

  /** What the pooling operators take. */
  int[] window() {
    return new int[] {
      kernel[0],
      kernel[1],
      strides[0],
      strides[1],
      dilations[0],
      dilations[1],
      pads[0],
      pads[1],
      out[0],
      out[1]
    };
  }

  /** Whether each window is the pixel itself. */
  boolean isIdentity() {
    return Arrays.stream(kernel).allMatch(k -> k == 1)
        && Arrays.stream(strides).allMatch(k -> k == 1)
        && Arrays.stream(pads).allMatch(k -> k == 0);
  }

  private static Window attributes(Call c, int kh, int kw, boolean flat) {
    long[] given = c.integers("kernel_shape");
    if (given.length > 0 && !Arrays.equals(given, flat ? new long[] {kw} : new long[] {kh, kw})) {
      throw CandelaException.of(
          "kernel_shape %s does not fit a kernel of %dx%d", Arrays.toString(given), kh, kw);
    }
    int[] p = list(c, "pads", flat ? 2 : 4, 0);
    int[] pads = flat ? new int[] {0, p[0], 0, p[1]} : p;
    int[] strides = pair(c, "strides", flat);
    int[] dilations = pair(c, "dilations", flat);
    if (strides[0] < 1
        || strides[1] < 1
        || dilations[0] < 1
        || dilations[1] < 1
        || kh < 1
        || kw < 1) {
      throw CandelaException.of(
          "kernel, strides and dilations of 1 or more expected, got %dx%d, %s and %s",
          kh, kw, Arrays.toString(strides), Arrays.toString(dilations));
    }
    if (Arrays.stream(pads).min().getAsInt() < 0) {
      throw CandelaException.of("negative pads %s are not supported", Arrays.toString(pads));
    }
    return new Window(new int[] {kh, kw}, strides, dilations, pads, new int[2], new int[2]);
  }

  private static int[] list(Call c, String name, int length, int absent) {
    int[] given = Call.narrow(c.integers(name));
    if (given.length == 0) {
      given = new int[length];
      Arrays.fill(given, absent);
    }
    if (given.length != length) {
      throw CandelaException.of("%s has %d entries, expected %d", name, given.length, length);
    }
    return given;
  }

  private static int[] pair(Call c, String name, boolean flat) {
    int[] v = list(c, name, flat ? 1 : 2, 1);
    return flat ? new int[] {1, v[0]} : v;
  }

  static Window read(Call c, Shape x, int kh, int kw, boolean flat) {
    Window z = attributes(c, kh, kw, flat);
    boolean ceil = c.integer("ceil_mode", 0) != 0;
    String auto = c.text("auto_pad", "NOTSET");
    for (int i = 0; i < 2; i++) {
      long in = x.dim(1 + i);
      long reach = (z.kernel[i] - 1L) * z.dilations[i] + 1;
      switch (auto) {
        case "NOTSET" -> {}
        case "VALID" -> z.pads[i] = z.pads[i + 2] = 0;
        case "SAME_UPPER", "SAME_LOWER" -> {
          long out = (in + z.strides[i] - 1) / z.strides[i];
          long total = Math.max((out - 1) * z.strides[i] + reach - in, 0);
          long less = total / 2;
          long more = total - less;
          z.pads[i] = Math.toIntExact(auto.equals("SAME_UPPER") ? less : more);
          z.pads[i + 2] = Math.toIntExact(auto.equals("SAME_UPPER") ? more : less);
          ceil = false;
        }
        default ->
            throw CandelaException.of(
                "auto_pad '%s'; supported are NOTSET, VALID, SAME_UPPER, SAME_LOWER", auto);
      }
      long room = in + z.pads[i] + z.pads[i + 2] - reach + (ceil ? z.strides[i] - 1 : 0);
      if (room < 0) {
        throw CandelaException.of("the kernel is larger than the padded image %s", x);
      }
      long out = room / z.strides[i] + 1;
      if (ceil && (out - 1) * z.strides[i] >= in + z.pads[i]) {
        out--;
      }
      z.out[i] = Math.toIntExact(out);
    }
    return z;
  }

  /**
   * Takes away padding that no window shares with the image, and returns how much at each end. As a
   * part of the convolution it is slow: oneDNN needs 5 s for 65536 rows of it.
   */
  int[] takeFarPads() {
    int[] far = new int[4];
    for (int i = 0; i < 4; i++) {
      long beyond = pads[i] - (kernel[i % 2] - 1L) * dilations[i % 2];
      if (beyond > FAR) {
        far[i] = (int) beyond;
        pads[i] -= far[i];
      }
    }
    return far;
  }

  /** Refuses windows that may lie in the padding alone: their maximum and mean are undefined. */
  Window overlapping() {
    for (int i = 0; i < 4; i++) {
      if (pads[i] > (kernel[i % 2] - 1L) * dilations[i % 2]) {
        throw CandelaException.of(
            "pads %s must be smaller than the kernel %dx%d",
            Arrays.toString(pads), kernel[0], kernel[1]);
      }
    }
    return this;
  }

  static Window readTransposed(Call c, Shape x, int kh, int kw, boolean flat) {
    Window z = attributes(c, kh, kw, flat);
    String auto = c.text("auto_pad", "NOTSET");
    int[] extra = list(c, "output_padding", flat ? 1 : 2, 0);
    int[] size = Call.narrow(c.integers("output_shape"));
    boolean upper = auto.equals("SAME_UPPER");
    boolean same = upper || auto.equals("SAME_LOWER");
    if (!same && !auto.equals("NOTSET") && !auto.equals("VALID")) {
      throw CandelaException.of(
          "auto_pad '%s'; supported are NOTSET, VALID, SAME_UPPER, SAME_LOWER", auto);
    }
    for (int i = 0; i < 2; i++) {
      z.outputPads[i] = flat ? (i == 0 ? 0 : extra[0]) : extra[i];
      if (auto.equals("VALID")) {
        z.pads[i] = z.pads[i + 2] = 0;
      }
      if (size.length == 0 && !same) {
        z.settle(i);
        continue;
      }
      int in = x.dim(1 + i);
      boolean lifted = flat && i == 0;
      int wanted =
          size.length == 0
              ? Math.multiplyExact(in, z.strides[i])
              : lifted ? 1 : size[size.length - (flat ? 1 : 2 - i)];
      int reach = (z.kernel[i] - 1) * z.dilations[i] + 1;
      int total = z.strides[i] * (in - 1) + z.outputPads[i] + reach - wanted;
      if (total < 0) {
        z.outputPads[i] -= total;
        total = 0;
      }
      z.pads[i] = upper ? total / 2 : total - total / 2;
      z.pads[i + 2] = total - z.pads[i];
      z.settle(i);
    }
    return z;
  }

  /** Lets output padding undo padding at the same end: only the difference counts. */
  private void settle(int i) {
    int both = Math.min(outputPads[i], pads[i + 2]);
    outputPads[i] -= both;
    pads[i + 2] -= both;
  }
}
