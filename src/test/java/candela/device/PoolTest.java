package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Pooling;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("kernel")
class PoolTest {
  /**
   * One pooling.
   *
   * @param size images, h, w, c
   * @param kernel kh, kw, sh, sw, dh, dw
   * @param pads top, left, bottom, right
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Case(int[] size, int[] kernel, int[] pads, boolean ceil) {
    int[] window() {
      int[] k = Arrays.copyOf(kernel, 10);
      k[6] = pads[0];
      k[7] = pads[1];
      k[8] = length(size[1] + pads[0] + pads[2], kernel[0], kernel[2], kernel[4]);
      k[9] = length(size[2] + pads[1] + pads[3], kernel[1], kernel[3], kernel[5]);
      return k;
    }

    private int length(int padded, int taps, int stride, int dilation) {
      int rest = padded - (taps - 1) * dilation - 1;
      return (ceil ? (rest + stride - 1) / stride : rest / stride) + 1;
    }

    int inputs() {
      return size[0] * size[1] * size[2] * size[3];
    }

    int outputs() {
      int[] k = window();
      return size[0] * k[8] * k[9] * size[3];
    }

    @Override
    public String toString() {
      return Arrays.toString(size)
          + " kernel "
          + Arrays.toString(kernel)
          + " pads "
          + Arrays.toString(pads)
          + (ceil ? " ceil" : "");
    }
  }

  private static Case[] cases() {
    int[] none = {0, 0, 0, 0};
    return new Case[] {
      new Case(new int[] {1, 1, 1, 1}, new int[] {1, 1, 1, 1, 1, 1}, none, false),
      new Case(new int[] {1, 7, 7, 3}, new int[] {3, 3, 2, 2, 1, 1}, none, false),
      new Case(new int[] {3, 7, 5, 3}, new int[] {3, 3, 2, 2, 1, 1}, new int[] {1, 1, 1, 1}, false),
      new Case(new int[] {2, 6, 6, 7}, new int[] {3, 3, 2, 2, 1, 1}, none, true),
      new Case(new int[] {1, 6, 7, 1}, new int[] {2, 3, 3, 2, 1, 1}, new int[] {1, 0, 0, 2}, true),
      new Case(new int[] {1, 9, 9, 3}, new int[] {2, 3, 1, 2, 3, 2}, new int[] {0, 1, 2, 1}, false),
      new Case(
          new int[] {2, 3, 3, 33}, new int[] {3, 3, 1, 1, 1, 1}, new int[] {2, 2, 2, 2}, false),
      new Case(new int[] {1, 7, 7, 3}, new int[] {7, 7, 1, 1, 1, 1}, none, false),
      // Wider than the image.
      new Case(
          new int[] {2, 3, 5, 2}, new int[] {9, 11, 2, 1, 2, 3}, new int[] {16, 29, 15, 30}, false),
      // The product of these strides is 2^32.
      new Case(new int[] {1, 3, 3, 2}, new int[] {2, 2, 1 << 16, 1 << 16, 1, 1}, none, false),
      new Case(new int[] {1, 1, 33, 2}, new int[] {1, 2, 1, 2, 1, 1}, none, false),
      new Case(
          new int[] {3, 28, 27, 67}, new int[] {3, 3, 2, 2, 1, 1}, new int[] {1, 1, 1, 1}, false),
      new Case(new int[] {1, 5, 5, 1031}, new int[] {2, 2, 2, 2, 1, 1}, none, true),
    };
  }

  @ParameterizedTest
  @MethodSource("cases")
  void maxPoolIsTheReference(Case k) {
    float[] x = numbers(1, k.inputs());
    double[] wanted =
        Pooling.max(k.size[0], k.size[1], k.size[2], k.size[3], k.window(), doubles(x));
    for (int bytes : new int[] {0, 1, 4}) {
      String what = "max_pool " + k + " which " + bytes;
      agree(what, Rig.run(what, rig -> max(rig, k, rig.in(x), bytes)), wanted, 0);
    }
  }

  private static float[] max(Rig rig, Case k, MemorySegment x, int bytes) {
    MemorySegment y = rig.out(k.outputs());
    MemorySegment which = bytes == 0 ? MemorySegment.NULL : rig.bytes(bytes * k.outputs());
    rig.kernels()
        .pool()
        .maxPoolForward(
            Storage.FLOAT32,
            k.size[0],
            k.size[1],
            k.size[2],
            k.size[3],
            k.window(),
            x,
            y,
            which,
            bytes);
    return rig.floats(y);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theGradientOfMaxPoolIsTheSlopeOfTheReference(Case k) {
    if (k.inputs() > 2000) {
      return;
    }
    float[] x = numbers(1, k.inputs());
    for (int bytes : new int[] {1, 4}) {
      Rig.gradient(
          "max_pool " + k + " which " + bytes,
          doubles(x),
          numbers(2, k.outputs()),
          v -> Pooling.max(k.size[0], k.size[1], k.size[2], k.size[3], k.window(), v),
          (rig, add, dy, dx) -> {
            MemorySegment which = rig.bytes(bytes * k.outputs());
            Pool pool = rig.kernels().pool();
            pool.maxPoolForward(
                Storage.FLOAT32,
                k.size[0],
                k.size[1],
                k.size[2],
                k.size[3],
                k.window(),
                rig.in(x),
                rig.out(k.outputs()),
                which,
                bytes);
            pool.maxPoolBackward(
                Storage.FLOAT32,
                add,
                k.size[0],
                k.size[1],
                k.size[2],
                k.size[3],
                k.window(),
                which,
                bytes,
                dy,
                dx);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void averagePoolIsTheReference(Case k) {
    float[] x = numbers(1, k.inputs());
    for (int way = 0; way < 6; way++) {
      boolean pad = way % 2 == 1;
      int power = way / 2;
      String what = "average_pool " + k + (pad ? " counting padding" : "") + ", power " + power;
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(k.outputs());
                rig.kernels()
                    .pool()
                    .averagePoolForward(
                        Storage.FLOAT32,
                        k.size[0],
                        k.size[1],
                        k.size[2],
                        k.size[3],
                        k.window(),
                        k.pads[2],
                        k.pads[3],
                        pad,
                        power,
                        rig.in(x),
                        y);
                return rig.floats(y);
              }),
          Pooling.average(
              k.size[0],
              k.size[1],
              k.size[2],
              k.size[3],
              k.window(),
              k.pads[2],
              k.pads[3],
              pad,
              power,
              doubles(x)));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theGradientOfAveragePoolIsItsTranspose(Case k) {
    float[] x = numbers(1, k.inputs());
    float[] dy = numbers(2, k.outputs());
    for (int way = 0; way < 6; way++) {
      boolean pad = way % 2 == 1;
      int power = way / 2;
      String what = "average_pool " + k + (pad ? " counting padding" : "") + ", power " + power;
      double[] y =
          Pooling.average(
              k.size[0],
              k.size[1],
              k.size[2],
              k.size[3],
              k.window(),
              k.pads[2],
              k.pads[3],
              pad,
              power,
              doubles(x));
      float[] dx =
          Rig.run(
              what,
              rig -> {
                MemorySegment out = rig.out(k.inputs());
                backward(rig, k, pad, power, false, rig.in(dy), out);
                return rig.floats(out);
              });
      double left = 0;
      double right = 0;
      double size = 0;
      for (int i = 0; i < y.length; i++) {
        left += y[i] * dy[i];
        size += Math.abs(y[i] * dy[i]);
      }
      for (int i = 0; i < dx.length; i++) {
        right += (double) dx[i] * x[i];
      }
      agree(what + ", transpose", new float[] {(float) (right / size)}, new double[] {left / size});
      if (k.inputs() < 1000) {
        Rig.gradient(
            what,
            doubles(x),
            dy,
            v ->
                Pooling.average(
                    k.size[0],
                    k.size[1],
                    k.size[2],
                    k.size[3],
                    k.window(),
                    k.pads[2],
                    k.pads[3],
                    pad,
                    power,
                    v),
            (rig, add, up, down) -> backward(rig, k, pad, power, add, up, down));
      }
    }
  }

  private static void backward(
      Rig rig, Case k, boolean pad, int power, boolean add, MemorySegment dy, MemorySegment dx) {
    rig.kernels()
        .pool()
        .averagePoolBackward(
            Storage.FLOAT32,
            add,
            k.size[0],
            k.size[1],
            k.size[2],
            k.size[3],
            k.window(),
            k.pads[2],
            k.pads[3],
            pad,
            power,
            dy,
            dx);
  }

  /** 1 × 5, windows of 3, stride 1: 4 wins in two windows, 5 in one; the last window's stays. */
  @Test
  void unpoolingKeepsTheLastWindowThatChoseThePixel() {
    Case k = new Case(new int[] {1, 1, 5, 1}, new int[] {1, 3, 1, 1, 1, 1}, new int[4], false);
    agree(
        "max_unpool",
        Rig.run(
            "max_unpool",
            rig -> {
              MemorySegment which = rig.bytes(3);
              MemorySegment x = rig.out(5);
              Pool pool = rig.kernels().pool();
              MemorySegment in = rig.in(1f, 2f, 4f, 3f, 5f);
              pool.maxPoolForward(
                  Storage.FLOAT32, 1, 1, 5, 1, k.window(), in, rig.out(3), which, 1);
              pool.maxUnpool(1, 1, 5, 1, k.window(), which, 1, rig.in(7f, 8f, 9f), x);
              return rig.floats(x);
            }),
        new double[] {0, 0, 8, 0, 9});
  }

