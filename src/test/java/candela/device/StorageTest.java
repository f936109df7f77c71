package candela.device;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Kernels on values in 16 bits: the bits of what the same kernel, held against plain loops
 * elsewhere, gives in float32 for the same values, rounded once.
 */
@Tag("kernel")
class StorageTest {
  /** h, w, c: channels in vectors, and odd ones. */
  private static final int[][] IMAGES = {{7, 5, 8}, {6, 9, 3}, {1, 1, 1}, {5, 5, 36}, {4, 3, 33}};

  private static final int ROWS = 3;

  /** One kernel: its result, in the type, with inputs that are already rounded to it. */
  private interface Kernel {
    MemorySegment run(Rig rig, Storage type);
  }

  private static void check(String what, Storage type, Kernel kernel) {
    float[] whole = Rig.run(what, rig -> rig.floats(kernel.run(rig, Storage.FLOAT32)));
    float[] got = Rig.run(what, rig -> Rounded.read(rig, type, kernel.run(rig, type)));
    Rig.agree(what + " in " + type, got, Rig.doubles(Rounded.round(type, whole)), 0);
  }

  private static float[] draw(Storage type, int seed, int n) {
    return Rounded.round(type, Rig.numbers(seed, n));
  }

  private static int[] window(int h, int w) {
    return new int[] {3, 3, 2, 1, 1, 1, 1, 1, (h - 1) / 2 + 1, w};
  }

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void pools(Storage type) {
    for (int[] s : IMAGES) {
      int h = s[0];
      int w = s[1];
      int c = s[2];
      int[] k = window(h, w);
      int n = ROWS * h * w * c;
      int m = ROWS * k[8] * k[9] * c;
      float[] x = draw(type, 1, n);
      float[] dy = draw(type, 2, m);
      float[] old = draw(type, 3, n);
      byte[] which = new byte[m];
      for (int i = 0; i < m; i++) {
        which[i] = (byte) (i * 7 % 9);
      }
      for (boolean marks : new boolean[] {false, true}) {
        check(
            "max_pool_forward",
            type,
            (rig, t) -> {
              MemorySegment y = Rounded.out(rig, t, m);
              MemorySegment chosen = marks ? rig.bytes(m) : MemorySegment.NULL;
              MemorySegment in = Rounded.in(rig, t, x);
              rig.kernels().pool().maxPoolForward(t, ROWS, h, w, c, k, in, y, chosen, 1);
              return y;
            });
      }
      check(
          "average_pool_forward",
          type,
          (rig, t) -> {
            MemorySegment y = Rounded.out(rig, t, m);
            MemorySegment in = Rounded.in(rig, t, x);
            rig.kernels().pool().averagePoolForward(t, ROWS, h, w, c, k, 1, 1, false, 1, in, y);
            return y;
          });
      for (boolean add : new boolean[] {false, true}) {
        check(
            "max_pool_backward",
            type,
            (rig, t) -> {
              MemorySegment dx = Rounded.in(rig, t, old);
              MemorySegment up = Rounded.in(rig, t, dy);
              MemorySegment chosen = rig.in(which);
              rig.kernels().pool().maxPoolBackward(t, add, ROWS, h, w, c, k, chosen, 1, up, dx);
              return dx;
            });
        check(
            "average_pool_backward",
            type,
            (rig, t) -> {
              MemorySegment dx = Rounded.in(rig, t, old);
              MemorySegment up = Rounded.in(rig, t, dy);
              rig.kernels()
                  .pool()
                  .averagePoolBackward(t, add, ROWS, h, w, c, k, 1, 1, true, 1, up, dx);
              return dx;
            });
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void activates(Storage type) {
    Dense.Activation leaky = Dense.Activation.leaky(0.3f);
    for (int[] s : IMAGES) {
      int pixels = s[0] * s[1];
      int c = s[2];
      int wide = c + 8;
      int n = pixels * c;
      float[] y = draw(type, 4, ROWS * pixels * wide);
      byte[] bits = bits(ROWS * ((n + 7) / 8));
      check(
          "gate_forward",
          type,
          (rig, t) -> {
            MemorySegment at = Rounded.in(rig, t, y);
            MemorySegment none = MemorySegment.NULL;
            rig.kernels().gate().gateForward(t, leaky, true, ROWS, n, c, wide, at, none);
            return at;
          });
      check(
          "gate_backward",
          type,
          (rig, t) -> {
            MemorySegment g = Rounded.out(rig, t, ROWS * n);
            MemorySegment up = Rounded.in(rig, t, y);
            MemorySegment set = rig.in(bits);
            rig.kernels().gate().gateBackward(t, leaky, ROWS, n, c, wide, up, set, g);
            return g;
          });
      float[] x = draw(type, 5, ROWS * n);
      float[] old = draw(type, 6, ROWS * n);
      check(
          "rectify_forward",
          type,
          (rig, t) -> {
            MemorySegment out = Rounded.out(rig, t, ROWS * n);
            MemorySegment in = Rounded.in(rig, t, x);
            MemorySegment none = MemorySegment.NULL;
            rig.kernels().elementwise().rectifyForward(t, ROWS, n, -0.7f, 1.1f, in, out, none);
            return out;
          });
      for (boolean add : new boolean[] {false, true}) {
        check(
            "rectify_backward",
            type,
            (rig, t) -> {
              MemorySegment dx = Rounded.in(rig, t, old);
              MemorySegment up = Rounded.in(rig, t, x);
              rig.kernels().elementwise().rectifyBackward(t, ROWS, n, add, rig.in(bits), up, dx);
              return dx;
            });
      }
      check(
          "add",
          type,
          (rig, t) -> {
            MemorySegment sum = Rounded.in(rig, t, x);
            rig.kernels().elementwise().add(t, x.length, sum, Rounded.in(rig, t, old), sum);
            return sum;
          });
      check(
          "fill",
          type,
          (rig, t) -> {
            MemorySegment out = Rounded.out(rig, t, n);
            rig.kernels().elementwise().fill(t, n, 1.2345f, out);
            return out;
          });
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void scalesChannels(Storage type) {
    for (int[] s : IMAGES) {
      int rows = ROWS * s[0] * s[1];
      int c = s[2];
      float[] x = draw(type, 14, rows * c);
      float[] old = draw(type, 15, rows * c);
      float[] scale = Rig.numbers(16, c);
      float[] shift = Rig.numbers(17, c);
      check(
          "affine_forward",
          type,
          (rig, t) -> {
            MemorySegment y = Rounded.in(rig, t, x);
            MemorySegment by = rig.in(scale);
            rig.kernels().broadcast().affineForward(t, rows, c, y, by, rig.in(shift), y);
            return y;
          });
      for (boolean add : new boolean[] {false, true}) {
        check(
            "affine_backward",
            type,
            (rig, t) -> {
              MemorySegment dx = Rounded.in(rig, t, old);
              MemorySegment up = Rounded.in(rig, t, x);
              MemorySegment by = rig.in(scale);
              rig.kernels().broadcast().affineBackward(t, rows, c, add, by, up, dx);
              return dx;
            });
      }
    }
  }

  /** The bits that two ways of holding the same numbers leave are the same. */
  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void marksWhatIsHeld(Storage type) {
    for (int[] s : IMAGES) {
      int n = s[0] * s[1] * s[2];
      int bytes = ROWS * ((n + 7) / 8);
      float[] y = draw(type, 7, ROWS * n);
      BiFunction<Rig, Storage, MemorySegment> gate =
          (rig, t) -> {
            MemorySegment bits = rig.bytes(bytes);
            MemorySegment at = Rounded.in(rig, t, y);
            Dense.Activation clip = Dense.Activation.clip(-0.25f, 1);
            rig.kernels().gate().gateForward(t, clip, false, ROWS, n, s[2], s[2], at, bits);
            return bits;
          };
      BiFunction<Rig, Storage, MemorySegment> rectify =
          (rig, t) -> {
            MemorySegment bits = rig.bytes(bytes);
            MemorySegment at = Rounded.in(rig, t, y);
            rig.kernels().elementwise().rectifyForward(t, ROWS, n, -0.25f, 1, at, at, bits);
            return bits;
          };
      for (var kernel : List.of(gate, rectify)) {
        float[] wanted = Rig.run("bits", rig -> set(rig, kernel.apply(rig, Storage.FLOAT32)));
        float[] got = Rig.run("bits", rig -> set(rig, kernel.apply(rig, type)));
        Rig.agree("bits in " + type, got, Rig.doubles(wanted), 0);
      }
    }
  }

  private static float[] set(Rig rig, MemorySegment bits) {
    byte[] raw = rig.raw(bits);
    float[] set = new float[raw.length];
    for (int i = 0; i < raw.length; i++) {
      set[i] = raw[i];
    }
    return set;
  }

  private static byte[] bits(int n) {
    byte[] bits = new byte[n];
    new Random(8).nextBytes(bits);
    return bits;
  }

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void moves(Storage type) {
    for (int[] s : IMAGES) {
      int pixels = s[0] * s[1];
      int c = s[2];
      int n = ROWS * pixels * c;
      float[] x = draw(type, 9, n);
      float[] old = draw(type, 10, n);
      float[] among = draw(type, 11, ROWS * pixels * (c + 4));
      for (boolean add : new boolean[] {false, true}) {
        int[] dims = {ROWS, c, pixels};
        int[] turned = {pixels * c, 1, c};
        int[] dense = {pixels * c, pixels, 1};
        check(
            "copy_strided, turned",
            type,
            (rig, t) -> {
              MemorySegment y = Rounded.in(rig, t, old);
              MemorySegment in = Rounded.in(rig, t, x);
              rig.kernels().move().copyStrided(t, add, 3, dims, turned, dense, in, y);
              return y;
            });
        int[] rows = {ROWS * pixels, c};
        check(
            "copy_strided, among",
            type,
            (rig, t) -> {
              MemorySegment y = Rounded.in(rig, t, among);
              MemorySegment in = Rounded.in(rig, t, x);
              int[] from = {c, 1};
              int[] to = {c + 4, 1};
              rig.kernels().move().copyStrided(t, add, 2, rows, from, to, in, y);
              return y;
            });
        check(
            "narrow",
            type,
            (rig, t) -> {
              MemorySegment y = Rounded.in(rig, t, old);
              MemorySegment in = Rounded.in(rig, t, among);
              rig.kernels().widen().narrow(t, add, ROWS * pixels, c, c + 4, in, y);
              return y;
            });
      }
      for (int wide : new int[] {c, c + 1, (c / 8 + 1) * 8}) {
        check(
            "widen",
            type,
            (rig, t) -> {
              MemorySegment y = Rounded.out(rig, t, ROWS * pixels * wide);
              MemorySegment in = Rounded.in(rig, t, x);
              rig.kernels().widen().widen(t, ROWS * pixels, c, wide, in, y);
              return y;
            });
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void folds(Storage type) {
    int[] window = {3, 3, 2, 2, 1, 1, 1, 1, 4, 3};
    int columns = 32;
    float[] p = draw(type, 12, 2 * 4 * 3 * columns);
    float[] old = draw(type, 13, 2 * 7 * 5 * 3);
    for (boolean add : new boolean[] {false, true}) {
      check(
          "fold",
          type,
          (rig, t) -> {
            MemorySegment dx = Rounded.in(rig, t, old);
            MemorySegment in = Rounded.in(rig, t, p);
            rig.kernels().fold().fold(t, add, 2, 7, 5, 3, window, columns, in, dx);
            return dx;
          });
    }
  }
}
