package candela.graph;

import candela.device.Reduction;
import candela.graph.op.ArgReduce;
import candela.graph.op.PadConstant;
import candela.graph.op.Pick;
import candela.graph.op.Top;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.Comparator;

/** The part of {@link Fold} that tells places of elements, or puts and takes them there. */
final class FoldPlaces {
  /** Of elements that are sorted. */
  private static final int MOST_SORTED = 1 << 14;

  private FoldPlaces() {}

  static double[] picked(Pick p, double[] x, double[] index, Shape from, Shape shape) {
    double[] y = new double[index.length];
    int inner = from.count(p.axis() + 1, from.rank());
    int n = from.dim(p.axis());
    int m = shape.dim(p.axis());
    for (int i = 0; i < y.length; i++) {
      int at = (int) (index[i] < 0 ? index[i] + n : index[i]);
      y[i] = at < 0 || at >= n ? Double.NaN : x[(i / inner / m * n + at) * inner + i % inner];
    }
    return y;
  }

  static double[] padded(PadConstant p, double[] x, Shape from, Shape shape) {
    double[] y = new double[shape.count()];
    Arrays.fill(y, p.value());
    int[] strides = shape.strides();
    for (int i = 0; i < x.length; i++) {
      int at = 0;
      int rest = i;
      for (int d = from.rank() - 1; d >= 0; d--) {
        at += (rest % from.dim(d) + p.before()[d]) * strides[d];
        rest /= from.dim(d);
      }
      y[at] = x[i];
    }
    return y;
  }

  /** As devices do: of equal ones the first or the last, and NaN before all. */
  static double[] place(ArgReduce r, double[] x, Shape from) {
    int n = from.dim(r.axis());
    int inner = from.count(r.axis() + 1, from.rank());
    double[] y = new double[n == 0 ? 0 : x.length / n];
    for (int i = 0; i < y.length; i++) {
      int base = i / inner * n * inner + i % inner;
      int at = 0;
      for (int j = 1; j < n; j++) {
        double best = x[base + at * inner];
        double v = x[base + j * inner];
        boolean better = r.kind() == Reduction.MAX ? v > best : v < best;
        boolean nan = Double.isNaN(v);
        boolean tie = v == best || nan && Double.isNaN(best);
        at = better || nan && !tie || r.last() && tie ? j : at;
      }
      y[i] = at;
    }
    return y;
  }

  /** As devices do: of equal ones the first one first, NaN above all. Null of too many. */
  static double[] places(Top t, double[] x, Shape from) {
    if (x.length > MOST_SORTED) {
      return null;
    }
    int n = from.dim(t.axis());
    int inner = from.count(t.axis() + 1, from.rank());
    double[] y = new double[n == 0 ? 0 : x.length / n * t.k()];
    Integer[] order = new Integer[n];
    for (int i = 0; n > 0 && i < x.length / n; i++) {
      int base = i / inner * n * inner + i % inner;
      // to a sum 0 and -0 are one
      Comparator<Integer> up = Comparator.comparingDouble(j -> x[base + j * inner] + 0.0);
      Arrays.setAll(order, j -> j);
      Arrays.sort(order, t.largest() ? up.reversed() : up);
      for (int j = 0; j < t.k(); j++) {
        y[(i / inner * t.k() + j) * inner + i % inner] = order[j];
      }
    }
    return y;
  }
}
