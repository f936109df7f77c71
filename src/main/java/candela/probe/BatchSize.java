package candela.probe;

import candela.device.Choices;
import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.MemoryReport;
import candela.graph.Network;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/**
 * Rows of a batch where nobody said how many. The CPU takes {@value #USUAL}: its results do not
 * depend on it. On a card the rate of 8, 16, 32, … rows is measured until twice as many bring no
 * more, or take too much of the memory; what is chosen is kept with the device's other choices, so
 * that the next run has the same bits, but for this process alone where others hold the memory.
 */
public final class BatchSize {
  private static final int USUAL = 16;

  /** The smallest that is chosen: runs of no more rows need not know. */
  static final int LEAST = 8;

  private static final int MOST = 1024;

  /** What twice the rows must bring at least: measurements of one session differ by a per cent. */
  private static final double GAIN = 1.03;

  /** Of free memory that a session may take: pictures, probes and other sessions want some. */
  private static final double SHARE = 0.5;

  /** Of all memory: with less of it free, what has no room now may have some another time. */
  private static final double MOSTLY = 0.8;

  private static final double SECONDS = 0.03;

  private static final int REPEATS = 3;

  private BatchSize() {}

  /**
   * @param output name of the model output that holds the class scores, null for the first
   * @param gradient whether the gradient at the input is asked for, too
   */
  public static int of(Network network, Device device, String output, boolean gradient) {
    return device.choices().map(c -> known(network, device, output, gradient, c)).orElse(USUAL);
  }

  private static int known(
      Network network, Device device, String output, boolean gradient, Choices choices) {
    String key =
        String.join(
            " ",
            "batch",
            network.model().sha256(),
            gradient ? "gradient" : "forward",
            output == null ? "" : output.replaceAll("\\s", "_"));
    OptionalInt known = choices.get(key);
    if (known.isPresent() && fits(known.getAsInt())) {
      return known.getAsInt();
    }
    SessionOptions options = new SessionOptions(gradient ? List.of("") : List.of(), output);
    double[] rate = new double[1];
    boolean[] crowded = new boolean[1];
    int rows =
        plateau(
            n -> {
              double r = rate(network, device, n, options);
              rate[0] = Math.max(rate[0], r);
              crowded[0] |= r == 0 && device.freeBytes() < MOSTLY * device.allBytes();
              return r;
            });
    if (rate[0] > 0 && crowded[0]) {
      choices.use(key, rows);
    } else if (rate[0] > 0) {
      int counts = choices.put(key, rows, 1e6 / rate[0]);
      if (fits(counts)) {
        return counts;
      }
      choices.use(key, rows);
    }
    return rows;
  }

  /** Whether it is one that was chosen: what is in a file may be damaged. */
  private static boolean fits(int rows) {
    return rows >= 1 && rows <= MOST;
  }

  /**
   * The last number of rows that was faster than half of it by {@link #GAIN}.
   *
   * @param rate rows a second; 0 where there is no room
   */
  static int plateau(IntToDoubleFunction rate) {
    int rows = LEAST;
    double best = rate.applyAsDouble(rows);
    while (best > 0 && 2 * rows <= MOST) {
      double twice = rate.applyAsDouble(2 * rows);
      if (twice < best * GAIN) {
        break;
      }
      best = twice;
      rows *= 2;
    }
    return rows;
  }

  /** Rows a second of a session on random rows; 0 where it has no room, or cannot be opened. */
  private static double rate(Network network, Device device, int rows, SessionOptions options) {
    long free = device.freeBytes();
    try (Session session = network.session(device, rows, options)) {
      MemoryReport memory = session.memory();
      if (memory.bytes() > SHARE * free) {
        return 0;
      }
      for (int i = 0; i < session.batch(); i++) {
        Tensor row = session.input().rows(i, i + 1);
        device.write(row, noise(row.count(), i));
      }
      session.rehearse();
      double once = seconds(session, 2); // the second run is recorded
      int runs = (int) Math.clamp(SECONDS / once, 1, 100);
      double least = Double.MAX_VALUE;
      for (int i = 0; i < REPEATS; i++) {
        least = Math.min(least, seconds(session, runs));
      }
      return rows / least;
    } catch (OutOfMemory e) {
      return 0;
    } catch (CandelaException e) {
      return 0; // as a model without a gradient at its input: whoever asks for that is told
    }
  }

  private static float[] noise(int n, int seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = 2 * random.nextFloat() - 1;
    }
    return values;
  }

  /** Of one run among so many. */
  private static double seconds(Session session, int runs) {
    long start = System.nanoTime();
    for (int i = 0; i < runs; i++) {
      session.rehearse();
    }
    session.await();
    return (System.nanoTime() - start) / 1e9 / runs;
  }
}
