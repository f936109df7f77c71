package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;

import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tensors [pairs,2,n]; every kernel against the loop that defines it, in doubles. */
@Tag("kernel")
class PairTest {
  private static final int PAIRS = 3;
  private static final int N = 701;

  /** Image and reference; some elements are equal. */
  private static final float[] X = pairs(1);

  private static final float[] P = numbers(2, 2 * PAIRS * N);
  private static final float[] Q = numbers(3, 2 * PAIRS * N);
  private static final float[] BEFORE = numbers(4, 2 * PAIRS * N);

  private static float[] pairs(int seed) {
    float[] x = numbers(seed, 2 * PAIRS * N);
    for (int p = 0; p < PAIRS; p++) {
      for (int i = 0; i < N; i += 3) {
        x[(2 * p + 1) * N + i] = x[2 * p * N + i];
      }
    }
    return x;
  }

  /** What the two rows become at one element. */
  private interface Element {
    double[] at(int image, int reference);
  }

  private static double[] wanted(boolean add, Element element) {
    double[] y = new double[2 * PAIRS * N];
    for (int p = 0; p < PAIRS; p++) {
      for (int i = 0; i < N; i++) {
        int image = 2 * p * N + i;
        double[] v = element.at(image, image + N);
        y[image] = v[0] + (add ? BEFORE[image] : 0);
        y[image + N] = v[1] + (add ? BEFORE[image + N] : 0);
      }
    }
    return y;
  }

  private static void check(String what, Function<Rig, MemorySegment> kernel, double[] wanted) {
    agree(what, Rig.run(what, rig -> rig.floats(kernel.apply(rig))), wanted);
  }

  private static MemorySegment result(Rig rig, boolean add) {
    return add ? rig.in(BEFORE) : rig.out(BEFORE.length);
  }

  private static double d(int image, int reference) {
    return (double) X[image] - X[reference];
  }

  @Test
  void partsAreTheRiseAndTheFall() {
    for (boolean swap : new boolean[] {false, true}) {
      check(
          "pair_parts",
          rig -> {
            MemorySegment y = result(rig, false);
            rig.kernels().pair().pairParts(PAIRS, N, swap, rig.in(X), y);
            return y;
          },
          wanted(
              false,
              (a, b) ->
                  swap
                      ? new double[] {Math.min(d(a, b), 0), Math.max(d(a, b), 0)}
                      : new double[] {Math.max(d(a, b), 0), Math.min(d(a, b), 0)}));
    }
  }

  private static double bySign(double d, double up, double down) {
    return d > 0 ? up : d < 0 ? down : (up + down) / 2;
  }

  @Test
  void theMultiplierIsResolvedByTheSignOfTheDifference() {
    check(
        "pair_resolve",
        rig -> {
          MemorySegment m = rig.in(P);
          rig.kernels().pair().pairResolve(PAIRS, N, rig.in(X), m, m);
          return m;
        },
        wanted(
            false,
            (a, b) -> {
              double v = bySign(d(a, b), P[a], P[b]);
              return new double[] {v, v};
            }));
  }

  @Test
  void aDifferenceOfExtremesIsSplitAtTheExtremeOfTheTwo() {
    for (boolean least : new boolean[] {false, true}) {
      check(
          "pair_cross",
          rig -> {
            MemorySegment m = rig.in(P);
            rig.kernels().pair().pairCross(PAIRS, N, least, rig.in(X), m, m);
            return m;
          },
          wanted(
              false,
              (a, b) -> {
                double e = least ? Math.min(X[a], X[b]) : Math.max(X[a], X[b]);
                return new double[] {P[a] * (e - X[b]), P[b] * (X[a] - e)};
              }));
    }
  }

  @Test
  void whatLiesBeyondTheReferenceLetsNothingThrough() {
    check(
        "pair_within",
        rig -> {
          MemorySegment m = rig.in(P);
          rig.kernels().pair().pairWithin(PAIRS, N, rig.in(X), m, m);
          return m;
        },
        wanted(
            false,
            (a, b) -> {
              boolean within = X[a] >= Math.min(0, X[b]) && X[a] <= Math.max(0, X[b]);
              return new double[] {within ? P[a] : 0, P[b]};
            }));
  }

