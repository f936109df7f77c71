package candela.method;

import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * What a method found.
 *
 * @param shape [c,h,w]; c is 1 where the method gives one value a pixel
 * @param values in that shape
 * @param channels how the channels become one map
 * @param notes further numbers, such as the convergence delta, in a fixed order
 * @param reduced that map, where a device made it; null where {@link #map} is to
 */
public record Attribution(
    Shape shape, float[] values, Channels channels, Map<String, Double> notes, float[] reduced) {
  public Attribution(Shape shape, float[] values, Channels channels, Map<String, Double> notes) {
    this(shape, values, channels, notes, null);
  }

  /** Of values[c,h,w] on the workspace's device, where their channels become one: the same bits. */
  static Attribution read(
      Workspace workspace,
      Shape shape,
      Tensor values,
      Channels channels,
      Map<String, Double> notes) {
    int n = shape.count(1, 3);
    var map = workspace.unset(Shape.of(n));
    channels.reduce(workspace.device(), values.data(), shape.dim(0), map);
    float[] reduced = new float[n];
    Runnable arrival = workspace.device().copyOutLater(map.data(), MemorySegment.ofArray(reduced));
    float[] all = workspace.device().read(values);
    arrival.run();
    return new Attribution(shape, all, channels, notes, reduced);
  }

  /** One value a pixel: [h,w]. */
  public float[] map() {
    int c = shape.dim(0);
    return reduced != null ? reduced.clone() : channels.reduce(values, c, values.length / c);
  }

  public int height() {
    return shape.dim(1);
  }

  public int width() {
    return shape.dim(2);
  }
}
