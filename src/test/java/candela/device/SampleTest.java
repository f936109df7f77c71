package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.Sample.Mode;
import candela.device.Sample.Padding;
import candela.reference.Moving;
import candela.reference.Nd;
import candela.reference.Sampling;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class SampleTest {
  /** n, h, w, c, places; the last of them long enough for two threads and two spans. */
  private static final int[][] SIZES = {
    {1, 1, 1, 1, 3}, {3, 2, 3, 1, 7}, {1, 7, 5, 3, 33}, {2, 9, 4, 700, 12}
  };

  private record Case(Mode mode, Padding padding, boolean align, int[] size) {
    int pixels() {
      return size[0] * size[1] * size[2] * size[3];
    }

    int places() {
      return size[0] * size[4];
    }

    /** Some outside of the image, none between two pixels or at one. */
    float[] grid() {
      float[] grid = numbers(7, 2 * places());
      for (int i = 0; i < grid.length; i++) {
        grid[i] = Math.round(grid[i] * 500) / 512f + 1 / 3000f;
      }
      return grid;
    }

    /** With channels last on both sides. */
    double[] reference(double[] x, double[] grid) {
      Nd image = new Nd(new int[] {size[0], size[1], size[2], size[3]}, x);
      Nd at = new Nd(new int[] {size[0], 1, size[4], 2}, grid);
      String how = mode.name().toLowerCase(Locale.ROOT);
      String outside = padding.name().toLowerCase(Locale.ROOT);
      Nd y = Sampling.sample(Moving.transpose(image, 0, 3, 1, 2), at, how, outside, align);
      return Moving.transpose(y, 0, 2, 3, 1).data();
    }
  }

  private static void each(Consumer<Case> test) {
    for (Mode mode : Mode.values()) {
      for (Padding padding : Padding.values()) {
        for (int[] size : SIZES) {
          test.accept(new Case(mode, padding, true, size));
          test.accept(new Case(mode, padding, false, size));
        }
      }
    }
  }

  private static float[] sample(Case c, float[] grid, float[] x) {
    int[] s = c.size;
    return Rig.run(
        c.toString(),
        rig -> {
          MemorySegment y = rig.out(c.places() * s[3]);
          rig.kernels()
              .sample()
              .sampleForward(
                  c.mode,
                  c.padding,
                  c.align,
                  s[0],
                  s[1],
                  s[2],
                  s[3],
                  s[4],
                  rig.in(grid),
                  rig.in(x),
                  y);
          return rig.floats(y);
        });
  }

  @Test
  void placesAreReadAsInTheReference() {
    each(
        c -> {
          float[] x = numbers(1, c.pixels());
          double[] wanted = c.reference(doubles(x), doubles(c.grid()));
          agree(c + " " + Arrays.toString(c.size), sample(c, c.grid(), x), wanted);
        });
  }

  @Test
  void gradientsAtTheImageAreDifferences() {
    each(
        c -> {
          if (c.pixels() > 200) {
            return;
          }
          int[] s = c.size;
          Rig.gradient(
              c.toString(),
              doubles(numbers(1, c.pixels())),
              numbers(2, c.places() * s[3]),
              v -> c.reference(v, doubles(c.grid())),
              (rig, add, dy, dx) ->
                  rig.kernels()
                      .sample()
                      .sampleBackward(
                          c.mode,
                          c.padding,
                          c.align,
                          add,
                          s[0],
                          s[1],
                          s[2],
                          s[3],
                          s[4],
                          rig.in(c.grid()),
                          dy,
                          dx));
        });
  }

  @Test
  void gradientsAtTheGridAreDifferences() {
    each(
        c -> {
          if (c.pixels() > 200) {
            return;
          }
          int[] s = c.size;
          float[] x = numbers(1, c.pixels());
          Rig.gradient(
              c.toString(),
              doubles(c.grid()),
              numbers(2, c.places() * s[3]),
              v -> c.reference(doubles(x), v),
              (rig, add, dy, dgrid) ->
                  rig.kernels()
                      .sample()
                      .sampleBackwardGrid(
                          c.mode,
                          c.padding,
                          c.align,
                          add,
                          s[0],
                          s[1],
                          s[2],
                          s[3],
                          s[4],
                          rig.in(c.grid()),
                          rig.in(x),
                          dy,
                          dgrid));
        });
  }

  /** NaN stays NaN; as far as infinity there is nothing, or the border. */
  @Test
  void placesThatAreNoneAndFarOnes() {
    float inf = Float.POSITIVE_INFINITY;
    float[] grid = {Float.NaN, 0, 0, Float.NaN, inf, inf, -inf, 1e30f, 1e9f, -1e9f};
    float[] x = {1, 2, 3, 4};
    double nan = Double.NaN;
    for (Mode mode : Mode.values()) {
      Case zeros = new Case(mode, Padding.ZEROS, false, new int[] {1, 2, 2, 1, 5});
      agree(mode + " zeros", sample(zeros, grid, x), new double[] {nan, nan, 0, 0, 0});
      Case border = new Case(mode, Padding.BORDER, false, new int[] {1, 2, 2, 1, 5});
      agree(mode + " border", sample(border, grid, x), new double[] {nan, nan, 4, 3, 2});
      Case mirror = new Case(mode, Padding.REFLECTION, false, new int[] {1, 2, 2, 1, 2});
      agree(
          mode + " reflection",
          sample(mirror, new float[] {inf, 0, 0, -inf}, x),
          new double[] {nan, nan});
    }
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
                          .sample()
                          .sampleForward(Mode.LINEAR, Padding.ZEROS, false, 1, 0, 4, 1, 1, x, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("h must be in 1..");
          return new float[0];
        });
  }
}
