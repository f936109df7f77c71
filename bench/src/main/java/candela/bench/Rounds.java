package candela.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Times of several engines on one piece of work, taken in rounds: in each round every engine has a
 * turn, in an order that changes, so that a slow minute of the machine hits all of them.
 */
final class Rounds {
  /** Seconds an engine works in one turn, about. */
  private static final double TURN = 1.0;

  private static final int MOST_REPEATS = 25;

  /** Threads of the engine before may still spin for a moment. */
  private static final long PAUSE_MILLIS = 30;

  private final double[][] seconds;
  private final double[] noise;

  private Rounds(double[][] seconds, double[] noise) {
    this.seconds = seconds;
    this.noise = noise;
  }

  /** Every turn is one call to warm up, then the median of at least three. */
  static Rounds run(List<Runnable> work, int rounds) throws InterruptedException {
    double[][] seconds = new double[work.size()][rounds];
    double[] noise = new double[rounds];
    int[] repeats = new int[work.size()];
    for (int e = 0; e < work.size(); e++) {
      time(work.get(e));
      double once = Math.min(time(work.get(e)), time(work.get(e)));
      repeats[e] = (int) Math.clamp(TURN / once, 3, MOST_REPEATS);
    }
    SplittableRandom random = new SplittableRandom(1);
    for (int r = 0; r < rounds; r++) {
      noise[r] = FixedLoop.seconds();
      for (int e : order(work.size(), random)) {
        Thread.sleep(PAUSE_MILLIS);
        time(work.get(e));
        double[] turn = new double[repeats[e]];
        for (int i = 0; i < turn.length; i++) {
          turn[i] = time(work.get(e));
        }
        seconds[e][r] = median(turn);
      }
    }
    return new Rounds(seconds, noise);
  }

  /** Median over rounds of an engine's time. */
  double median(int engine) {
    return median(seconds[engine]);
  }

  double min(int engine) {
    return Arrays.stream(seconds[engine]).min().orElseThrow();
  }

  double max(int engine) {
    return Arrays.stream(seconds[engine]).max().orElseThrow();
  }

  /** Median over rounds of (time of other)/(time of engine): how many times as fast engine is. */
  double speedup(int engine, int other) {
    double[] ratios = new double[seconds[engine].length];
    for (int r = 0; r < ratios.length; r++) {
      ratios[r] = seconds[other][r] / seconds[engine][r];
    }
    return median(ratios);
  }

  /** Slowest over fastest round of a fixed loop: what the machine alone does to times. */
  double noise() {
    return Arrays.stream(noise).max().orElseThrow() / Arrays.stream(noise).min().orElseThrow();
  }

  private static double time(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) * 1e-9;
  }

  private static List<Integer> order(int n, SplittableRandom random) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      order.add(random.nextInt(order.size() + 1), i);
    }
    return order;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }
}
