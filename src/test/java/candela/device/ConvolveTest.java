package candela.device;

import static candela.device.ConvolveCases.ACTIVATIONS;
import static candela.device.ConvolveCases.ROUNDED;
import static candela.device.ConvolveCases.passes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.device.ConvolveCases.Added;
import candela.device.ConvolveCases.Shape;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Convolutions with what follows them, against plain loops in doubles. */
@Tag("kernel")
class ConvolveTest {
  /** What follows a sum. */
  private record Ending(Dense.Activation activation, boolean biased, boolean gated, Added added) {}

  private static List<Ending> endings() {
    List<Ending> all = new ArrayList<>();
    for (Dense.Activation a : ACTIVATIONS) {
      for (Added added : Added.values()) {
        for (int bits = 0; bits < 4; bits++) {
          if (a.kind() != 0 || bits < 2) {
            all.add(new Ending(a, bits % 2 == 1, bits >= 2, added));
          }
        }
      }
    }
    return all;
  }

  private static final List<Shape> SHAPES =
      List.of(
          // A plain product, by hand.
          new Shape(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1),
          new Shape(3, 33, 7, 1, 1, 33, 7, 1, 1, 1, 1, 0, 0, 1, 1),
          new Shape(1, 3, 2, 5, 7, 3, 2, 3, 3, 1, 1, 1, 1, 5, 7),
          // Not square, all paddings unequal, pixels with others between.
          new Shape(3, 11, 6, 4, 3, 8, 4, 3, 2, 1, 1, 2, 0, 5, 3),
          new Shape(2, 8, 12, 7, 7, 8, 12, 5, 5, 1, 1, 2, 2, 7, 7),
          // Some windows lie beside the image.
          new Shape(1, 4, 4, 2, 2, 4, 4, 3, 3, 1, 1, 4, 3, 8, 6),
          // Strides, also such that leave out pixels.
          new Shape(2, 8, 16, 7, 6, 8, 12, 3, 3, 2, 3, 1, 1, 4, 2),
          new Shape(2, 4, 8, 5, 5, 4, 8, 1, 1, 2, 2, 0, 0, 3, 3),
          // Tails of every tile: 135 pixels, 68 channels, a step of 4 channels.
          new Shape(3, 40, 72, 5, 9, 36, 68, 3, 3, 1, 1, 1, 1, 5, 9));

  private static double after(Dense.Activation a, double v) {
    return switch (a.kind()) {
      case 0 -> v;
      case 2 -> Math.clamp(v, a.alpha(), a.beta());
      case 3 -> v < 0 ? a.alpha() * v : v;
      default -> Math.max(v, 0);
    };
  }

  private static float[] convolved(Rig rig, Shape s, int variant, Ending e) {
    MemorySegment none = MemorySegment.NULL;
    MemorySegment y = rig.in(Rig.numbers(4, s.outs()));
    MemorySegment add = e.added() == Added.IN_PLACE ? y : rig.in(Rig.numbers(5, s.outs()));
    rig.kernels()
        .convolve()
        .convolve(
            variant,
            e.activation(),
            s.rows(),
            s.of(),
            s.wide(),
            s.yWide(),
            rig.in(s.x()),
            rig.in(s.weights()),
            e.biased() ? rig.in(Rig.numbers(6, s.oc())) : none,
            e.added() == Added.NOTHING ? none : add,
            e.gated() ? rig.in(Rig.numbers(3, s.outs())) : none,
            y);
    return rig.floats(y);
  }

