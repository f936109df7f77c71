package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static candela.reference.Broadcasting.count;
import static candela.reference.Broadcasting.offset;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Broadcasting;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class MoveTest {
  /** Copies from places of x to places of y, both given by strides; elements of y left out stay. */
  private static void check(
      String what, int[] dims, int[] xs, int[] ys, int xBase, int yBase, int xSize, int ySize) {
    float[] x = numbers(1, xSize);
    float[] before = numbers(2, ySize);
    for (boolean add : new boolean[] {false, true}) {
      double[] wanted = doubles(before);
      for (int i = 0; i < count(dims); i++) {
        int to = yBase + offset(i, dims, ys);
        float v = x[xBase + offset(i, dims, xs)];
        wanted[to] = add ? before[to] + v : v;
      }
      String name = what + " " + Arrays.toString(dims) + (add ? ", added" : "");
      agree(
          name,
          Rig.run(
              name,
              rig -> {
                MemorySegment from = rig.in(x);
                MemorySegment to = rig.in(before);
                rig.kernels()
                    .move()
                    .copyStrided(
                        add,
                        dims.length,
                        dims,
                        xs,
                        ys,
                        from.asSlice(4L * xBase),
                        to.asSlice(4L * yBase));
                return rig.floats(to);
              }),
          wanted,
          0);
    }
  }

  private static int[] dense(int... dims) {
    return Broadcasting.strides(dims, dims);
  }

  @Test
  void everyPermutationOfFourDimensionsIsTheReference() {
    for (int[] own : new int[][] {{2, 3, 5, 7}, {1, 3, 1, 33}, {3, 17, 16, 2}}) {
      int[] strides = dense(own);
      for (int p = 0; p < 256; p++) {
        int[] perm = {p & 3, p >> 2 & 3, p >> 4 & 3, p >> 6};
        if (Arrays.stream(perm).distinct().count() == 4) {
          int[] dims = Arrays.stream(perm).map(i -> own[i]).toArray();
          int[] xs = Arrays.stream(perm).map(i -> strides[i]).toArray();
          int n = count(dims);
          check("transpose " + Arrays.toString(perm), dims, xs, dense(dims), 0, 0, n, n);
        }
      }
    }
  }

  @Test
  void channelsFirstToLastAndBackAtManyWidths() {
    for (int c : new int[] {1, 2, 3, 4, 15, 16, 17, 64, 257}) {
      for (int hw : new int[] {1, 7, 16, 49, 300}) {
        int n = 2 * c * hw;
        int[] last = {2, hw, c};
        check("to channels last", last, new int[] {c * hw, 1, hw}, dense(last), 0, 0, n, n);
        int[] first = {2, c, hw};
        check("to channels first", first, new int[] {c * hw, 1, c}, dense(first), 0, 0, n, n);
      }
    }
  }

  @Test
  void slicesStepsAndReversalsAreTheReference() {
    check("slice", new int[] {3, 5}, new int[] {9, 1}, new int[] {5, 1}, 2, 0, 40, 15);
    check("into a slice", new int[] {3, 5}, new int[] {5, 1}, new int[] {9, 1}, 0, 2, 15, 40);
    check("step", new int[] {3, 5}, new int[] {33, 2}, new int[] {5, 1}, 1, 0, 99, 15);
    check("reverse", new int[] {3, 7}, new int[] {7, -1}, new int[] {7, 1}, 6, 0, 21, 21);
    check("reverse rows", new int[] {3, 7}, new int[] {-7, 1}, new int[] {7, 1}, 14, 0, 21, 21);
    check("repeat", new int[] {3, 7}, new int[] {0, 1}, new int[] {7, 1}, 0, 0, 7, 21);
    check("repeat inside", new int[] {3, 7}, new int[] {1, 0}, new int[] {7, 1}, 0, 0, 3, 21);
    check("scalar", new int[] {}, new int[] {}, new int[] {}, 0, 0, 1, 1);
    check("spread", new int[] {3, 7}, new int[] {7, 1}, new int[] {30, 3}, 0, 0, 21, 90);
    int[] eight = {2, 1, 2, 3, 1, 2, 2, 3};
    int[] turned = new int[8];
    for (int i = 0; i < 8; i++) {
      turned[i] = dense(3, 2, 2, 1, 3, 2, 1, 2)[7 - i];
    }
    check("rank 8", eight, turned, dense(eight), 0, 0, count(eight), count(eight));
  }

  @Test
  void nothingIsCopiedWhereADimensionIsZero() {
    check("empty", new int[] {3, 0}, new int[] {1, 1}, new int[] {1, 1}, 0, 0, 3, 3);
  }

  @Test
  void anIndexOutsideGivesNanAndTakesNoGradient() {
    float[] index = {3, -4, Float.NaN, Float.POSITIVE_INFINITY, 1e30f, 1};
    double nan = Double.NaN;
    agree(
        "pick outside",
        Rig.run(
            "pick",
            rig -> {
              MemorySegment y = rig.out(6);
              rig.kernels().move().pickForward(1, 3, 1, 6, rig.in(index), rig.in(1f, 2f, 3f), y);
              return rig.floats(y);
            }),
        new double[] {nan, nan, nan, nan, nan, 2});
    agree(
        "pick outside, gradient",
        Rig.run(
            "pick",
            rig -> {
              MemorySegment dx = rig.out(3);
              rig.kernels()
                  .move()
                  .pickBackward(
                      false, 1, 3, 1, 6, rig.in(index), rig.in(1f, 1f, 1f, 1f, 1f, 7f), dx);
              return rig.floats(dx);
            }),
        new double[] {0, 7, 0});
  }

  /** Places from the front and from the end, and one outside, in each column others. */
  @Test
  void pickTakesAnElementOfEachColumnAndItsGradientSumsThem() {
    for (int[] s : new int[][] {{1, 1, 1, 1}, {3, 7, 1, 5}, {2, 3, 33, 4}, {3, 4, 1031, 7}}) {
      int outer = s[0];
      int n = s[1];
      int inner = s[2];
      int k = s[3];
      float[] x = numbers(1, outer * n * inner);
      float[] index = new float[outer * k * inner];
      for (int i = 0; i < index.length; i++) {
        index[i] = i * 7 % (2 * n + 1) - n;
      }
      String what = "pick " + Arrays.toString(s);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(index.length);
                rig.kernels().move().pickForward(outer, n, inner, k, rig.in(index), rig.in(x), y);
                return rig.floats(y);
              }),
          pick(s, index, doubles(x), Double.NaN),
          0);
      if (x.length < 1000) {
        Rig.gradient(
            what,
            doubles(x),
            numbers(2, index.length),
            v -> pick(s, index, v, 0),
            (rig, add, dy, dx) ->
                rig.kernels().move().pickBackward(add, outer, n, inner, k, rig.in(index), dy, dx));
      }
    }
  }

  private static double[] pick(int[] s, float[] index, double[] x, double outside) {
    double[] y = new double[index.length];
    for (int i = 0; i < y.length; i++) {
      int row = (int) (index[i] < 0 ? index[i] + s[1] : index[i]);
      int o = i / s[2] / s[3];
      y[i] = row == s[1] ? outside : x[(o * s[1] + row) * s[2] + i % s[2]];
    }
    return y;
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(
                  () ->
                      rig.kernels()
                          .move()
                          .copyStrided(false, 1, new int[] {4}, new int[] {1}, new int[] {0}, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("a stride of y is 0");
          return new float[0];
        });
  }
}
