package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static candela.reference.Broadcasting.count;
import static candela.reference.Broadcasting.offset;
import static candela.reference.Broadcasting.strides;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Broadcasting;
import candela.reference.Functions;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("kernel")
class BroadcastTest {
  /** Shapes of a and b, of one rank. */
  private static final int[][][] SHAPES = {
    {{}, {}},
    {{7}, {7}},
    {{7}, {1}},
    {{1}, {7}},
    {{3, 5}, {3, 5}},
    {{3, 5}, {1, 5}},
    {{3, 5}, {3, 1}},
    {{3, 1}, {1, 5}},
    {{2, 3, 3, 5}, {1, 1, 1, 5}},
    {{2, 3, 3, 5}, {2, 1, 1, 5}},
    {{2, 3, 3, 5}, {1, 3, 1, 1}},
    {{2, 1, 3, 1}, {1, 3, 1, 5}},
    {{1, 2, 1, 2, 1, 2, 1, 3}, {2, 2, 1, 1, 3, 2, 1, 3}},
  };

  private static int[] common(int[] a, int[] b) {
    int[] dims = new int[a.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = Math.max(a[i], b[i]);
    }
    return dims;
  }

  private static float[] operand(Binary kind, boolean first, int n) {
    float[] x = numbers(first ? 1 : 2, n);
    for (int i = 0; i < n; i++) {
      if (kind == Binary.POW && first) {
        x[i] = Math.abs(x[i]);
      } else if ((kind == Binary.DIV || kind == Binary.MOD) && !first) {
        x[i] += Math.signum(x[i]);
      } else if (!kind.differentiable() && i % 3 == 0) {
        x[i] = kind == Binary.INTEGER_DIV ? 0.75f : 0;
      }
    }
    return x;
  }

  @ParameterizedTest
  @EnumSource
  void theFunctionIsTheReference(Binary kind) {
    for (int[][] shapes : SHAPES) {
      forward(kind, shapes[0], shapes[1]);
    }
    forward(kind, new int[] {33, 31, 37}, new int[] {1, 1, 37});
    forward(kind, new int[] {33, 31, 37}, new int[] {33, 1, 37});
    forward(kind, new int[] {33, 1, 1031}, new int[] {1, 3, 1});
  }

  private static void forward(Binary kind, int[] shapeA, int[] shapeB) {
    int[] dims = common(shapeA, shapeB);
    int[] as = strides(shapeA, dims);
    int[] bs = strides(shapeB, dims);
    float[] a = operand(kind, true, count(shapeA));
    float[] b = operand(kind, false, count(shapeB));
    String what = kind + " " + Arrays.toString(shapeA) + Arrays.toString(shapeB);
    agree(
        what,
        Rig.run(
            what,
            rig -> {
              MemorySegment y = rig.out(count(dims));
              rig.kernels()
                  .broadcast()
                  .binaryForward(kind, dims.length, dims, as, bs, rig.in(a), rig.in(b), y);
              return rig.floats(y);
            }),
        Broadcasting.binary(
            dims, as, bs, (p, q) -> Functions.of(kind, p, q), doubles(a), doubles(b)));
  }

  @ParameterizedTest
  @EnumSource
  void theGradientsAreTheSlopesOfTheReference(Binary kind) {
    for (int[][] shapes : SHAPES) {
      int[] dims = common(shapes[0], shapes[1]);
      int[] as = strides(shapes[0], dims);
      int[] bs = strides(shapes[1], dims);
      float[] a = operand(kind, true, count(shapes[0]));
      float[] b = operand(kind, false, count(shapes[1]));
      float[] dy = numbers(3, count(dims));
      for (int which = 0; which < 2; which++) {
        int w = which;
        String what = kind + " " + Arrays.deepToString(shapes) + ", operand " + which;
        Rig.gradient(
            what,
            doubles(which == 0 ? a : b),
            dy,
            v ->
                Broadcasting.binary(
                    dims,
                    as,
                    bs,
                    (p, q) -> kind.differentiable() ? Functions.of(kind, p, q) : 0,
                    w == 0 ? v : doubles(a),
                    w == 0 ? doubles(b) : v),
            (rig, add, up, dx) ->
                rig.kernels()
                    .broadcast()
                    .binaryBackward(
                        kind,
                        w,
                        add,
                        dims.length,
                        dims,
                        as,
                        bs,
                        kind.readsOperands() ? rig.in(a) : MemorySegment.NULL,
                        kind.readsOperands() ? rig.in(b) : MemorySegment.NULL,
                        up,
                        dx));
      }
    }
  }

