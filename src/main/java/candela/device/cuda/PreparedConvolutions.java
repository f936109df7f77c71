package candela.device.cuda;

import candela.device.cuda.CudaDense.RunningConvolution;
import candela.device.cuda.CudnnGraph.Problem;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** The engines that were chosen for the problems of one operator; null where cuDNN has none. */
final class PreparedConvolutions implements AutoCloseable {
  private final CudaDense dense;
  private final Map<Problem, RunningConvolution> chosen = new HashMap<>();

  PreparedConvolutions(CudaDense dense) {
    this.dense = dense;
  }

  /**
   * Runs a problem, choosing its engine the first time.
   *
   * @param names of the tensors
   * @param result which of them is written, and has so many bytes
   * @return whether cuDNN could
   */
  boolean run(Problem p, long[] names, MemorySegment[] tensors, int result, long bytes) {
    if (!chosen.containsKey(p)) {
      chosen.put(p, dense.prepare(p, names, tensors, result, bytes));
    }
    RunningConvolution running = chosen.get(p);
    if (running != null) {
      dense.run(running, tensors);
    }
    return running != null;
  }

  @Override
  public void close() {
    chosen.values().stream().filter(r -> r != null).forEach(RunningConvolution::close);
    chosen.clear();
  }
}
