package candela.rule;

import candela.device.Dense;
import candela.device.Reduction;
import candela.graph.Op;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.Affine;
import candela.graph.op.AlongAxis;
import candela.graph.op.AveragePool;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.Reduce;
import candela.reference.Convolving;
import candela.reference.Pooling;
import candela.reference.Rows;
import java.util.List;

/** The affine operators, each with its plain loops. */
final class AffineOperators {
  private AffineOperators() {}

  static List<AffineOperator> all() {
    int[] one = {1, 1};
    return List.of(
        conv("convolution", 5, 4, 3, 4, 1, new int[] {2, 1}, one, new int[] {1, 0, 1, 2}, true),
        conv("grouped convolution", 4, 5, 4, 6, 2, one, new int[] {1, 2}, new int[4], true),
        conv("convolution without bias", 3, 3, 2, 3, 1, one, one, new int[4], false),
        convTranspose("transposed convolution", 3, 4, 4, 2, 2),
        matrix("matrix", false, true),
        matrix("transposed matrix without bias", true, false),
        matMul("product with a constant right", false),
        matMul("product with a constant left", true),
        pool("average pooling", false),
        pool("average pooling counting padding", true),
        reduce(Reduction.MEAN),
        reduce(Reduction.SUM),
        affine(),
        resize(),
        pick());
  }

  private static AffineOperator conv(
      String name,
      int h,
      int w,
      int c,
      int oc,
      int groups,
      int[] strides,
      int[] dilations,
      int[] pads,
      boolean bias) {
    Dense.Convolution z =
        new Dense.Convolution(
            h,
            w,
            c,
            oc,
            2,
            2,
            strides[0],
            strides[1],
            dilations[0],
            dilations[1],
            pads[0],
            pads[1],
            pads[2],
            pads[3],
            groups,
            false,
            0,
            0);
    Op op = new Conv(strides, dilations, pads, groups, Activation.NONE, false);
    return convolution(name, op, z, bias, oc, c / groups, 2, 2);
  }

  private static AffineOperator convTranspose(
      String name, int h, int w, int c, int oc, int groups) {
    int[] pads = {1, 0, 0, 1};
    Dense.Convolution z =
        new Dense.Convolution(
            h, w, c, oc, 3, 2, 2, 1, 1, 1, pads[0], pads[1], pads[2], pads[3], groups, true, 1, 0);
    Op op = new ConvTranspose(new int[] {2, 1}, new int[] {1, 1}, pads, new int[] {1, 0}, groups);
    return convolution(name, op, z, true, c, oc / groups, 3, 2);
  }

  private static AffineOperator convolution(
      String name, Op op, Dense.Convolution z, boolean bias, int... weights) {
    return new AffineOperator(
        name,
        op,
        new int[] {z.h(), z.w(), z.c()},
        d ->
            x ->
                bias
                    ? new Value[] {x, d.draw(.5, weights), d.draw(.5, z.oc())}
                    : new Value[] {x, d.draw(.5, weights)},
        constants ->
            x -> {
              double[] y =
                  Convolving.forward(z.shape(), z.oh(), z.ow(), 1, x, doubles(constants.get(0)));
              for (int i = 0; i < y.length && bias; i++) {
                y[i] += constants.get(1)[i % z.oc()];
              }
              return y;
            });
  }

  private static AffineOperator matrix(String name, boolean transposed, boolean bias) {
    int k = 7;
    int n = 5;
    return new AffineOperator(
        name,
        new Matrix(transposed, Activation.NONE),
        new int[] {3, k},
        d ->
            x -> {
              Value w = transposed ? d.draw(1, n, k) : d.draw(1, k, n);
              return bias ? new Value[] {x, w, d.draw(1, n)} : new Value[] {x, w};
            },
        constants ->
            x -> {
              double[] y = new double[3 * n];
              for (int i = 0; i < y.length; i++) {
                y[i] = bias ? constants.get(1)[i % n] : 0;
                for (int j = 0; j < k; j++) {
                  float w = constants.get(0)[transposed ? i % n * k + j : j * n + i % n];
                  y[i] += x[i / n * k + j] * w;
                }
              }
              return y;
            });
  }

  private static AffineOperator matMul(String name, boolean left) {
    int m = 3;
    int k = 4;
    int n = 5;
    return new AffineOperator(
        name,
        new MatMul(),
        left ? new int[] {k, n} : new int[] {m, k},
        d -> x -> left ? new Value[] {d.draw(1, 1, m, k), x} : new Value[] {x, d.draw(1, 1, k, n)},
        constants ->
            x -> {
              double[] a = left ? doubles(constants.get(0)) : x;
              double[] b = left ? x : doubles(constants.get(0));
              double[] y = new double[m * n];
              for (int i = 0; i < y.length; i++) {
                for (int j = 0; j < k; j++) {
                  y[i] += a[i / n * k + j] * b[j * n + i % n];
                }
              }
              return y;
            });
  }

  private static AffineOperator pool(String name, boolean countPad) {
    int[] window = {3, 2, 2, 1, 1, 1, 1, 1, 3, 4};
    return new AffineOperator(
        name,
        new AveragePool(window, 1, 0, countPad),
        new int[] {5, 4, 3},
        d -> x -> new Value[] {x},
        constants -> x -> Pooling.average(1, 5, 4, 3, window, 1, 0, countPad, 1, x));
  }

  private static AffineOperator reduce(Reduction kind) {
    return new AffineOperator(
        "reduction " + kind,
        new Reduce(kind, 1, 3),
        new int[] {3, 4, 2},
        d -> x -> new Value[] {x},
        constants -> x -> Rows.reduce(kind, 1, 12, 2, x));
  }

  private static AffineOperator affine() {
    return new AffineOperator(
        "scale and shift",
        new Affine(),
        new int[] {3, 3, 5},
        d -> x -> new Value[] {x, d.draw(1, 5), d.draw(1, 5)},
        constants ->
            x -> {
              double[] y = new double[x.length];
              for (int i = 0; i < y.length; i++) {
                y[i] = x[i] * constants.get(0)[i % 5] + constants.get(1)[i % 5];
              }
              return y;
            });
  }

  /** Axis of 3 to 4; the third output reads element 2 twice, one weight is negative. */
  private static AffineOperator resize() {
    int[] first = {0, 1, 3, 6, 7};
    int[] index = {0, 0, 1, 2, 1, 2, 2};
    float[] weight = {1, .25f, .75f, .5f, -.25f, .75f, 1};
    return alongAxis("weighted sums along an axis", first, index, weight);
  }

  private static AffineOperator pick() {
    return alongAxis(
        "picked elements", new int[] {0, 1, 2, 3}, new int[] {2, 0, 2}, new float[] {1, 1, 1});
  }

  private static AffineOperator alongAxis(String name, int[] first, int[] index, float[] weight) {
    int n = first.length - 1;
    return new AffineOperator(
        name,
        new AlongAxis(2, first, index, weight),
        new int[] {2, 3, 2},
        d -> x -> new Value[] {x},
        constants ->
            x -> {
              double[] y = new double[2 * n * 2];
              for (int i = 0; i < y.length; i++) {
                int j = i / 2 % n;
                for (int t = first[j]; t < first[j + 1]; t++) {
                  y[i] += weight[t] * x[(i / 2 / n * 3 + index[t]) * 2 + i % 2];
                }
              }
              return y;
            });
  }

  static double[] doubles(float[] v) {
    double[] d = new double[v.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = v[i];
    }
    return d;
  }
}
