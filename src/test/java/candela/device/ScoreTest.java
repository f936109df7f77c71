package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Differences;
import candela.reference.Rows;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class ScoreTest {
  private static final int LOGIT = 0;
  private static final int PROBABILITY = 1;
  private static final int LOG_PROBABILITY = 2;
  private static final int OWN_PROBABILITY = 3;
  private static final int LOG_OWN_PROBABILITY = 4;

  private static double[] reference(int kind, int rows, int n, long[] target, double[] z) {
    double[] all =
        switch (kind) {
          case LOGIT -> z;
          case PROBABILITY -> Rows.softmax(false, rows, n, z);
          case LOG_PROBABILITY -> Rows.softmax(true, rows, n, z);
          case OWN_PROBABILITY -> Arrays.stream(z).map(v -> 1 / (1 + Math.exp(-v))).toArray();
          default -> Arrays.stream(z).map(v -> -Math.log1p(Math.exp(-v))).toArray();
        };
    double[] scores = new double[rows];
    for (int r = 0; r < rows; r++) {
      scores[r] = all[r * n + (int) target[r]];
    }
    return scores;
  }

  /** scores, then the seed. */
  private static float[] run(int kind, int rows, int n, float[] z, long[] target, long[] chosen) {
    return Rig.run(
        "score " + kind,
        rig -> {
          MemorySegment t = rig.in(target);
          MemorySegment scores = rig.out(rows);
          MemorySegment seed = rig.out(rows * n);
          rig.kernels().score().score(kind, rows, n, rig.in(z), t, scores, seed);
          assertThat(rig.longs(t)).isEqualTo(chosen);
          float[] both = Arrays.copyOf(rig.floats(scores), rows + rows * n);
          System.arraycopy(rig.floats(seed), 0, both, rows, rows * n);
          MemorySegment again = rig.out(rows);
          rig.kernels().score().score(kind, rows, n, rig.in(z), t, again, MemorySegment.NULL);
          assertThat(rig.floats(again)).isEqualTo(rig.floats(scores));
          return both;
        });
  }

  @Test
  void theScoreIsTheReferenceAndTheSeedItsSlope() {
    for (int kind = LOGIT; kind <= LOG_OWN_PROBABILITY; kind++) {
      for (int[] s : new int[][] {{1, 1}, {3, 7}, {7, 33}, {1, 100}}) {
        int rows = s[0];
        int n = s[1];
        int k = kind;
        float[] z = numbers(n, rows * n);
        long[] target = new long[rows];
        for (int r = 0; r < rows; r++) {
          target[r] = r * 5L % n;
        }
        double[] wanted = Arrays.copyOf(reference(k, rows, n, target, doubles(z)), rows + rows * n);
        double[] ones = new double[rows];
        Arrays.fill(ones, 1);
        double[] seed =
            Differences.gradient(v -> reference(k, rows, n, target, v), doubles(z), ones);
        System.arraycopy(seed, 0, wanted, rows, seed.length);
        agree(
            "score " + kind + " " + Arrays.toString(s), run(k, rows, n, z, target, target), wanted);
      }
    }
  }

  /** Where the others have 1e-9 of the probability, the class's own slope is not lost. */
  @Test
  void theSlopeOfASureClassIsWhatTheOthersHave() {
    float[] z = {21, 0, -1};
    double others = Math.exp(-21) + Math.exp(-22);
    for (int kind : new int[] {PROBABILITY, LOG_PROBABILITY}) {
      float[] got = run(kind, 1, 3, z, new long[] {0}, new long[] {0});
      assertThat((double) got[1]).isCloseTo(others / (1 + others), Offset.offset(1e-15));
      assertThat(got[1] + got[2] + got[3]).isCloseTo(0, Offset.offset(1e-15f));
    }
  }

  /** exp(−40) is 4e-18: 1 − p rounds to 0, p and the slope of its logarithm do not. */
  @Test
  void aClassByItselfKeepsWhatIsSmall() {
    float[] z = {40, -40, -200};
    double small = Math.exp(-40);
    for (int t = 0; t < 2; t++) {
      double p = t == 0 ? 1 : small;
      double[] seed = new double[3];
      seed[t] = small;
      double[] wanted = {p, seed[0], seed[1], 0};
      agree("own " + t, run(OWN_PROBABILITY, 1, 3, z, new long[] {t}, new long[] {t}), wanted);
      seed[t] = t == 0 ? small : 1;
      wanted = new double[] {t == 0 ? -small : -40, seed[0], seed[1], 0};
      agree("log " + t, run(LOG_OWN_PROBABILITY, 1, 3, z, new long[] {t}, new long[] {t}), wanted);
    }
    float[] least = run(LOG_OWN_PROBABILITY, 1, 3, z, new long[] {2}, new long[] {2});
    assertThat(least).containsExactly(-200, 0, 0, 1);
  }

  @Test
  void minusOneBecomesTheFirstLargest() {
    float[] z = {1, 5, 5, 0, -1, -2, -3, -1.5f};
    float[] got = run(LOGIT, 2, 4, z, new long[] {-1, -1}, new long[] {1, 0});
    agree("predicted class", got, new double[] {5, -1, 0, 1, 0, 0, 1, 0, 0, 0});
  }

  @Test
  void manyRowsGiveTheSameBitsAtTwoThreads() {
    int rows = 37;
    int n = 1000;
    long[] target = new long[rows];
    float[] got = run(PROBABILITY, rows, n, numbers(1, rows * n), target, target);
    assertThat(got).doesNotContain(Float.NaN);
  }

  @Test
  void aClassOutsideGivesNan() {
    float[] got = run(PROBABILITY, 1, 3, new float[] {1, 2, 3}, new long[] {3}, new long[] {3});
    double nan = Double.NaN;
    agree("class 3 of 3", got, new double[] {nan, nan, nan, nan});
  }

  @Test
  void nanLogitsGiveNanAndNoCrash() {
    float nan = Float.NaN;
    float[] got =
        run(LOG_PROBABILITY, 1, 2, new float[] {nan, nan}, new long[] {-1}, new long[] {0});
    assertThat(got[0]).isNaN();
  }

  @Test
  void aScoreThatIsNoFiniteNumberHasNoGradient() {
    for (float strange : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      for (int kind = LOGIT; kind <= LOG_OWN_PROBABILITY; kind++) {
        float[] z = {1, strange, 2, 1, 0, 2};
        long[] target = {1, 2};
        float[] got = run(kind, 2, 3, z, target, target);
        for (int i = 0; i < 3; i++) {
          assertThat(got[2 + i]).as("kind %d of %s", kind, strange).isNaN();
          assertThat(got[5 + i]).as("its neighbour").isFinite();
        }
      }
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(
                  () -> rig.kernels().score().score(5, 1, 4, x, x, x, MemorySegment.NULL))
              .isInstanceOf(CandelaException.class)
              .hasMessage("score: kind must be in 0..4, is 5");
          return new float[0];
        });
  }
}