  @Test
  void sumsHaveWhatFollowsThem() {
    List<Ending> endings = endings();
    assertThat(endings).hasSize(2 * 3 + 3 * 4 * 3);
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] gate = Rig.numbers(3, s.outs());
      float[] before = Rig.numbers(4, s.outs());
      float[] other = Rig.numbers(5, s.outs());
      float[] bias = Rig.numbers(6, s.oc());
      for (Ending e : endings) {
        Dense.Activation a = e.activation();
        double[] wanted = new double[s.outs()];
        for (int i = 0; i < wanted.length; i++) {
          int channel = i % s.yWide();
          if (channel >= s.oc()) {
            wanted[i] = before[i];
            continue;
          }
          double v = sums[i] + (e.biased() ? bias[channel] : 0);
          v += e.added() == Added.NOTHING ? 0 : e.added() == Added.ANOTHER ? other[i] : before[i];
          double shut = a.kind() == 3 ? a.alpha() * v : 0;
          wanted[i] = !e.gated() ? after(a, v) : passes(a, gate[i]) ? v : shut;
        }
        String what = s + ", " + e;
        Rig.agree(what, Rig.run(what, rig -> convolved(rig, s, Convolve.PLAIN, e)), wanted);
      }
    }
  }

  @Test
  void everyVariantAgreesWithinTheRoundingOfItsFactors() {
    var done = new TreeSet<Integer>();
    Ending adding = new Ending(Dense.Activation.NONE, false, false, Added.IN_PLACE);
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] before = Rig.numbers(4, s.outs());
      for (int v = 0; v < Convolve.VARIANTS; v++) {
        int variant = v;
        String what = s + ", variant " + v;
        float[] got =
            Rig.run(
                what,
                rig ->
                    blocks(rig, s)[variant] == 0
                        ? new float[0]
                        : convolved(rig, s, variant, adding));
        for (int i = 0; i < got.length; i++) {
          assertThat((double) got[i])
              .as("%s at [%d]", what, i)
              .isCloseTo(
                  sums[i] + before[i],
                  within(ROUNDED * (sums[s.outs() + i] + Math.abs(before[i]))));
        }
        if (got.length > 0) {
          done.add(v);
        }
      }
    }
    assertThat(done).hasSize(Convolve.VARIANTS);
  }

  private static long[] blocks(Rig rig, Shape s) {
    return rig.kernels().convolve().convolveBlocks(s.rows(), s.of(), s.wide(), s.yWide());
  }

  @Test
  void nanPassesWhereTheGateIsOpenAlone() {
    Shape s = new Shape(4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1);
    MemorySegment none = MemorySegment.NULL;
    float[] got =
        Rig.run(
            "NaN",
            rig -> {
              MemorySegment y = rig.out(4);
              rig.kernels()
                  .convolve()
                  .convolve(
                      Convolve.PLAIN,
                      Dense.Activation.RELU,
                      s.rows(),
                      s.of(),
                      1,
                      1,
                      rig.in(Float.NaN, Float.NaN, 3, 3),
                      rig.in(2f),
                      none,
                      none,
                      rig.in(1, -1, 1, Float.NaN),
                      y);
              return rig.floats(y);
            });
    assertThat(got).containsExactly(Float.NaN, 0, 6, 0);
  }

  @Test
  void blocksAreTilesTimesParts() {
    Rig.run(
        "blocks",
        rig -> {
          // 196 pixels, 256 channels, 72 steps: 2 x 2, 2 x 4, 4 x 4, 4 x 8 and 7 x 4 tiles.
          int[] shape = {14, 14, 256, 256, 3, 3, 1, 1, 1, 1, 14, 14};
          int[] tiles = {4, 8, 16, 32, 28};
          long[] blocks = rig.kernels().convolve().convolveBlocks(1, shape, 256, 256);
          for (int v = 0; v < Convolve.VARIANTS; v++) {
            assertThat(blocks[v]).as("variant %d", v).isEqualTo(tiles[v / 4] << v % 4);
          }
          // Two steps do not make four parts, and six channels are no multiple of four.
          Shape few = new Shape(1, 64, 64, 1, 1, 64, 64, 1, 1, 1, 1, 0, 0, 1, 1);
          assertThat(blocks(rig, few)[1]).isPositive();
          assertThat(blocks(rig, few)[2]).isZero();
          Shape odd = new Shape(1, 8, 8, 1, 1, 6, 8, 1, 1, 1, 1, 0, 0, 1, 1);
          assertThat(blocks(rig, odd)).containsOnly(0);
          return new float[0];
        });
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment some = rig.bytes(4096);
          int[] odd = {1, 1, 6, 8, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, odd, some))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining(
                  "convolve: tiles need c, oc, wide and yWide that are multiples of 4");
          assertThatThrownBy(() -> run(rig, Convolve.VARIANTS, odd, some))
              .hasMessage("convolve: variant must be in -1..19, is 20");
          int[] even = {1, 1, 8, 8, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, even, some.asSlice(4)))
              .hasMessage(
                  "convolve: tiles need pointers that are aligned to 16 bytes; use variant -1");
          int[] two = {1, 1, 64, 8, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, two, some))
              .hasMessage("convolve: wide must be in 64..4294967295, is 8");
          int[] many = {1, 1, 8, 64, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, many, some))
              .hasMessage("convolve: yWide must be in 64..4294967295, is 8");
          int[] still = {1, 1, 8, 8, 1, 1, 0, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, still, some))
              .hasMessageContaining("c, kh, kw and strides must be in 1..");
          int[] far = {1, 1, 8, 8, 1, 1, 3, 2, 0, 0, 1, 1};
          assertThatThrownBy(() -> rig.kernels().convolve().convolveTransposedBlocks(1, far, 8))
              .hasMessage("convolve_transposed_blocks: strideH * strideW must be in 1..4, is 6");
          return new float[0];
        });
  }

  private static void run(Rig rig, int variant, int[] shape, MemorySegment x) {
    MemorySegment none = MemorySegment.NULL;
    rig.kernels()
        .convolve()
        .convolve(
            variant,
            Dense.Activation.NONE,
            1,
            shape,
            8,
            8,
            x,
            x.asSlice(256),
            none,
            none,
            none,
            x.asSlice(2048));
  }
}
