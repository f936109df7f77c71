package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversions between float32 and 16 bits, bit by bit against plain Java. */
@Tag("kernel")
class ConvertTest {
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    65504, // the largest half
    65519.996f, // goes down to it
    65520, // ties to infinity
    0x1p-14f,
    0x1p-24f, // the least half
    0x1.8p-24f, // between 1 and 2 of it, ties to 2
    0x1p-25f, // ties to 0
    0x1.000002p-25f,
    1 + 0x1p-8f, // ties to 1 in bf16
    1 + 0x1.8p-7f, // ties to 1 + 2^-6
    1 + 0x1p-11f, // ties to 1 in fp16
    1 + 0x1.8p-10f,
    3.4e38f, // bf16: rounds to infinity
    1 + 0x1.800002p-11f,
  };

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void roundsToNearestTiesToEven(Storage type) {
    float[] drawn = Rig.numbers(5, 1000);
    for (int n : new int[] {1, 3, 4, 7, 25, 33, 1025}) {
      float[] x = new float[n];
      for (int i = 0; i < n; i++) {
        x[i] =
            i < SPECIAL.length
                ? SPECIAL[i]
                : drawn[i - SPECIAL.length] * (float) Math.exp(i % 40 - 20);
      }
      Rig.run(
          "convert " + type + " " + n,
          rig -> {
            MemorySegment y = Rounded.out(rig, type, n);
            rig.kernels().convert().convert(Storage.FLOAT32, type, false, 1, n, rig.in(x), y);
            short[] got = Rounded.raw(rig, y);
            for (int i = 0; i < n; i++) {
              boolean nan = Float.isNaN(x[i]) && Float.isNaN(type.decode(got[i]));
              if (!nan) {
                assertThat(got[i]).as("%s of %s", type, x[i]).isEqualTo(Rounded.bits(type, x[i]));
              }
            }
            return new float[0];
          });
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void allThatSixteenBitsHoldComesBack(Storage type) {
    int n = 1 << 16;
    short[] bits = new short[n];
    for (int i = 0; i < n; i++) {
      bits[i] = (short) i;
    }
    Rig.run(
        "convert from " + type,
        rig -> {
          MemorySegment x = Rounded.in(rig, bits);
          MemorySegment y = rig.out(n);
          MemorySegment back = Rounded.out(rig, type, n);
          rig.kernels().convert().convert(type, Storage.FLOAT32, false, 1, n, x, y);
          rig.kernels().convert().convert(Storage.FLOAT32, type, false, 1, n, y, back);
          float[] values = rig.floats(y);
          short[] again = Rounded.raw(rig, back);
          for (int i = 0; i < n; i++) {
            float wanted = type.decode(bits[i]);
            if (Float.isNaN(wanted)) {
              assertThat(values[i]).as("%x", i).isNaN();
              assertThat(type.decode(again[i])).as("%x", i).isNaN();
            } else {
              assertThat(Float.floatToRawIntBits(values[i]))
                  .as("%x", i)
                  .isEqualTo(Float.floatToRawIntBits(wanted));
              assertThat(again[i]).as("%x", i).isEqualTo(bits[i]);
            }
          }
          return new float[0];
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 7, 33, 1025})
  void roundsToTf32(int n) {
    float[] drawn = Rig.numbers(6, n);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = i < SPECIAL.length ? SPECIAL[i] : drawn[i] * (float) Math.exp(i % 40 - 20);
    }
    float[] rounded = Rounded.tf32(x);
    double[] wanted = new double[n];
    for (int i = 0; i < n; i++) {
      wanted[i] = Float.isFinite(x[i]) ? rounded[i] : x[i];
    }
    Rig.agree(
        "round_tf32",
        Rig.run(
            "round_tf32",
            rig -> {
              MemorySegment y = rig.out(n);
              rig.kernels().convert().roundTf32(n, rig.in(x), y);
              MemorySegment same = rig.in(x);
              rig.kernels().convert().roundTf32(n, same, same);
              assertThat(rig.floats(same)).containsExactly(rig.floats(y));
              return rig.floats(y);
            }),
        wanted,
        0);
  }

  @Test
  void scalesAndAddsInFloat32() {
    float[] x = Rig.numbers(1, 37);
    float[] before = Rig.numbers(2, 37);
    for (Storage from : Storage.values()) {
      for (Storage to : Storage.values()) {
        float[] in = Rounded.round(from, x);
        float[] old = Rounded.round(to, before);
        double[] wanted = new double[in.length];
        for (int i = 0; i < in.length; i++) {
          wanted[i] = Rounded.round(to, old[i] + 0.25f * in[i]);
        }
        String what = "convert " + from + " to " + to;
        float[] got =
            Rig.run(
                what,
                rig -> {
                  MemorySegment y = Rounded.in(rig, to, before);
                  MemorySegment a = Rounded.in(rig, from, x);
                  rig.kernels().convert().convert(from, to, true, 0.25f, in.length, a, y);
                  return Rounded.read(rig, to, y);
                });
        Rig.agree(what, got, wanted, 0);
      }
    }
  }

  @Test
  void refusesWhatItCannotStore() {
    assertThatThrownBy(
            () ->
                Rig.run(
                    "convert",
                    rig -> {
                      MemorySegment x = rig.out(2);
                      MemorySegment odd = rig.out(2).asSlice(1);
                      rig.kernels()
                          .convert()
                          .convert(Storage.FLOAT32, Storage.BF16, false, 1, 1, x, odd);
                      return new float[0];
                    }))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("convert: y must be aligned to 2 bytes");
  }
}
