package candela.method;

import candela.probe.Workspace;
import candela.tensor.Tensor;

/** One image with holes, filled by an {@link Inpainter}. For the thread that uses the device. */
final class Inpainted {
  private final Inpainter.Filling filling;
  private final float[] pixels;
  private final Workspace workspace;

  Inpainted(Inpainter inpainter, Subject subject, Workspace workspace) {
    filling = inpainter.open(subject.image(), subject.levels(), workspace);
    pixels = subject.pixels();
    this.workspace = workspace;
  }

  /** rows[n,…] = the image, made up where hole[n,h,w] is not 0. */
  void write(byte[] hole, Tensor rows) {
    float[] y = new float[rows.count()];
    filling.fill(pixels, hole, y);
    workspace.device().write(rows, y);
  }
}
