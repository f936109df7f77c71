package candela.metric;

import candela.device.Device;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.util.List;

/** An image, row 0, and images nearby: asked once for all maps of the image. */
abstract class NearbyRows<R> extends Sampled<R> {
  final Device device;
  private final Neighbours nearby;
  private final Explained explained;
  private boolean asked;

  NearbyRows(Ask ask, Neighbours nearby, Explained explained, Workspace workspace) {
    super(ask, explained.shape(), explained.target(), nearby.samples() + 1);
    device = workspace.device();
    this.nearby = nearby;
    this.explained = explained;
  }

  /** The probe for the first who comes, who asks for all; none for others. */
  final List<Probe<?>> toAsk() {
    boolean first = !asked;
    asked = true;
    return first ? List.of(this) : List.of();
  }

  @Override
  protected final void fill(int first, Tensor rows) {
    for (int i = 0; i < rows.shape().dim(0); i++) {
      int row = first + i;
      float[] image = row == 0 ? explained.pixels() : nearby.image(explained, row - 1);
      device.write(rows.rows(i, i + 1), image);
    }
  }

  final boolean isThrough() {
    return taken() == all();
  }
}
