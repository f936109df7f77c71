package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Rows;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class NormTest {
  private static final float EPSILON = 1e-3f;

  /** images, pixels, channels, groups; the last is long enough for two threads. */
  private static final int[][] SIZES = {
    {1, 7, 1, 1}, {3, 7, 3, 1}, {2, 33, 6, 3}, {1, 5, 7, 7}, {2, 9, 33, 33}, {5, 49, 96, 4}
  };

  /**
   * Groups that share a body of the CPU's with others, whose last has fewer, and that are wider
   * than a span.
   */
  private static final int[][] GROUPS = {
    {9, 33, 140, 28}, {1, 17, 48, 12}, {2, 5, 1200, 2}, {1, 3, 1040, 1}, {2, 300, 64, 16}
  };

  private static final float[] NONE = {};

  private static MemorySegment optional(Rig rig, float[] values) {
    return values.length == 0 ? MemorySegment.NULL : rig.in(values);
  }

  private static double[] affine(double[] x, float[] scale, float[] shift) {
    double[] y = x.clone();
    for (int i = 0; i < y.length && scale.length > 0; i++) {
      y[i] = y[i] * scale[i % scale.length] + shift[i % shift.length];
    }
    return y;
  }

  /** The statistics, computed by the forward kernel. */
  private interface Forward {
    void run(Rig rig, MemorySegment scale, MemorySegment shift, MemorySegment y, MemorySegment s);
  }

  private static void check(
      String what,
      int[] size,
      int stats,
      float[] x,
      int channels,
      Forward forward,
      UnaryOperator<double[]> reference,
      Backward backward) {
    for (boolean plain : new boolean[] {true, false}) {
      float[] scale = plain ? NONE : numbers(2, channels);
      float[] shift = plain ? NONE : numbers(3, channels);
      String name = what + " " + Arrays.toString(size) + (plain ? " plain" : "");
      agree(
          name,
          Rig.run(
              name,
              rig -> {
                MemorySegment y = rig.out(x.length);
                forward.run(
                    rig,
                    optional(rig, scale),
                    optional(rig, shift),
                    y,
                    plain ? MemorySegment.NULL : rig.out(2 * stats));
                return rig.floats(y);
              }),
          affine(reference.apply(doubles(x)), scale, shift));
      if (x.length < 1000) {
        Rig.gradient(
            name,
            doubles(x),
            numbers(4, x.length),
            v -> affine(reference.apply(v), scale, shift),
            (rig, add, dy, dx) -> {
              MemorySegment s = rig.out(2 * stats);
              forward.run(rig, MemorySegment.NULL, MemorySegment.NULL, rig.out(x.length), s);
              backward.run(rig, add, optional(rig, scale), s, dy, dx);
            });
      }
    }
  }

  private interface Backward {
    void run(
        Rig rig,
        boolean add,
        MemorySegment scale,
        MemorySegment stats,
        MemorySegment dy,
        MemorySegment dx);
  }

  @Test
  void layerNormAndItsGradientAreTheReference() {
    for (int[] s : new int[][] {{1, 3}, {3, 7}, {7, 33}, {2, 100}, {40, 768}}) {
      float[] x = numbers(1, s[0] * s[1]);
      check(
          "layer_norm",
          s,
          s[0],
          x,
          s[1],
          (rig, scale, shift, y, stats) ->
              rig.kernels()
                  .norm()
                  .layerNormForward(s[0], s[1], EPSILON, rig.in(x), scale, shift, y, stats),
          v -> Rows.normal(s[0], s[1], EPSILON, v),
          (rig, add, scale, stats, dy, dx) ->
              rig.kernels()
                  .norm()
                  .layerNormBackward(add, s[0], s[1], rig.in(x), scale, stats, dy, dx));
    }
  }

  @Test
  void groupNormAndItsGradientAreTheReference() {
    for (int[] s : Stream.concat(Stream.of(SIZES), Stream.of(GROUPS)).toList()) {
      float[] x = numbers(1, s[0] * s[1] * s[2]);
      check(
          "group_norm",
          s,
          s[0] * s[3],
          x,
          s[2],
          (rig, scale, shift, y, stats) ->
              rig.kernels()
                  .norm()
                  .groupNormForward(
                      s[0], s[1], s[2], s[3], EPSILON, rig.in(x), scale, shift, y, stats),
          v -> Rows.groupNorm(s[0], s[1], s[2], s[3], EPSILON, v),
          (rig, add, scale, stats, dy, dx) ->
              rig.kernels()
                  .norm()
                  .groupNormBackward(add, s[0], s[1], s[2], s[3], rig.in(x), scale, stats, dy, dx));
    }
  }

  @Test
  void instanceNormAndItsGradientAreTheReference() {
    for (int[] s : SIZES) {
      float[] x = numbers(1, s[0] * s[1] * s[2]);
      check(
          "instance_norm",
          s,
          s[0] * s[2],
          x,
          s[2],
          (rig, scale, shift, y, stats) ->
              rig.kernels()
                  .norm()
                  .instanceNormForward(
                      s[0], s[1], s[2], EPSILON, rig.in(x), scale, shift, y, stats),
          v -> Rows.groupNorm(s[0], s[1], s[2], s[2], EPSILON, v),
          (rig, add, scale, stats, dy, dx) ->
              rig.kernels()
                  .norm()
                  .instanceNormBackward(add, s[0], s[1], s[2], rig.in(x), scale, stats, dy, dx));
    }
  }

  @Test
  void theStatisticsAreMeanAndInverseDeviation() {
    // Mean 2, variance ((1-2)^2 + (3-2)^2) / 2 = 1, epsilon 3: 1 / sqrt(4).
    agree(
        "layer_norm statistics",
        Rig.run(
            "layer_norm",
            rig -> {
              MemorySegment stats = rig.out(2);
              rig.kernels()
                  .norm()
                  .layerNormForward(
                      1,
                      2,
                      3,
                      rig.in(1f, 3f),
                      MemorySegment.NULL,
                      MemorySegment.NULL,
                      rig.out(2),
                      stats);
              return rig.floats(stats);
            }),
        new double[] {2, 0.5});
  }

  @Test
  void localResponseNormalisationIsTheReference() {
    for (int[] s :
        new int[][] {{1, 1, 1}, {3, 7, 3}, {2, 7, 4}, {3, 33, 5}, {2, 5, 13}, {99, 600, 5}}) {
      for (float beta : new float[] {0.75f, 0.6f}) {
        float[] x = numbers(1, s[0] * s[1]);
        String what = "lrn " + Arrays.toString(s) + " beta " + beta;
        double[] wanted = Rows.lrn(s[0], s[1], s[2], 0.5f, beta, 1.5f, doubles(x));
        float[] y =
            Rig.run(
                what,
                rig -> {
                  MemorySegment out = rig.out(x.length);
                  rig.kernels()
                      .norm()
                      .lrnForward(s[0], s[1], s[2], 0.5f, beta, 1.5f, rig.in(x), out);
                  return rig.floats(out);
                });
        agree(what, y, wanted);
        if (x.length < 1000) {
          Rig.gradient(
              what,
              doubles(x),
              numbers(2, x.length),
              v -> Rows.lrn(s[0], s[1], s[2], 0.5f, beta, 1.5f, v),
              (rig, add, dy, dx) ->
                  rig.kernels()
                      .norm()
                      .lrnBackward(
                          add, s[0], s[1], s[2], 0.5f, beta, 1.5f, rig.in(x), rig.in(y), dy, dx));
        }
      }
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          Norm norm = rig.kernels().norm();
          MemorySegment x = rig.out(6);
          MemorySegment none = MemorySegment.NULL;
          assertThatThrownBy(() -> norm.groupNormForward(1, 1, 6, 4, 0, x, none, none, x, none))
              .isInstanceOf(CandelaException.class)
              .hasMessage("group_norm_forward: 6 channels cannot be split into 4 groups");
          assertThatThrownBy(() -> norm.lrnForward(1, 6, 64, 1, 1, 1, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("lrn_forward: size must be in 1..63, is 64");
          assertThatThrownBy(() -> norm.layerNormBackward(false, 1, 6, x, none, none, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("layer_norm_backward: stats is NULL");
          return new float[0];
        });
  }
}
