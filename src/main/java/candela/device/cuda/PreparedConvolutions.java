package candela.device.cuda;

import candela.device.cuda.CudaDense.RunningConvolution;
import candela.device.cuda.CudnnGraph.Direction;
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

  /** Without anything fused. */
  boolean run(Problem p, MemorySegment x, MemorySegment w, MemorySegment y) {
    return run(p, x, w, y, MemorySegment.NULL, MemorySegment.NULL);
  }

  /**
   * dx = gradient at the input, through the ReLU that made it.
   *
   * @param values of the input
   */
  boolean runGated(
      Problem p, MemorySegment dx, MemorySegment w, MemorySegment g, MemorySegment values) {
    long[] names = {CudnnGraph.X, CudnnGraph.W, CudnnGraph.Y, CudnnGraph.GATE};
    return run(p, names, new MemorySegment[] {dx, w, g, values}, 0, p.resultBytes());
  }

  /**
   * Runs a problem, choosing its engine the first time.
   *
   * @param residual read if the problem has one
   * @param bias read if the problem has one
   * @return whether cuDNN could
   */
  boolean run(
      Problem p,
      MemorySegment x,
      MemorySegment w,
      MemorySegment y,
      MemorySegment residual,
      MemorySegment bias) {
    int count = 3 + (p.residual() ? 1 : 0) + (p.bias() ? 1 : 0);
    MemorySegment[] tensors = new MemorySegment[count];
    long[] names = new long[count];
    tensors[0] = x;
    tensors[1] = w;
    tensors[2] = y;
    names[0] = CudnnGraph.X;
    names[1] = CudnnGraph.W;
    names[2] = CudnnGraph.Y;
    int at = 3;
    if (p.residual()) {
      tensors[at] = residual;
      names[at++] = CudnnGraph.RESIDUAL;
    }
    if (p.bias()) {
      tensors[at] = bias;
      names[at] = CudnnGraph.BIAS;
    }
    return run(p, names, tensors, p.direction() == Direction.DATA ? 0 : 2, p.resultBytes());
  }

  /**
   * The same for any problem.
   *
   * @param names of the tensors
   * @param result which of them is written, and has so many bytes
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
