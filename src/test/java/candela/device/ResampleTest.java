package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class ResampleTest {
  /** Random taps from nIn to nOut; some outputs have none. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Taps(int[] first, int[] index, float[] weight) {
    static Taps random(int nIn, int nOut) {
      var random = new Random(nIn * 31L + nOut);
      int[] first = new int[nOut + 1];
      for (int j = 0; j < nOut; j++) {
        first[j + 1] = first[j] + random.nextInt(4);
      }
      int[] index = random.ints(first[nOut], 0, nIn).toArray();
      return new Taps(first, index, numbers(nIn, index.length));
    }

    /** The same weights from outputs to inputs. */
    Taps transposed(int nIn) {
      int[] first = new int[nIn + 1];
      int[] from = new int[index.length];
      float[] w = new float[index.length];
      int at = 0;
      for (int i = 0; i < nIn; i++) {
        for (int j = 0; j + 1 < this.first.length; j++) {
          for (int t = this.first[j]; t < this.first[j + 1]; t++) {
            if (index[t] == i) {
              from[at] = j;
              w[at++] = weight[t];
            }
          }
        }
        first[i + 1] = at;
      }
      return new Taps(first, from, w);
    }

    double[] apply(int outer, int nIn, int inner, double[] x) {
      int nOut = first.length - 1;
      double[] y = new double[outer * nOut * inner];
      for (int i = 0; i < y.length; i++) {
        int j = i / inner % nOut;
        for (int t = first[j]; t < first[j + 1]; t++) {
          y[i] += weight[t] * x[(i / inner / nOut * nIn + index[t]) * inner + i % inner];
        }
      }
      return y;
    }
  }

  private static void run(
      Rig rig,
      Taps t,
      boolean add,
      int outer,
      int nIn,
      int inner,
      MemorySegment x,
      MemorySegment y) {
    rig.kernels()
        .resample()
        .resample(
            add,
            outer,
            nIn,
            t.first.length - 1,
            inner,
            rig.in(t.first),
            rig.in(t.index),
            rig.in(t.weight),
            x,
            y);
  }

  @Test
  void weightedSumsAndTheirTransposesAreTheReference() {
    for (int[] s :
        new int[][] {
          {1, 1, 1, 1},
          {3, 7, 5, 1},
          {2, 7, 33, 3},
          {1, 33, 7, 33},
          {5, 100, 51, 200},
          {50, 300, 701, 1}
        }) {
      int outer = s[0];
      int nIn = s[1];
      int nOut = s[2];
      int inner = s[3];
      Taps taps = Taps.random(nIn, nOut);
      float[] x = numbers(1, outer * nIn * inner);
      String what = "resample " + Arrays.toString(s);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(outer * nOut * inner);
                run(rig, taps, false, outer, nIn, inner, rig.in(x), y);
                return rig.floats(y);
              }),
          taps.apply(outer, nIn, inner, doubles(x)));
      if (x.length < 1100) {
        Rig.gradient(
            what,
            doubles(x),
            numbers(2, outer * nOut * inner),
            v -> taps.apply(outer, nIn, inner, v),
            (rig, add, dy, dx) -> run(rig, taps.transposed(nIn), add, outer, nOut, inner, dy, dx));
      }
    }
  }
}
