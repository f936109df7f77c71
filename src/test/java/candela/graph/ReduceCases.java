package candela.graph;

import candela.device.Reduction;
import candela.reference.Nd;
import candela.reference.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/** Cases of the operators in {@link ReduceReaders}. */
final class ReduceCases {
  private static final int[][] AXES = {{1}, {2}, {1, 2}, {0, 2}, {0, 1, 2}, null};

  private final List<OperatorCase> cases = new ArrayList<>();

  private ReduceCases() {}

  static List<OperatorCase> all() {
    var c = new ReduceCases();
    for (Reduction kind : Reduction.values()) {
      c.reductions(kind);
    }
    c.sums("ReduceL1", -2, 2, Math::abs, y -> y);
    c.sums("ReduceL2", -2, 2, x -> x * x, Math::sqrt);
    c.sums("ReduceLogSum", .5, 2, x -> x, Math::log);
    c.sums("ReduceLogSumExp", -2, 2, Math::exp, Math::log);
    // more than a float32 holds
    c.sums("ReduceLogSumExp", 98, 102, Math::exp, Math::log);
    c.sums("ReduceSumSquare", -2, 2, x -> x * x, y -> y);
    // integers
    c.cases.add(
        OperatorCase.of("ReduceMean", 18)
            .integers(-9, 9, 3, 7)
            .list(1)
            .gives(
                in ->
                    reduced(Reduction.MEAN, in.get(0), new int[] {1}, true)
                        .map(v -> v < 0 ? Math.ceil(v) : Math.floor(v))));
    c.standardised();
    c.positions("ArgMax");
    c.positions("ArgMin");
    return c.cases;
  }

  private void reductions(Reduction kind) {
    String name = kind.name();
    String op = "Reduce" + name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
    for (int[] a : AXES) {
      for (int keep = 0; keep < 2; keep++) {
        boolean kept = keep == 1;
        OperatorCase old = OperatorCase.of(op, 7).x(3, 4, 5);
        cases.add(
            (a == null
                    ? old.attributes("keepdims", keep)
                    : old.attributes("keepdims", keep, "axes", a))
                .gives(in -> reduced(kind, in.get(0), a, kept)));
        OperatorCase late = OperatorCase.of(op, 18).x(3, 4, 5).attributes("keepdims", keep);
        cases.add(
            (a == null ? late : late.list(Arrays.stream(a).mapToLong(i -> i - 3).toArray()))
                .gives(in -> reduced(kind, in.get(0), a, kept)));
      }
    }
    cases.add(
        OperatorCase.of(op, 18)
            .x(3, 5)
            .list()
            .attributes("noop_with_empty_axes", 1)
            .gives(in -> in.get(0)));
  }

  /** One axis after another, the last first; all of them where axes is null. */
  private static Nd reduced(Reduction kind, Nd x, int[] axes, boolean keep) {
    Nd y = x;
    List<Integer> left = new ArrayList<>();
    for (int axis = x.rank() - 1; axis >= 0; axis--) {
      int a = axis;
      if (axes == null || Arrays.stream(axes).anyMatch(b -> b == a)) {
        int inner = 1;
        for (int d = axis + 1; d < y.rank(); d++) {
          inner *= y.dim(d);
        }
        int n = y.dim(axis);
        int[] dims = y.dims().clone();
        dims[axis] = 1;
        int outer = y.data().length / n / inner;
        y = new Nd(dims, Rows.reduce(kind, outer, n, inner, y.data()));
      } else {
        left.add(0, x.dim(axis));
      }
    }
    return keep ? y : y.as(left.stream().mapToInt(i -> i).toArray());
  }

  /** Over images and pixels by default. */
  private void standardised() {
    for (int[] a : new int[][] {null, {2, 3}, {1}, {-1, 1}}) {
      int[] axes =
          a == null ? new int[] {0, 2, 3} : a.length == 2 && a[0] < 0 ? new int[] {1, 3} : a;
      OperatorCase c = OperatorCase.of("MeanVarianceNormalization", a == null ? 9 : 13);
      c = c.x(3, 3, 4, 5);
      cases.add(
          (a == null ? c : c.attributes("axes", a))
              .gives(
                  in -> {
                    Nd x = in.get(0);
                    Nd mean = reduced(Reduction.MEAN, x, axes, true);
                    Nd apart = Nd.of(x.dims(), i -> x.at(i) - mean.seen(i));
                    Nd squares = reduced(Reduction.MEAN, apart.map(v -> v * v), axes, true);
                    return Nd.of(x.dims(), i -> apart.at(i) / (Math.sqrt(squares.seen(i)) + 1e-9));
                  }));
    }
  }

  private void positions(String op) {
    double sign = op.equals("ArgMax") ? 1 : -1;
    for (int axis = 0; axis < 2; axis++) {
      for (int last = 0; last < 2; last++) {
        int a = axis;
        boolean late = last == 1;
        Nd x = Nd.of(new int[] {3, 7}, i -> (i[0] * 5 + i[1] * 3) % 4);
        cases.add(
            OperatorCase.of(op, 12)
                .values(x)
                .attributes("axis", axis - 2, "keepdims", 0, "select_last_index", last)
                .gives(
                    in ->
                        Nd.of(
                            new int[] {a == 0 ? 7 : 3},
                            i -> best(in.get(0), a, i[0], sign, late))));
      }
    }
  }

  private static int best(Nd x, int axis, int other, double sign, boolean last) {
    int best = 0;
    for (int k = 1; k < x.dim(axis); k++) {
      double more = sign * (value(x, axis, other, k) - value(x, axis, other, best));
      best = more > 0 || (last && more == 0) ? k : best;
    }
    return best;
  }

  private static double value(Nd x, int axis, int other, int k) {
    return axis == 0 ? x.at(k, other) : x.at(other, k);
  }

  /** A function of the sum of a function. */
  private void sums(
      String op, double lo, double hi, DoubleUnaryOperator inner, DoubleUnaryOperator outer) {
    for (int[] a : AXES) {
      boolean keep = a == null || a.length == 1;
      OperatorCase old =
          OperatorCase.of(op, 11).x(lo, hi, 3, 4, 5).attributes("keepdims", keep ? 1 : 0);
      OperatorCase late = OperatorCase.of(op, 18).x(lo, hi, 3, 4, 5);
      old = a == null ? old : old.attributes("keepdims", keep ? 1 : 0, "axes", a);
      late = a == null ? late : late.list(Arrays.stream(a).mapToLong(i -> i).toArray());
      cases.add(old.gives(in -> reduced(Reduction.SUM, in.get(0).map(inner), a, keep).map(outer)));
      cases.add(late.gives(in -> reduced(Reduction.SUM, in.get(0).map(inner), a, true).map(outer)));
    }
  }
}
