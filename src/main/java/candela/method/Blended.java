package candela.method;

import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Writes an image under soft masks, a row a mask: what a mask hides shows the fill. To an inpainter
 * everything is missing that is hidden by more than half.
 *
 * <p>Its memory is the workspace's. For the thread that uses the device.
 */
final class Blended {
  private static final float HALF = 0.5f;

  private final Workspace workspace;
  private final float[] pixels;
  private final int area;
  private final Tensor x;

  /** One image for all masks; null where each has one made up. */
  private final Tensor other;

  private final Inpainter.Filling filling;

  /** What was made up for the rows written last, here and on the device. */
  private float[] made;

  private Tensor onDevice;

  /** x − y where there is one y. */
  private float[] same;

  Blended(Subject subject, Workspace workspace, Fill fill, Inpainter inpainter, long seed) {
    this(
        subject,
        workspace,
        fill == Fill.INPAINT ? null : fill.image(subject, seed, workspace),
        fill == Fill.INPAINT ? inpainter.open(subject.image(), subject.levels(), workspace) : null);
  }

  /** What a mask hides shows the other image. */
  Blended(Subject subject, Workspace workspace, Tensor other) {
    this(subject, workspace, other, null);
  }

  private Blended(Subject subject, Workspace workspace, Tensor other, Inpainter.Filling filling) {
    this.workspace = workspace;
    this.other = other;
    this.filling = filling;
    pixels = subject.pixels();
    area = subject.image().count(1, 3);
    x = workspace.tensor(subject.shape(), pixels);
  }

  /** rows[r] = y[r] + mask[r] (x − y[r]), y[r] the fill; mask[n,h·w] for n rows or more. */
  void write(Tensor mask, Tensor rows) {
    int n = rows.shape().dim(0);
    if (filling == null) {
      blend(n, mask, other, rows);
      return;
    }
    float[] m = workspace.device().read(mask.rows(0, n));
    byte[] hole = new byte[m.length];
    for (int i = 0; i < m.length; i++) {
      hole[i] = (byte) (m[i] < HALF ? 1 : 0);
    }
    made = new float[rows.count()];
    filling.fill(pixels, hole, made);
    if (onDevice == null || onDevice.shape().dim(0) < n) {
      onDevice = workspace.tensor(rows.shape());
    }
    workspace.device().write(onDevice.rows(0, n), made);
    for (int r = 0; r < n; r++) {
      blend(1, mask.rows(r, r + 1), onDevice.rows(r, r + 1), rows.rows(r, r + 1));
    }
  }

  private void blend(int n, Tensor mask, Tensor y, Tensor rows) {
    workspace
        .device()
        .kernels()
        .mask()
        .blend(
            n,
            pixels.length,
            area,
            mask.data(),
            MemorySegment.NULL,
            x.data(),
            y.data(),
            rows.data());
  }

  /** x − y[r] of a row written last; not to be changed. */
  float[] apart(int row) {
    if (filling != null) {
      return less(made, row * pixels.length);
    }
    if (same == null) {
      same = less(workspace.device().read(other), 0);
    }
    return same;
  }

  private float[] less(float[] y, int at) {
    float[] apart = new float[pixels.length];
    for (int i = 0; i < apart.length; i++) {
      apart[i] = pixels[i] - y[at + i];
    }
    return apart;
  }
}
