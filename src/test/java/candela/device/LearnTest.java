package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import candela.reference.Differences;
import candela.reference.Rows;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("kernel")
class LearnTest {
  private static double[] crossEntropy(int n, double smoothing, long[] target, double[] z) {
    double[] log = Rows.softmax(true, target.length, n, z);
    double[] loss = new double[target.length];
    for (int i = 0; i < log.length; i++) {
      double wanted = smoothing / n + (i % n == target[i / n] ? 1 - smoothing : 0);
      loss[i / n] -= wanted * log[i];
    }
    return loss;
  }

  @ParameterizedTest
  @CsvSource({"1,2,0", "3,7,0", "3,7,0.1", "5,33,0.25", "2,1000,0.1"})
  void crossEntropyAndItsGradient(int rows, int n, float smoothing) {
    float[] z = numbers(1, rows * n);
    long[] target = new long[rows];
    for (int r = 0; r < rows; r++) {
      target[r] = 5 * r % n;
    }
    double[] wanted = crossEntropy(n, smoothing, target, doubles(z));
    float[] ones = new float[rows];
    Arrays.fill(ones, 0.5f);
    double[] gradient =
        Differences.gradient(v -> crossEntropy(n, smoothing, target, v), doubles(z), doubles(ones));
    for (boolean loss : new boolean[] {true, false}) {
      float[] got =
          Rig.run(
              "cross entropy",
              rig -> {
                MemorySegment l = rig.out(rows);
                MemorySegment seed = rig.out(rows * n);
                rig.kernels()
                    .learn()
                    .crossEntropy(rows, n, smoothing, 0.5f, rig.in(z), rig.in(target), l, seed);
                return rig.floats(loss ? l : seed);
              });
      agree("cross entropy" + (loss ? "" : ", gradient"), got, loss ? wanted : gradient);
    }
  }

  @Test
  void anUnknownTargetGivesNaN() {
    float[] got =
        Rig.run(
            "unknown target",
            rig -> {
              MemorySegment l = rig.out(2);
              MemorySegment none = MemorySegment.NULL;
              rig.kernels()
                  .learn()
                  .crossEntropy(2, 2, 0, 1, rig.in(0f, 0, 0, 0), rig.in(2L, 1L), l, none);
              return rig.floats(l);
            });
    assertThat(got[0]).isNaN();
    assertThat(got[1]).isEqualTo((float) Math.log(2), org.assertj.core.data.Offset.offset(1e-6f));
  }

  /** Two steps: w = 1, g = 2, decay 0.5, momentum 0.5, rate 0.1. */
  @ParameterizedTest
  @CsvSource({
    // d = 2.5, v = 2.5, w = 1 - 0.25 = 0.75; d = 2.375, v = 3.625, w = 0.3875
    "false,0.3875",
    // w = 1 - 0.1 (2.5 + 1.25) = 0.625; d = 2.3125, v = 3.5625, w = 0.625 - 0.1 (2.3125 + 1.78125)
    "true,0.215625",
  })
  void sgdWorkedByHand(boolean nesterov, double wanted) {
    float[] w =
        Rig.run(
            "sgd",
            rig -> {
              MemorySegment at = rig.in(1f);
              MemorySegment velocity = rig.in(0f);
              for (int i = 0; i < 2; i++) {
                rig.kernels()
                    .learn()
                    .sgdStep(1, 0.1f, 0.5f, nesterov, 0.5f, rig.in(2f), velocity, at);
              }
              return rig.floats(at);
            });
    agree("sgd", w, new double[] {wanted});
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void adamFollowsItsDefinition(boolean decoupled) {
    int n = 33;
    float[] w = numbers(1, n);
    double[] at = doubles(w);
    double[] first = new double[n];
    double[] second = new double[n];
    double rate = 0.01f;
    double decay = 0.1f;
    double b1 = 0.9f;
    double b2 = 0.999f;
    for (int step = 1; step <= 3; step++) {
      double[] g = doubles(numbers(1 + step, n));
      for (int i = 0; i < n; i++) {
        double d = g[i] + (decoupled ? 0 : decay * at[i]);
        at[i] -= decoupled ? rate * decay * at[i] : 0;
        first[i] = b1 * first[i] + (1 - b1) * d;
        second[i] = b2 * second[i] + (1 - b2) * d * d;
        double m = first[i] / (1 - Math.pow(b1, step));
        double v = second[i] / (1 - Math.pow(b2, step));
        at[i] -= rate * m / (Math.sqrt(v) + 1e-8);
      }
    }
    float[] got =
        Rig.run(
            "adam",
            rig -> {
              MemorySegment to = rig.in(w);
              MemorySegment m = rig.in(new float[n]);
              MemorySegment v = rig.in(new float[n]);
              for (int step = 1; step <= 3; step++) {
                rig.kernels()
                    .learn()
                    .adamStep(
                        n,
                        step,
                        0.01f,
                        0.9f,
                        0.999f,
                        1e-8f,
                        0.1f,
                        decoupled,
                        rig.in(numbers(1 + step, n)),
                        m,
                        v,
                        to);
              }
              return rig.floats(to);
            });
    agree("adam", got, at);
  }
}
