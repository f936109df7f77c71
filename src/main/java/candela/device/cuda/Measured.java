package candela.device.cuda;

import candela.device.Choices;
import candela.device.Device;
import candela.device.OutOfMemory;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import java.util.function.IntConsumer;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/** Chooses among algorithms by trying each: once for a shape, a card and a set of versions. */
final class Measured {
  /** Engines of cuDNN that are compared, without the property. */
  private static final int USUAL = 10;

  /** Algorithms that are tried for each that is to be compared: some cannot run. */
  private static final int TRIES = 4;

  /** Runs of each algorithm, of which the fastest counts. */
  private static final int REPEATS = 4;

  /** Times the fastest so far: what is slower after two repeats is not run again. */
  private static final float FAR = 1.5f;

  /** Runs in a row, as one graph: queueing a short one takes longer than running it. */
  private static final int RUNS = 5;

  /** One algorithm, by its number; throws where it cannot run. */
  @FunctionalInterface
  interface Trial {
    /**
     * @param to memory of its own that the algorithm writes its result to
     */
    void run(int algorithm, MemorySegment to);
  }

  private final Device device;
  private final CudaStream stream;
  private final Choices choices;
  private final int engines = engines();

  Measured(Device device, CudaStream stream, Choices choices) {
    this.device = device;
    this.stream = stream;
    this.choices = choices;
  }

  /** What {@code candela.engines} says; with fewer a first run starts sooner. */
  private static int engines() {
    String set = System.getProperty("candela.engines", Integer.toString(USUAL));
    if (!set.matches("[1-9][0-9]{0,3}")) {
      throw CandelaException.of(
          "-Dcandela.engines: a number from 1 to 9999 expected, got '%s'", set);
    }
    return Integer.parseInt(set);
  }

  /** How many of so many engines of cuDNN are compared. */
  int compared(int there) {
    return Math.min(there, engines);
  }

  /** The name of a choice among them: it is another where not as many are compared as usual. */
  String among(String key, int there) {
    return compared(there) == Math.min(there, USUAL) ? key : key + " among " + engines;
  }

  /**
   * The number of the best.
   *
   * @param result what the algorithms will write: what they try on lies as far from a multiple of
   *     16 bytes, which engines ask for
   * @param bytes of it
   * @return -1 where none can
   * @throws OutOfMemory where some could with more memory, and none can with what there is
   */
  int best(String key, int algorithms, MemorySegment result, long bytes, Trial trial) {
    return best(key, algorithms, algorithms, result, bytes, trial);
  }

  /**
   * As the other.
   *
   * @param enough how many that can run are compared; after some that cannot no more are tried
   */
  int best(String key, int algorithms, int enough, MemorySegment result, long bytes, Trial trial) {
    OptionalInt known = choices.get(key);
    if (known.isPresent() && known.getAsInt() < algorithms) {
      return known.getAsInt();
    }
    long off = result.address() % 16;
    try (var own = device.allocate(bytes + off)) {
      MemorySegment to = own.segment().asSlice(off, bytes);
      return measure(key, algorithms, enough, i -> trial.run(i, to));
    }
  }

  private int measure(String key, int algorithms, int enough, IntConsumer run) {
    OutOfMemory[] shortage = {null}; // choosing may take choosing
    int best = -1;
    float least = Float.MAX_VALUE;
    int ran = 0;
    for (int i = 0; i < Math.min(algorithms, TRIES * enough) && ran < enough; i++) {
      float time = time(i, run, least, shortage);
      ran += time < Float.MAX_VALUE ? 1 : 0;
      if (time < least) {
        least = time;
        best = i;
      }
    }
    if (best < 0) {
      stream.synchronize(); // a card that is broken refuses all, and tells it here
    }
    if (best < 0 && shortage[0] != null) {
      throw shortage[0];
    }
    if (best >= 0 && shortage[0] == null) {
      int counts = choices.put(key, best, 1000 * least);
      if (counts < algorithms) {
        return counts;
      }
    }
    if (best >= 0) {
      choices.use(key, best); // with more memory another may be faster
    }
    return best;
  }

  /**
   * @param record of those before
   * @param shortage is set where there was too little memory
   */
  private float time(int algorithm, IntConsumer run, float record, OutOfMemory[] shortage) {
    float least = Float.MAX_VALUE;
    CUgraphExec several = null;
    try {
      run.accept(algorithm); // loads its code
      CUgraphExec graph = stream.capture(() -> runs(algorithm, run));
      several = graph;
      for (int i = 0; i < REPEATS && (i < 2 || least < FAR * record); i++) {
        float time =
            stream.time(
                () -> {
                  if (graph == null) {
                    runs(algorithm, run);
                  } else {
                    stream.launch(graph);
                  }
                });
        least = Math.min(least, time / RUNS);
      }
    } catch (OutOfMemory e) {
      shortage[0] = e; // others may do with less
      return Float.MAX_VALUE;
    } catch (CandelaException e) {
      return Float.MAX_VALUE; // offered, but refused when it came to it
    } finally {
      if (several != null) {
        JCudaDriver.cuGraphExecDestroy(several);
      }
    }
    return least;
  }

  private static void runs(int algorithm, IntConsumer run) {
    for (int i = 0; i < RUNS; i++) {
      run.accept(algorithm);
    }
  }
}