  @Test
  void longSumsOverRepeatedPositionsAreTheReference() {
    int[] dims = {33, 31, 37};
    float[] a = numbers(1, count(dims));
    float[] dy = numbers(3, count(dims));
    for (int[] own : new int[][] {{1, 1, 37}, {33, 1, 1}, {1, 31, 1}, {1, 1, 1}, {33, 31, 1}}) {
      int[] bs = strides(own, dims);
      float[] b = numbers(2, count(own));
      double[] wanted = new double[count(own)];
      for (int i = 0; i < dy.length; i++) {
        wanted[offset(i, dims, bs)] += (double) dy[i] * a[i];
      }
      String what = "MUL backward " + Arrays.toString(own);
      // Sums of up to 38,000 terms of size 1 that cancel.
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment dx = rig.out(count(own));
                rig.kernels()
                    .broadcast()
                    .binaryBackward(
                        Binary.MUL,
                        1,
                        false,
                        3,
                        dims,
                        strides(dims, dims),
                        bs,
                        rig.in(a),
                        rig.in(b),
                        rig.in(dy),
                        dx);
                return rig.floats(dx);
              }),
          wanted,
          1e-4);
    }
  }

  @Test
  void nanReachesTheLargerAndTheSmaller() {
    float[] a = {Float.NaN, 1, Float.POSITIVE_INFINITY};
    float[] b = {1, Float.NaN, 2};
    for (Binary kind : new Binary[] {Binary.MAX, Binary.MIN}) {
      int[] dims = {3};
      int[] s = {1};
      agree(
          kind.name(),
          Rig.run(
              kind.name(),
              rig -> {
                MemorySegment y = rig.in(a);
                rig.kernels().broadcast().binaryForward(kind, 1, dims, s, s, y, rig.in(b), y);
                return rig.floats(y);
              }),
          new double[] {Double.NaN, Double.NaN, kind == Binary.MAX ? Double.POSITIVE_INFINITY : 2});
    }
  }

  @Test
  void aTieGoesToTheFirstOperand() {
    for (Binary kind : new Binary[] {Binary.MAX, Binary.MIN}) {
      for (int which = 0; which < 2; which++) {
        int w = which;
        agree(
            kind + " tie",
            Rig.run(
                kind.name(),
                rig -> {
                  MemorySegment dx = rig.out(1);
                  MemorySegment x = rig.in(2f);
                  int[] one = {1};
                  rig.kernels()
                      .broadcast()
                      .binaryBackward(kind, w, false, 1, one, one, one, x, x, rig.in(5f), dx);
                  return rig.floats(dx);
                }),
            new double[] {which == 0 ? 5 : 0});
      }
    }
  }

  @Test
  void whereChoosesAndItsGradientFollowsTheChoice() {
    for (int[][] shapes : SHAPES) {
      int[] dims = common(shapes[0], shapes[1]);
      int[] cs = strides(shapes[0], dims);
      int[] os = strides(shapes[1], dims);
      int[] full = strides(dims, dims);
      float[] c = numbers(1, count(shapes[0]));
      for (int i = 0; i < c.length; i += 2) {
        c[i] = 0;
      }
      float[] a = numbers(2, count(shapes[1]));
      float[] b = numbers(3, count(dims));
      double[] wanted = new double[count(dims)];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = c[offset(i, dims, cs)] != 0 ? a[offset(i, dims, os)] : b[i];
      }
      String what = "where " + Arrays.deepToString(shapes);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(wanted.length);
                rig.kernels()
                    .broadcast()
                    .whereForward(
                        dims.length, dims, cs, os, full, rig.in(c), rig.in(a), rig.in(b), y);
                return rig.floats(y);
              }),
          wanted,
          0);
      for (int which = 1; which <= 2; which++) {
        int w = which;
        Rig.gradient(
            what + ", operand " + which,
            doubles(a),
            numbers(4, wanted.length),
            v ->
                Broadcasting.binary(
                    dims, cs, os, (p, q) -> (p != 0) == (w == 1) ? q : 0, doubles(c), v),
            (rig, add, dy, dx) ->
                rig.kernels()
                    .broadcast()
                    .whereBackward(w, add, dims.length, dims, cs, os, rig.in(c), dy, dx));
      }
    }
  }

  @Test
  void affineScalesAndShiftsChannels() {
    for (int[] size : new int[][] {{1, 1}, {3, 7}, {7, 33}, {5, 1031}, {2003, 3}, {1001, 64}}) {
      int rows = size[0];
      int channels = size[1];
      float[] x = numbers(1, rows * channels);
      float[] scale = numbers(2, channels);
      float[] shift = numbers(3, channels);
      double[] wanted = new double[x.length];
      double[] gradient = new double[x.length];
      double[] added = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        wanted[i] = (double) x[i] * scale[i % channels] + shift[i % channels];
        gradient[i] = (double) x[i] * scale[i % channels];
        added[i] = x[i] + gradient[i];
      }
      String what = "affine " + Arrays.toString(size);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.in(x);
                rig.kernels()
                    .broadcast()
                    .affineForward(
                        Storage.FLOAT32, rows, channels, y, rig.in(scale), rig.in(shift), y);
                return rig.floats(y);
              }),
          wanted);
      for (boolean add : new boolean[] {false, true}) {
        agree(
            what + ", gradient",
            Rig.run(
                what,
                rig -> {
                  MemorySegment dx = rig.in(x);
                  rig.kernels()
                      .broadcast()
                      .affineBackward(
                          Storage.FLOAT32, rows, channels, add, rig.in(scale), rig.in(x), dx);
                  return rig.floats(dx);
                }),
            add ? added : gradient);
      }
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          Broadcast b = rig.kernels().broadcast();
          MemorySegment x = rig.out(4);
          int[] s = {1};
          assertThatThrownBy(() -> b.binaryForward(Binary.ADD, 2, new int[] {2, 2}, s, s, x, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("binary_forward: aStrides needs 2 values, has 1");
          int[] nine = new int[9];
          assertThatThrownBy(() -> b.binaryForward(Binary.ADD, 9, nine, nine, nine, x, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("binary_forward: rank must be in 0..8, is 9");
          assertThatThrownBy(() -> b.binaryForward(Binary.ADD, 1, new int[] {-4}, s, s, x, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("every dimension must be in 0..2147483647, is -4");
          assertThatThrownBy(() -> b.binaryBackward(Binary.MUL, 2, false, 1, s, s, s, x, x, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("binary_backward: which must be in 0..1, is 2");
          return new float[0];
        });
  }
}
