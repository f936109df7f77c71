package candela.device.cuda;

import candela.device.Choices;
import candela.device.Recording;
import candela.device.Work;
import candela.tensor.CandelaException;
import java.util.List;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/**
 * Runs its work plainly once, which makes plans and takes memory, then records it as a CUDA graph
 * and from there on launches that. Pieces go side by side in it where that was measured to be
 * faster, or was not measured.
 */
final class CudaRecording implements Recording {
  private static final int IN_ORDER = 0;
  private static final int SIDE_BY_SIDE = 1;

  /** Of each way, of which the fastest counts. */
  private static final int REPEATS = 4;

  /** Runs in a row: queueing the next is hidden by the one before. */
  private static final int RUNS = 3;

  /** Milliseconds, after which nothing is repeated. */
  private static final float ENOUGH = 100;

  /** What more streams must bring: measurements differ by a per cent. */
  private static final float GAIN = 0.98f;

  private final CudaLanes lanes;
  private final Choices choices;
  private final String name;
  private final List<Work> work;
  private final boolean forks;
  private CUgraphExec graph;
  private boolean ran;
  private boolean plain;

  /**
   * @param name of what is chosen
   */
  CudaRecording(CudaLanes lanes, Choices choices, String name, List<Work> work) {
    this.lanes = lanes;
    this.choices = choices;
    this.name = name;
    this.work = work;
    forks = work.stream().anyMatch(w -> w.lane() > 0);
  }

  @Override
  public void run() {
    lanes.turn().run(this::queue);
  }

  private void queue() {
    if (!ran || plain) {
      lanes.run(work);
      ran = true;
      return;
    }
    if (graph == null) {
      boolean side = forks && choices.get(name).orElse(SIDE_BY_SIDE) == SIDE_BY_SIDE;
      graph = side ? captureSideBySide() : null;
      graph = graph == null ? lanes.captureInOrder(work) : graph;
      plain = graph == null;
      if (plain) {
        lanes.run(work);
        return;
      }
    }
    lanes.main().launch(graph);
  }

  @Override
  public void choose(Runnable before) {
    if (!ran || plain || graph != null || !forks || choices.get(name).isPresent()) {
      return;
    }
    CUgraphExec[] ways = new CUgraphExec[2];
    ways[IN_ORDER] = lanes.captureInOrder(work);
    if (ways[IN_ORDER] == null) {
      return; // the next run finds that out, too
    }
    int best = IN_ORDER;
    try {
      ways[SIDE_BY_SIDE] = captureSideBySide();
      float[] least = time(ways, before);
      best = least[SIDE_BY_SIDE] < GAIN * least[IN_ORDER] ? SIDE_BY_SIDE : IN_ORDER;
      choices.put(name, best, 1000 * least[best]);
    } finally {
      graph = ways[best];
      if (ways[1 - best] != null) {
        JCudaDriver.cuGraphExecDestroy(ways[1 - best]);
      }
    }
  }

  /** Null where a driver or library does not fork: what fails in order, too, is told then. */
  private CUgraphExec captureSideBySide() {
    try {
      return lanes.capture(work);
    } catch (CandelaException e) {
      return null;
    }
  }

  /** Milliseconds of each, with what must run before. */
  private float[] time(CUgraphExec[] ways, Runnable before) {
    float[] least = {Float.MAX_VALUE, Float.MAX_VALUE};
    float spent = 0;
    for (int i = 0; i < REPEATS && spent < ENOUGH; i++) {
      for (int way = 0; way < ways.length; way++) {
        CUgraphExec exec = ways[way];
        if (exec == null) {
          continue;
        }
        float time =
            lanes
                .main()
                .time(
                    () -> {
                      for (int run = 0; run < RUNS; run++) {
                        before.run();
                        lanes.main().launch(exec);
                      }
                    });
        spent += time;
        least[way] = Math.min(least[way], time / RUNS);
      }
    }
    return least;
  }

  @Override
  public void close() {
    if (graph != null) {
      JCudaDriver.cuGraphExecDestroy(graph);
      graph = null;
    }
  }
}