  /** Where windows do not overlap it is the gradient; where they do, some window's part of it. */
  @ParameterizedTest
  @MethodSource("cases")
  void unpoolingIsTheGradientOfEveryPixelThatOneWindowChose(Case k) {
    float[] x = numbers(1, k.inputs());
    float[] ones = new float[k.outputs()];
    Arrays.fill(ones, 1);
    float[][] results = new float[2][];
    for (int way = 0; way < 2; way++) {
      boolean unpool = way == 1;
      results[way] =
          Rig.run(
              "max_unpool " + k,
              rig -> {
                Pool pool = rig.kernels().pool();
                MemorySegment which = rig.bytes(4 * k.outputs());
                MemorySegment out = rig.out(k.inputs());
                int[] n = k.size;
                pool.maxPoolForward(
                    Storage.FLOAT32,
                    n[0],
                    n[1],
                    n[2],
                    n[3],
                    k.window(),
                    rig.in(x),
                    rig.out(k.outputs()),
                    which,
                    4);
                if (unpool) {
                  pool.maxUnpool(n[0], n[1], n[2], n[3], k.window(), which, 4, rig.in(ones), out);
                } else {
                  pool.maxPoolBackward(
                      Storage.FLOAT32,
                      false,
                      n[0],
                      n[1],
                      n[2],
                      n[3],
                      k.window(),
                      which,
                      4,
                      rig.in(ones),
                      out);
                }
                return rig.floats(out);
              });
    }
    double[] wanted = new double[k.inputs()];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = Math.min(results[0][i], 1);
    }
    agree("max_unpool " + k, results[1], wanted);
  }

  @Test
  void theFirstOfEqualMaximaTakesTheGradient() {
    Case k = new Case(new int[] {1, 2, 2, 1}, new int[] {2, 2, 2, 2, 1, 1}, new int[4], false);
    agree(
        "max_pool tie",
        Rig.run(
            "tie",
            rig -> {
              MemorySegment which = rig.bytes(1);
              MemorySegment dx = rig.out(4);
              Pool pool = rig.kernels().pool();
              pool.maxPoolForward(
                  Storage.FLOAT32,
                  1,
                  2,
                  2,
                  1,
                  k.window(),
                  rig.in(1f, 3f, 3f, 3f),
                  rig.out(1),
                  which,
                  1);
              pool.maxPoolBackward(
                  Storage.FLOAT32, false, 1, 2, 2, 1, k.window(), which, 1, rig.in(5f), dx);
              return rig.floats(dx);
            }),
        new double[] {0, 5, 0, 0});
  }

  @Test
  void nanIsTheMaximum() {
    Case k = new Case(new int[] {1, 1, 3, 1}, new int[] {1, 3, 1, 1, 1, 1}, new int[4], false);
    agree(
        "max_pool NaN",
        Rig.run("NaN", rig -> max(rig, k, rig.in(1f, Float.NaN, 3f), 1)),
        new double[] {Double.NaN});
  }

  @Test
  void aWindowOutsideTheImageIsMinusInfinityAndHasNoGradient() {
    int[] window = {1, 1, 2, 2, 1, 1, 1, 1, 2, 2};
    agree(
        "max_pool outside",
        Rig.run(
            "outside",
            rig -> {
              MemorySegment y = rig.out(4);
              MemorySegment which = rig.bytes(4);
              MemorySegment dx = rig.out(4);
              Pool pool = rig.kernels().pool();
              pool.maxPoolForward(
                  Storage.FLOAT32, 1, 2, 2, 1, window, rig.in(1f, 2f, 3f, 4f), y, which, 1);
              pool.maxPoolBackward(
                  Storage.FLOAT32, false, 1, 2, 2, 1, window, which, 1, rig.in(1f, 1f, 1f, 1f), dx);
              float[] both = Arrays.copyOf(rig.floats(y), 8);
              System.arraycopy(rig.floats(dx), 0, both, 4, 4);
              return both;
            }),
        new double[] {
          Double.NEGATIVE_INFINITY,
          Double.NEGATIVE_INFINITY,
          Double.NEGATIVE_INFINITY,
          4,
          0,
          0,
          0,
          1
        });
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          Pool pool = rig.kernels().pool();
          MemorySegment x = rig.out(400);
          int[] wide = {17, 17, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(
                  () -> pool.maxPoolForward(Storage.FLOAT32, 1, 17, 17, 1, wide, x, x, x, 1))
              .isInstanceOf(CandelaException.class)
              .hasMessage("max_pool_forward: kh * kw must be in 1..256, is 289");
          int[] still = {1, 1, 0, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(
                  () -> pool.maxPoolForward(Storage.FLOAT32, 1, 1, 1, 1, still, x, x, x, 1))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("sh must be in 1..1048576, is 0");
          assertThatThrownBy(
                  () -> pool.maxPoolForward(Storage.FLOAT32, 1, 1, 1, 1, new int[9], x, x, x, 1))
              .isInstanceOf(CandelaException.class)
              .hasMessage("max_pool_forward: window needs 10 values, has 9");
          return new float[0];
        });
  }
}
