package candela.method;

import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Images on the straight line from a baseline to the subject. Lives as long as its workspace. */
final class StraightPath {
  /** The image, at 1. */
  final Tensor x;

  /** The baseline, at 0. */
  final Tensor b;

  private final Workspace workspace;
  private final MemorySegment alpha;

  /**
   * @param points where each row lies, from 0 to 1
   */
  StraightPath(Subject subject, Workspace workspace, Baseline baseline, long seed, float[] points) {
    this.workspace = workspace;
    x = workspace.tensor(subject.shape(), subject.pixels());
    b = baseline.of(subject, seed, workspace);
    alpha = workspace.floats(points);
  }

  /** Writes the rows that start with this one. */
  void fill(int first, Tensor rows) {
    workspace
        .device()
        .kernels()
        .noise()
        .interpolate(
            rows.shape().dim(0),
            x.count(),
            b.data(),
            x.data(),
            alpha.asSlice(first * 4L),
            rows.data());
  }
}
