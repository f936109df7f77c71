package candela.method;

import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;

/**
 * A smooth mask over an image and a margin around it, and the ascent of its parameters.
 *
 * <p>A parameter of 0…1 stands at every step-th pixel of the image, from the first on, and is 1 as
 * far as sigma / 2 pixels around, then a Gaussian; the mask is the smooth maximum of all, and
 * reaches sigma pixels, rounded up to steps, beyond the first and last parameters. Fong, Patrick
 * and Vedaldi 2019, section 3.2, with TorchRay's constants.
 */
final class SmoothMask {
  private static final double MOMENTUM = 0.9;
  private static final float SHARP = 20;

  private final Workspace workspace;
  private final int step;
  private final int radius;

  /** Cells of the margin, on every side. */
  private final int border;

  private final int rows;
  private final int columns;

  /** Of the mask, with the margin. */
  private final int tall;

  private final int wide;

  /** One a cell of the whole mask; those of the margin stay 0. */
  private final Tensor p;

  private final Tensor reach;
  private final Tensor mask;
  private final Tensor total;
  private final Tensor slope;
  private final Tensor dp;
  private final double[] velocity;
  private boolean moved;

  /**
   * All parameters are 1.
   *
   * @throws CandelaException when step is more than the longer side, or sigma more than two of it
   */
  SmoothMask(int h, int w, int step, double sigma, Workspace workspace) {
    int side = Math.max(h, w);
    Check.atMost(side, step, "extremal-perturbation: step, for an image of " + side + " pixels");
    Check.atMost(
        2.0 * side, sigma, "extremal-perturbation: sigma, for an image of " + side + " pixels");
    this.workspace = workspace;
    this.step = step;
    border = (int) Math.ceil(sigma / step);
    radius = 1 + border;
    rows = Math.ceilDiv(h, step);
    columns = Math.ceilDiv(w, step);
    tall = (rows - 1) * step + 1 + 2 * border * step;
    wide = (columns - 1) * step + 1 + 2 * border * step;
    Shape cells = Shape.of(rows + 2 * border, columns + 2 * border);
    float[] first = new float[cells.count()];
    for (int i = 0; i < rows * columns; i++) {
      first[cell(i)] = 1;
    }
    p = workspace.tensor(cells, first);
    dp = workspace.tensor(cells);
    mask = workspace.tensor(Shape.of(tall, wide));
    total = workspace.tensor(Shape.of(tall, wide));
    slope = workspace.tensor(Shape.of(tall, wide));
    velocity = new double[rows * columns];
    reach = reach(sigma);
  }

  private Tensor reach(double sigma) {
    int span = (2 * radius + 1) * step;
    int centre = radius * step;
    float[] k = new float[span * span];
    for (int i = 0; i < k.length; i++) {
      double d = Math.hypot(i / span - centre, i % span - centre) / sigma - 0.5;
      k[i] = (float) Math.exp(-2 * Math.pow(Math.max(d, 0), 2));
    }
    return workspace.tensor(Shape.of(span, span), k);
  }

  private int cell(int i) {
    return (i / columns + border) * (columns + 2 * border) + i % columns + border;
  }

  /** Where the mask has each pixel of an image [h,w]. */
  int[] places(int h, int w) {
    int[] place = new int[h * w];
    Arrays.setAll(place, i -> (i / w + border * step) * wide + i % w + border * step);
    return place;
  }

  /** The mask as the parameters are, 0…1, with its margin. */
  float[] values() {
    workspace
        .device()
        .kernels()
        .mask()
        .smoothMax(
            tall, wide, step, radius, SHARP, reach.data(), p.data(), mask.data(), total.data());
    return workspace.device().read(mask);
  }

  /** A step of the parameters up the slope of every value that {@link #values} gave last. */
  void ascend(float[] up, double rate) {
    workspace.device().write(slope, up);
    workspace
        .device()
        .kernels()
        .mask()
        .smoothMaxBackward(
            tall,
            wide,
            step,
            radius,
            SHARP,
            reach.data(),
            p.data(),
            mask.data(),
            total.data(),
            slope.data(),
            dp.data());
    float[] gradient = workspace.device().read(dp);
    float[] now = workspace.device().read(p);
    for (int i = 0; i < velocity.length; i++) {
      int at = cell(i);
      // PyTorch's momentum: the first gradient counts in full, later ones are dampened
      velocity[i] = moved ? MOMENTUM * velocity[i] + (1 - MOMENTUM) * gradient[at] : gradient[at];
      now[at] = (float) Math.clamp(now[at] + rate * velocity[i], 0, 1);
    }
    moved = true;
    workspace.device().write(p, now);
  }
}
