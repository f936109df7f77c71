package candela.graph;

import candela.reference.Moving;
import candela.reference.Nd;
import candela.reference.Rows;
import java.util.ArrayList;
import java.util.List;

/** Cases of the operators in {@link MatrixReaders}. */
final class MatrixCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private MatrixCases() {}

  static List<OperatorCase> all() {
    var c = new MatrixCases();
    c.gemms();
    c.products();
    c.softmaxes();
    c.layerNorms();
    c.rmsNorms();
    return c.cases;
  }

  /** Matrices [m,k] and [k,n] with their batches broadcast. */
  static Nd product(Nd a, Nd b) {
    int[] p = a.dims().clone();
    int[] q = b.dims().clone();
    int m = p[p.length - 2];
    int k = p[p.length - 1];
    int n = q[q.length - 1];
    p[p.length - 1] = p[p.length - 2] = q[q.length - 1] = q[q.length - 2] = 1;
    int[] dims =
        Nd.common(a.rank() > 2 ? ones(p) : ones(1, 1), b.rank() > 2 ? ones(q) : ones(1, 1));
    dims[dims.length - 2] = m;
    dims[dims.length - 1] = n;
    return Nd.of(
        dims,
        i -> {
          int[] row = i.clone();
          int[] column = i.clone();
          double sum = 0;
          for (int t = 0; t < k; t++) {
            row[i.length - 1] = t;
            column[i.length - 2] = t;
            sum += a.seen(row) * b.seen(column);
          }
          return sum;
        });
  }

  private static Nd ones(int... dims) {
    return Nd.of(dims, i -> 1);
  }

  private void gemms() {
    int[][] biases = {{5}, {1, 5}, {3, 1}, {3, 5}, {1}, {}, null};
    for (int[] bias : biases) {
      for (boolean constant : new boolean[] {true, false}) {
        for (int t = 0; t < 2; t++) {
          int transA = t;
          OperatorCase c = OperatorCase.of("Gemm", bias == null ? 11 : 7);
          c = transA == 1 ? c.x(7, 3) : c.x(3, 7);
          c = constant ? c.constant(5, 7) : c.x(5, 7);
          c = bias == null ? c : constant ? c.constant(bias) : c.x(bias);
          cases.add(
              c.attributes("alpha", .5f, "beta", -1.5f, "transA", transA, "transB", 1)
                  .gives(
                      in -> {
                        Nd a = transA == 1 ? Moving.transpose(in.get(0), 1, 0) : in.get(0);
                        Nd y = product(a, Moving.transpose(in.get(1), 1, 0));
                        Nd b = in.size() > 2 ? in.get(2) : Nd.of(new int[0], i -> 0);
                        return Nd.of(y.dims(), i -> .5 * y.at(i) - 1.5 * b.seen(i));
                      }));
        }
      }
    }
    cases.add(
        OperatorCase.of("Gemm", 13)
            .x(1, 3)
            .constant(3, 33)
            .gives(in -> product(in.get(0), in.get(1))));
  }

  private void products() {
    int[][][] pairs = {
      {{3, 7}, {7, 5}},
      {{1, 33}, {33, 1}},
      {{3, 2, 3, 7}, {7, 5}},
      {{3, 2, 3, 7}, {3, 2, 7, 5}},
      {{3, 2, 1, 7}, {2, 7, 3}},
      {{3, 1, 1, 7}, {1, 2, 7, 3}},
      {{3, 7}, {3, 7, 5}},
    };
    for (int[][] p : pairs) {
      cases.add(
          OperatorCase.of("MatMul", 7).x(p[0]).x(p[1]).gives(in -> product(in.get(0), in.get(1))));
      cases.add(
          OperatorCase.of("MatMul", 13)
              .x(p[0])
              .constant(p[1])
              .gives(in -> product(in.get(0), in.get(1))));
      cases.add(
          OperatorCase.of("MatMul", 9)
              .constant(p[0])
              .x(p[1])
              .gives(in -> product(in.get(0), in.get(1))));
    }
    cases.add(
        OperatorCase.of("MatMul", 9)
            .x(7)
            .x(3, 7, 5)
            .gives(in -> product(in.get(0).as(1, 7), in.get(1)).as(3, 5)));
    cases.add(
        OperatorCase.of("MatMul", 9)
            .x(3, 2, 7)
            .x(7)
            .gives(in -> product(in.get(0), in.get(1).as(7, 1)).as(3, 2)));
  }

  private void softmaxes() {
    for (boolean log : new boolean[] {false, true}) {
      String op = log ? "LogSoftmax" : "Softmax";
      for (int axis = -3; axis < 3; axis++) {
        int from = Math.floorMod(axis, 3);
        // Before opset 13: over all axes from this one on.
        int rows = from == 0 ? 1 : from == 1 ? 3 : 12;
        cases.add(
            OperatorCase.of(op, 11)
                .x(3, 4, 5)
                .attributes("axis", axis)
                .gives(
                    in ->
                        new Nd(
                            new int[] {3, 4, 5},
                            Rows.softmax(log, rows, 60 / rows, in.get(0).data()))));
        int[] perm = {0, 1, 2};
        perm[from] = 2;
        perm[2] = from;
        cases.add(
            OperatorCase.of(op, 13)
                .x(3, 4, 5)
                .attributes("axis", axis)
                .gives(in -> alongLast(log, Moving.transpose(in.get(0), perm), perm)));
      }
      cases.add(
          OperatorCase.of(op, 7)
              .x(1, 3, 5)
              .gives(in -> new Nd(in.get(0).dims(), Rows.softmax(log, 1, 15, in.get(0).data()))));
      cases.add(
          OperatorCase.of(op, 13)
              .x(1, 3, 5)
              .gives(in -> new Nd(in.get(0).dims(), Rows.softmax(log, 3, 5, in.get(0).data()))));
    }
  }

  private static Nd alongLast(boolean log, Nd x, int[] back) {
    int n = x.dim(x.rank() - 1);
    double[] y = Rows.softmax(log, x.data().length / n, n, x.data());
    return Moving.transpose(new Nd(x.dims(), y), back);
  }

  private void layerNorms() {
    for (int axis = -3; axis < 3; axis++) {
      int from = Math.floorMod(axis, 3);
      int[] tail = from == 0 ? new int[] {3, 4, 5} : from == 1 ? new int[] {4, 5} : new int[] {5};
      int n = from == 0 ? 60 : from == 1 ? 20 : 5;
      for (int[] bias : new int[][] {tail, {5}, {4, 1}, null}) {
        OperatorCase c = OperatorCase.of("LayerNormalization", 17).x(3, 4, 5).constant(tail);
        c = bias == null ? c : c.constant(bias);
        cases.add(
            c.outputs(axis > 0 ? 3 : 1)
                .attributes("axis", axis, "epsilon", .01f)
                .gives(
                    in -> {
                      Nd x = in.get(0);
                      Nd y = new Nd(x.dims(), Rows.normal(60 / n, n, .01f, x.data()));
                      Nd b = in.size() > 2 ? in.get(2) : Nd.of(new int[0], i -> 0);
                      return Nd.of(x.dims(), i -> y.at(i) * in.get(1).seen(i) + b.seen(i));
                    }));
      }
    }
  }

  private void rmsNorms() {
    for (int axis = -3; axis < 3; axis++) {
      int from = Math.floorMod(axis, 3);
      int[] tail = from == 0 ? new int[] {3, 4, 5} : from == 1 ? new int[] {4, 5} : new int[] {5};
      int n = from == 0 ? 60 : from == 1 ? 20 : 5;
      cases.add(
          OperatorCase.of("RMSNormalization", 23)
              .x(3, 4, 5)
              .constant(axis < 0 ? tail : new int[] {5})
              .attributes("axis", axis, "epsilon", .01f)
              .gives(in -> rms(in.get(0), n, .01f, in.get(1))));
    }
    cases.add(
        OperatorCase.of("RMSNormalization", 23)
            .x(1, 7)
            .x(7)
            .gives(in -> rms(in.get(0), 7, 1e-5f, in.get(1))));
  }

  /** Each run of n elements over its root mean square. */
  private static Nd rms(Nd x, int n, double epsilon, Nd scale) {
    double[] y = new double[x.data().length];
    for (int row = 0; row < y.length; row += n) {
      double square = 0;
      for (int i = row; i < row + n; i++) {
        square += x.data()[i] * x.data()[i] / n;
      }
      for (int i = row; i < row + n; i++) {
        y[i] = x.data()[i] / Math.sqrt(square + epsilon);
      }
    }
    Nd normal = new Nd(x.dims(), y);
    return Nd.of(x.dims(), i -> normal.at(i) * scale.seen(i));
  }
}
