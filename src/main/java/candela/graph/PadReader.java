package candela.graph;

import candela.graph.op.AlongAxis;
import candela.graph.op.PadConstant;
import candela.graph.op.Slice;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;

/** Readers of padding: a cut where pads are negative, then constants or copies. */
final class PadReader {
  /** Of an axis that padding may give, as the tables of resizing. */
  private static final int LONGEST = 1 << 20;

  private PadReader() {}

  static Value pad(Call c) {
    Shape x = c.x(0).shape();
    String mode = c.text("mode", "constant");
    int[] pads = c.ints(1, "pads");
    float value = c.scalar(2, "value", 0);
    long[] axes = c.longs(3, "axes");
    int[] before = new int[x.rank()];
    int[] after = new int[x.rank()];
    int n = axes == null ? x.rank() : axes.length;
    if (pads == null || pads.length != 2 * n) {
      throw CandelaException.of("the pads need %d entries", 2 * n);
    }
    for (int i = 0; i < n; i++) {
      int a = axes == null ? i : Call.axis(axes[i], x.rank());
      before[a] = pads[i];
      after[a] = pads[n + i];
      long longer = (long) x.dim(a) + pads[i] + pads[n + i];
      if (longer < 0 || longer > LONGEST || Math.min(pads[i], pads[n + i]) < -x.dim(a)) {
        throw CandelaException.of(
            "pads %d and %d do not fit axis %d of %s", pads[i], pads[n + i], a, x);
      }
    }
    return padded(c, mode, value, before, after);
  }

  /** As much is cut or padded with zeros at both ends, at the last one more. */
  static Value centre(Call c) {
    Shape x = c.x(0).shape();
    int[] all = new int[x.rank()];
    Arrays.setAll(all, i -> i);
    int[] axes = c.node().has("axes") ? Call.narrow(c.integers("axes")) : all;
    long[] to = c.needed(1, "shape");
    if (to.length != axes.length) {
      throw CandelaException.of("%d lengths for %d axes", to.length, axes.length);
    }
    c.ignore("axes");
    int[] before = new int[x.rank()];
    int[] after = new int[x.rank()];
    for (int i = 0; i < axes.length; i++) {
      int a = Call.axis(axes[i], x.rank());
      if (to[i] < 0 || to[i] > LONGEST) {
        throw CandelaException.of("axis %d of %s cannot become %d long", a, x, to[i]);
      }
      long more = isLeft(c, a, i) ? 0 : to[i] - x.dim(a);
      before[a] = (int) (more / 2);
      after[a] = (int) (more - more / 2);
    }
    return padded(c, "constant", 0, before, after);
  }

  /** Whether an axis is that of the images of another batch, whose own is not changed. */
  private static boolean isLeft(Call c, int axis, int i) {
    Batching batching = c.builder().batching();
    return c.images(0) == axis
        && batching.own(c.node().inputs().get(0)).dim(axis)
            == batching.longs(c.node().inputs().get(1))[i];
  }

  /** What is negative is cut. */
  private static Value padded(Call c, String mode, float value, int[] before, int[] after) {
    Shape x = c.x(0).shape();
    int[] from = new int[x.rank()];
    int[] steps = new int[x.rank()];
    int[] sizes = x.dims();
    Arrays.fill(steps, 1);
    for (int i = 0; i < from.length; i++) {
      from[i] = Math.max(0, -before[i]);
      sizes[i] -= from[i] + Math.max(0, -after[i]);
      before[i] = Math.max(0, before[i]);
      after[i] = Math.max(0, after[i]);
    }
    Value inner =
        Arrays.equals(sizes, x.dims()) ? c.x(0) : c.add(new Slice(from, steps, sizes), c.x(0));
    boolean none = Arrays.stream(before).sum() + Arrays.stream(after).sum() == 0;
    if (inner == c.x(0) && none) {
      return ElementReaders.same(c, inner);
    }
    return mode.equals("constant")
        ? c.add(new PadConstant(before, after, value), inner)
        : padByCopies(c, inner, mode, before, after);
  }

  private static Value padByCopies(Call c, Value x, String mode, int[] before, int[] after) {
    Value y = x;
    for (int a = 0; a < before.length; a++) {
      int n = y.shape().dim(a);
      if (before[a] == 0 && after[a] == 0) {
        continue;
      }
      if (n == 0) {
        throw CandelaException.of("axis %d of %s is empty: nothing to copy", a, y.shape());
      }
      int[] index = new int[n + before[a] + after[a]];
      for (int i = 0; i < index.length; i++) {
        int j = i - before[a];
        int period = Math.max(1, 2 * (n - 1));
        index[i] =
            switch (mode) {
              case "edge" -> Math.clamp(j, 0, n - 1);
              case "wrap" -> Math.floorMod(j, n);
              case "reflect" -> {
                int k = Math.floorMod(j, period);
                yield Math.min(k < n ? k : period - k, n - 1);
              }
              default ->
                  throw CandelaException.of(
                      "mode '%s'; supported are constant, edge, reflect, wrap", mode);
            };
      }
      y = c.add(AlongAxis.copies(a, index), y);
    }
    return y == c.x(0) ? ElementReaders.same(c, y) : y;
  }
}
