package candela.graph;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Readers of operators that give the same elements another shape. */
final class ReshapeReaders {
  private ReshapeReaders() {}

  static Value reshape(Call c) {
    Shape x = c.x(0).shape();
    int[] d = Call.narrow(c.needed(1, "shape"));
    boolean allowZero = c.integer("allowzero", 0) != 0;
    if (c.isWritten(1, "shape")) {
      return c.reshape(c.x(0), batched(c).dims());
    }
    int open = -1;
    long rest = 1;
    for (int i = 0; i < d.length; i++) {
      if (d[i] == 0 && !allowZero) {
        if (i >= x.rank()) {
          throw CandelaException.of("entry %d of the shape copies an axis that %s has not", i, x);
        }
        d[i] = x.dim(i);
      }
      if (d[i] == -1 && open < 0) {
        open = i;
      } else if (d[i] < 0) {
        throw CandelaException.of(
            "shape %s: lengths of 0 or more and one -1 expected", Arrays.toString(d));
      } else {
        rest = Math.multiplyExact(rest, d[i]);
      }
    }
    if (open >= 0) {
      d[open] = rest == 0 ? 0 : Math.toIntExact(x.count() / rest);
    }
    return c.reshape(c.x(0), d);
  }

  /** The shape that the output has in the file's own batch, for this one. */
  private static Shape batched(Call c) {
    String x = c.node().inputs().getFirst();
    return c.builder().batching().reshaped(x, c.x(0).shape(), c.node().outputs().getFirst());
  }

  static Value flatten(Call c) {
    Shape x = c.x(0).shape();
    long axis = c.integer("axis", 1);
    int at = axis == x.rank() ? x.rank() : Call.axis(axis, x.rank());
    if (c.images(0) >= 0) {
      return c.reshape(c.x(0), batched(c).dims());
    }
    return c.reshape(c.x(0), x.count(0, at), x.count(at, x.rank()));
  }

  static Value squeeze(Call c) {
    Shape x = c.x(0).shape();
    long[] axes = c.longs(1, "axes");
    boolean[] gone = new boolean[x.rank()];
    for (int i = 0; i < x.rank(); i++) {
      gone[i] = axes == null && x.dim(i) == 1;
    }
    for (int i = 0; axes != null && i < axes.length; i++) {
      int a = Call.axis(axes[i], x.rank());
      if (x.dim(a) != 1) {
        throw CandelaException.of("axis %d of %s is not of length 1", a, x);
      }
      gone[a] = true;
    }
    List<Integer> d = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (!gone[i]) {
        d.add(x.dim(i));
      }
    }
    return c.reshape(c.x(0), d.stream().mapToInt(i -> i).toArray());
  }

  static Value unsqueeze(Call c) {
    Shape x = c.x(0).shape();
    long[] axes = c.needed(1, "axes");
    int[] d = new int[x.rank() + axes.length];
    for (long a : axes) {
      int at = Call.axis(a, d.length);
      if (d[at] == -1) {
        throw CandelaException.of("axis %d is given twice", a);
      }
      d[at] = -1;
    }
    int next = 0;
    for (int i = 0; i < d.length; i++) {
      d[i] = d[i] == -1 ? 1 : x.dim(next++);
    }
    return c.reshape(c.x(0), d);
  }

  static Value depthToSpace(Call c) {
    Shape x = c.x(0).shape();
    int b = c.small("blocksize", 0);
    String mode = c.text("mode", "DCR");
    if (x.rank() != 4 || b < 1 || x.dim(1) % (b * b) != 0) {
      throw CandelaException.of("blocksize %d does not fit %s", b, x);
    }
    int k = x.dim(1) / (b * b);
    Value y;
    if (mode.equals("DCR")) {
      y = c.reshape(c.x(0), x.dim(0), b, b, k, x.dim(2), x.dim(3));
      y = c.transpose(y, 0, 3, 4, 1, 5, 2);
    } else {
      y = c.reshape(c.x(0), x.dim(0), k, b, b, x.dim(2), x.dim(3));
      y = c.transpose(y, 0, 1, 4, 2, 5, 3);
    }
    return c.reshape(y, x.dim(0), k, x.dim(2) * b, x.dim(3) * b);
  }

  static Value spaceToDepth(Call c) {
    Shape x = c.x(0).shape();
    int b = c.small("blocksize", 0);
    if (x.rank() != 4 || b < 1 || x.dim(2) % b != 0 || x.dim(3) % b != 0) {
      throw CandelaException.of("blocksize %d does not fit %s", b, x);
    }
    int h = x.dim(2) / b;
    int w = x.dim(3) / b;
    Value y = c.reshape(c.x(0), x.dim(0), x.dim(1), h, b, w, b);
    boolean columns = c.text("mode", "DCR").equals("CRD");
    y = columns ? c.transpose(y, 0, 1, 3, 5, 2, 4) : c.transpose(y, 0, 3, 5, 1, 2, 4);
    return c.reshape(y, x.dim(0), x.dim(1) * b * b, h, w);
  }
}