  @Test
  void aRatioFallsBackOnTheGradientWhereThereIsNoDifference() {
    for (boolean add : new boolean[] {false, true}) {
      check(
          "pair_ratio",
          rig -> {
            MemorySegment dx = result(rig, add);
            rig.kernels()
                .pair()
                .pairRatio(add, PAIRS, N, 0.01f, rig.in(X), rig.in(P), rig.in(Q), dx);
            return dx;
          },
          wanted(
              add,
              (a, b) -> {
                boolean same = Math.abs(X[a] - X[b]) < 0.01f;
                double v = same ? Q[a] : ((double) P[a] + P[b]) / d(a, b);
                return new double[] {v, v};
              }));
    }
  }

  @Test
  void aShiftStartsAtTheReference() {
    check(
        "pair_shift",
        rig -> {
          MemorySegment y = result(rig, false);
          rig.kernels().pair().pairShift(PAIRS, N, rig.in(X), rig.in(P), y);
          return y;
        },
        wanted(false, (a, b) -> new double[] {X[b] + P[a], X[b] + P[b]}));
  }

  /** Of one pair of one element. */
  private static MemorySegment revealed(
      Rig rig, MemorySegment parts, MemorySegment y, MemorySegment v, MemorySegment m) {
    MemorySegment dx = rig.out(2);
    rig.kernels().pair().pairReveal(false, 1, 1, 1e-7f, parts, y, v, m, dx);
    return dx;
  }

  /** Parts 2 and −1 from reference 0, relu: f = 1 at the image, 0 at the reference, 2 and 0. */
  @Test
  void reluRevealsWhatCancels() {
    check(
        "pair_reveal by hand",
        rig -> revealed(rig, rig.in(2f, -1f), rig.in(1f, 0f), rig.in(2f, 0f), rig.in(10f, 10f)),
        // rise ½[(2 − 0) + (1 − 0)] = 1.5 over 2; fall ½[(0 − 0) + (1 − 2)] = −0.5 over −1
        new double[] {7.5, 5});
  }

  /** Parts 3 and −1 from reference 1, log: ln 0 at the fall, so both have ln 3 over 2. */
  @Test
  void whatHasNoNumberIsRescaled() {
    for (float none : new float[] {Float.NEGATIVE_INFINITY, Float.NaN}) {
      check(
          "pair_reveal without a number",
          rig ->
              revealed(
                  rig,
                  rig.in(3f, -1f),
                  rig.in((float) Math.log(3), 0f),
                  rig.in((float) Math.log(4), none),
                  rig.in(1f, 2f)),
          new double[] {Math.log(3) / 2, Math.log(3)});
    }
  }

  @Test
  void revealedPartsAreTheLoops() {
    float[] parts = numbers(5, 2 * PAIRS * N);
    for (int i = 0; i < parts.length; i += 5) {
      parts[i] = 0;
    }
    float[] v = numbers(6, 2 * PAIRS * N);
    for (boolean add : new boolean[] {false, true}) {
      check(
          "pair_reveal",
          rig -> {
            MemorySegment dx = result(rig, add);
            rig.kernels()
                .pair()
                .pairReveal(
                    add, PAIRS, N, 1e-7f, rig.in(parts), rig.in(X), rig.in(v), rig.in(P), dx);
            return dx;
          },
          wanted(
              add,
              (a, b) -> {
                double rise = ((double) v[a] - X[b] + X[a] - v[b]) / 2;
                double fall = ((double) v[b] - X[b] + X[a] - v[a]) / 2;
                return new double[] {
                  parts[a] == 0 ? 0 : P[a] * rise / parts[a],
                  parts[b] == 0 ? 0 : P[b] * fall / parts[b]
                };
              }));
    }
  }

  @Test
  void joinedMultipliersGoBySign() {
    for (boolean add : new boolean[] {false, true}) {
      check(
          "pair_join",
          rig -> {
            MemorySegment dx = result(rig, add);
            rig.kernels().pair().pairJoin(add, PAIRS, N, rig.in(X), rig.in(P), rig.in(Q), dx);
            return dx;
          },
          wanted(
              add,
              (a, b) -> {
                double m = bySign(d(a, b), (double) P[a] + Q[b], (double) Q[a] + P[b]);
                return new double[] {m, m};
              }));
    }
  }

  @Test
  void aMeanIsThatOfTheTwoRows() {
    for (boolean add : new boolean[] {false, true}) {
      check(
          "pair_mean",
          rig -> {
            MemorySegment dx = result(rig, add);
            rig.kernels().pair().pairMean(add, PAIRS, N, rig.in(P), dx);
            return dx;
          },
          wanted(
              add,
              (a, b) -> {
                double m = ((double) P[a] + P[b]) / 2;
                return new double[] {m, m};
              }));
    }
  }
}
