package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Other pixels of a feature map than those that are held: x[N,…], corner[N,2] (int32: top and left
 * of each row's window in the image), then base, the map of the image without windows, unless x is
 * whole. Maps are [N,H,W,C], or [N,C,H,W] where channels come first.
 *
 * @param from what x holds, as {@link candela.device.Patch#patch} takes it
 * @param to what y holds
 * @param h height of the whole map
 * @param w width of the whole map
 * @param outside the value of pixels outside it
 */
public record Patch(int[] from, int[] to, int h, int w, boolean channelsFirst, float outside)
    implements Op {
  private static final int CORNER = 1;
  private static final int BASE = 2;
  private static final int SIDE = 6;

  private int down() {
    return channelsFirst ? 2 : 1;
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    return List.of(x.with(down(), to[SIDE - 1]).with(down() + 1, to[2 * SIDE - 1]));
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    boolean based = s.node().inputs().size() > BASE;
    s.device()
        .kernels()
        .patch()
        .patch(
            x.dim(0),
            channelsFirst ? x.dim(1) : 1,
            h,
            w,
            channelsFirst ? 1 : x.dim(3),
            from,
            to,
            outside,
            s.x(CORNER).data(),
            based ? s.x(BASE).data() : MemorySegment.NULL,
            s.x().data(),
            s.y().data());
  }

  @Override
  public boolean differentiable(int i) {
    return false;
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public boolean isShared(int i) {
    return i == BASE;
  }
}
