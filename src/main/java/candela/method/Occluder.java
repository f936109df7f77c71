package candela.method;

import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Writes an image with a window filled, a row a window.
 *
 * <p>Its memory is the workspace's. For the thread that uses the device.
 */
final class Occluder {
  private final Workspace workspace;
  private final Shape image;
  private final Tensor x;

  /** One image for all windows; null where each is made up from what surrounds it. */
  private final Tensor other;

  private final Inpainted inpainted;

  Occluder(Subject subject, Workspace workspace, Fill fill, Inpainter inpainter, long seed) {
    this.workspace = workspace;
    image = subject.image();
    x = workspace.tensor(subject.shape(), subject.pixels());
    boolean inpaint = fill == Fill.INPAINT;
    other = inpaint ? null : fill.image(subject, seed, workspace);
    inpainted = inpaint ? new Inpainted(inpainter, subject, workspace) : null;
  }

  /** The image without windows. */
  Tensor image() {
    return x;
  }

  /**
   * rows[r] = x with window first + r filled.
   *
   * @param windows [n,4]
   * @param onDevice the same
   */
  void occlude(int[] windows, MemorySegment onDevice, int first, Tensor rows) {
    int n = rows.shape().dim(0);
    if (inpainted != null) {
      inpainted.write(holes(windows, first, n), rows);
      return;
    }
    workspace
        .device()
        .kernels()
        .mask()
        .occlude(
            n,
            image.dim(0),
            image.dim(1),
            image.dim(2),
            x.data(),
            other.data(),
            onDevice.asSlice((long) first * Windows.EDGES * Integer.BYTES),
            rows.data());
  }

  private byte[] holes(int[] windows, int first, int rows) {
    int w = image.dim(2);
    byte[] hole = new byte[rows * image.dim(1) * w];
    for (int r = 0; r < rows; r++) {
      int at = (first + r) * Windows.EDGES;
      for (int i = windows[at]; i < windows[at + 2]; i++) {
        int line = (r * image.dim(1) + i) * w;
        Arrays.fill(hole, line + windows[at + 1], line + windows[at + 3], (byte) 1);
      }
    }
    return hole;
  }
}
