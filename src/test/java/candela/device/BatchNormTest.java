package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;

import candela.reference.BatchNormalising;
import candela.reference.Differences;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("kernel")
class BatchNormTest {
  private static final MemorySegment NULL = MemorySegment.NULL;
  private static final float EPSILON = 1e-3f;
  private static final float MOMENTUM = 0.25f;

  /** Central differences of a quotient, on top of float32 rounding. */
  private static final double GRADIENT = 2e-4;

  /** The tensors of one call; running statistics start away from 0 and 1. */
  private record Case(boolean training, boolean relu, boolean residual, int m, int channels) {
    float[] x() {
      return numbers(1, m * channels);
    }

    float[] scale() {
      return numbers(2, channels);
    }

    float[] shift() {
      return numbers(3, channels);
    }

    float[] added() {
      return numbers(4, m * channels);
    }

    float[] dy() {
      return numbers(5, m * channels);
    }

    float[] mean() {
      return numbers(6, channels);
    }

    float[] variance() {
      float[] v = numbers(7, channels);
      for (int i = 0; i < v.length; i++) {
        v[i] = Math.abs(v[i]) + 0.5f;
      }
      return v;
    }

    double[] reference(double[] x, double[] scale, double[] shift, double[] added) {
      double[] y =
          training
              ? BatchNormalising.ofBatch(m, channels, EPSILON, x)
              : BatchNormalising.with(channels, EPSILON, doubles(mean()), doubles(variance()), x);
      for (int i = 0; i < y.length; i++) {
        y[i] = y[i] * scale[i % channels] + shift[i % channels] + (residual ? added[i] : 0);
        y[i] = relu && y[i] < 0 ? 0 : y[i];
      }
      return y;
    }

    int scratch() {
      return 2 * ((m + 127) / 128 + 1) * channels;
    }

    /** Forward; result `which` of y, mean, variance, stats. */
    float[] forward(int which) {
      return Rig.run(
          toString(),
          rig -> {
            MemorySegment[] out = {
              rig.out(m * channels), rig.in(mean()), rig.in(variance()), rig.out(2 * channels)
            };
            forward(rig, out);
            return rig.floats(out[which]);
          });
    }

    void forward(Rig rig, MemorySegment... out) {
      rig.kernels()
          .norm()
          .batchNormForward(
              training,
              relu,
              m,
              channels,
              EPSILON,
              MOMENTUM,
              rig.in(x()),
              rig.in(scale()),
              rig.in(shift()),
              residual ? rig.in(added()) : NULL,
              out[1],
              out[2],
              rig.out(scratch()),
              out[0],
              out[3]);
    }

    /** Gradient `which` of dx, dresidual, dscale, dshift. */
    float[] backward(int which, boolean add) {
      return Rig.run(
          toString(),
          rig -> {
            MemorySegment[] out = {
              rig.out(m * channels), rig.in(mean()), rig.in(variance()), rig.out(2 * channels)
            };
            forward(rig, out);
            MemorySegment[] d = new MemorySegment[4];
            for (int i = 0; i < 4; i++) {
              int n = i < 2 ? m * channels : channels;
              d[i] = add ? rig.in(numbers(9, n)) : rig.out(n);
            }
            rig.kernels()
                .norm()
                .batchNormBackward(
                    training,
                    relu,
                    add ? 15 : 0,
                    m,
                    channels,
                    rig.in(x()),
                    relu ? out[0] : NULL,
                    rig.in(scale()),
                    out[3],
                    rig.in(dy()),
                    rig.out(scratch()),
                    d[0],
                    residual ? d[1] : NULL,
                    d[2],
                    d[3]);
            return rig.floats(d[which]);
          });
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true,false,false,1,3",
    "true,false,false,7,1",
    "true,true,true,33,3",
    "true,true,false,300,33",
    "false,true,true,33,3",
    "false,false,false,129,7",
    "true,true,true,5000,16",
    "true,false,true,130,600",
  })
  void forwardAndRunningStatistics(
      boolean training, boolean relu, boolean residual, int m, int channels) {
    Case k = new Case(training, relu, residual, m, channels);
    double[] y =
        k.reference(doubles(k.x()), doubles(k.scale()), doubles(k.shift()), doubles(k.added()));
    agree(k.toString(), k.forward(0), y, m == 1 ? 1e-4 : 2e-5);
    double[][] moved =
        training
            ? BatchNormalising.running(
                m, channels, MOMENTUM, doubles(k.x()), doubles(k.mean()), doubles(k.variance()))
            : new double[][] {doubles(k.mean()), doubles(k.variance())};
    agree(k + " mean", k.forward(1), moved[0]);
    agree(k + " variance", k.forward(2), moved[1]);
  }

  @ParameterizedTest
  @CsvSource({
    "true,false,false,7,3",
    "true,true,true,33,3",
    "true,true,false,140,2",
    "false,true,true,33,3",
    "false,false,false,9,7",
  })
  void gradients(boolean training, boolean relu, boolean residual, int m, int channels) {
    Case k = new Case(training, relu, residual, m, channels);
    double[][] at = {
      doubles(k.x()), doubles(k.added()), doubles(k.scale()), doubles(k.shift()),
    };
    for (int which = 0; which < 4; which++) {
      if (which == 1 && !residual) {
        continue;
      }
      int i = which;
      double[] wanted =
          Differences.gradient(
              v -> {
                double[][] p = at.clone();
                p[i] = v;
                return k.reference(p[0], p[2], p[3], p[1]);
              },
              at[which],
              doubles(k.dy()));
      agree(k + " gradient " + which, k.backward(which, false), wanted, GRADIENT);
      float[] before = numbers(9, wanted.length);
      for (int j = 0; j < wanted.length; j++) {
        wanted[j] += before[j];
      }
      agree(k + " added gradient " + which, k.backward(which, true), wanted, GRADIENT);
    }
  }

  /** x = 1, 3: mean 2, variance 1, unbiased 2; scale 2, shift 1: y = -1, 3 (epsilon 0). */
  @Test
  void workedByHand() {
    float[] y =
        Rig.run(
            "by hand",
            rig -> {
              MemorySegment out = rig.out(2);
              MemorySegment mean = rig.in(0f);
              MemorySegment variance = rig.in(1f);
              rig.kernels()
                  .norm()
                  .batchNormForward(
                      true,
                      false,
                      2,
                      1,
                      0,
                      0.5f,
                      rig.in(1f, 3f),
                      rig.in(2f),
                      rig.in(1f),
                      NULL,
                      mean,
                      variance,
                      rig.out(4),
                      out,
                      rig.out(2));
              return new float[] {
                rig.floats(out)[0], rig.floats(out)[1], rig.floats(mean)[0], rig.floats(variance)[0]
              };
            });
    agree("by hand", y, new double[] {-1, 3, 1, 1.5});
  }
}
