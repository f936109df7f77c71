package candela.method;

import candela.device.Device;
import candela.probe.Answers;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a method found.
 *
 * @param shape [c,h,w]; c is 1 where the method gives one value a pixel
 * @param values in that shape; not to be changed
 * @param channels how the channels become one map
 * @param notes further numbers, such as the convergence delta, in a fixed order
 * @param reduced that map, where a device made it; null where {@link #map} is to
 * @param feature of every value, where all values of a feature are what the whole feature has; else
 *     null
 */
public record Attribution(
    Shape shape,
    float[] values,
    Channels channels,
    Map<String, Double> notes,
    float[] reduced,
    int[] feature) {
  /** The note of how many features too few samples do not tell apart. */
  static final String UNDETERMINED = "undetermined";

  public Attribution(Shape shape, float[] values, Channels channels, Map<String, Double> notes) {
    this(shape, values, channels, notes, null, null);
  }

  /**
   * Of values[c,h,w] on the workspace's device, where their channels become one: the bits of {@link
   * Channels}.
   *
   * @param all whether all channels are wanted; else the one they become is the only one
   * @param map [h*w] on the device, for that one
   */
  static Attribution read(
      Workspace workspace,
      Shape shape,
      Tensor values,
      Channels channels,
      Map<String, Double> notes,
      boolean all,
      Tensor map) {
    Device device = workspace.device();
    int n = shape.count(1, 3);
    channels.reduce(device, values.data(), shape.dim(0), map);
    if (!all) {
      float[] one = device.read(map);
      return new Attribution(shape.with(0, 1), one, channels, notes, one, null);
    }
    float[] reduced = new float[n];
    Runnable arrival = device.copyOutLater(map.data(), MemorySegment.ofArray(reduced));
    float[] each;
    try {
      each = device.read(values);
    } finally {
      arrival.run();
    }
    return new Attribution(shape, each, channels, notes, reduced, null);
  }

  /**
   * The same with one channel, handed over when it is there: a card goes on with the next batch
   * meanwhile.
   *
   * @param answers those that values came with
   */
  static void readLater(
      Workspace workspace,
      Shape shape,
      Tensor values,
      Channels channels,
      Map<String, Double> notes,
      Answers answers,
      Consumer<Attribution> taker) {
    float[] one = new float[shape.count(1, 3)];
    Tensor map = workspace.unset(Shape.of(one.length));
    channels.reduce(workspace.device(), values.data(), shape.dim(0), map);
    var found = new Attribution(shape.with(0, 1), one, channels, notes, one, null);
    answers.copyLater(map, one, () -> taker.accept(found));
  }

  /** One value a pixel: [h,w]; not to be changed. */
  public float[] map() {
    int c = shape.dim(0);
    return reduced != null ? reduced : channels.reduce(values, c, values.length / c);
  }

  /** Whether all values are 0. */
  public boolean isZero() {
    for (float v : values) {
      if (v != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether all pixels of several are equal. */
  public boolean isFlat() {
    float[] map = map();
    for (float v : map) {
      if (v != map[0]) {
        return false;
      }
    }
    return map.length > 1;
  }

  /** What each pixel adds: {@link #map}, of a feature the part of a pixel. Not to be changed. */
  public float[] contributions() {
    if (feature == null) {
      return map();
    }
    int[] size = new int[Arrays.stream(feature).max().orElse(-1) + 1];
    for (int f : feature) {
      size[f]++;
    }
    float[] part = new float[values.length];
    for (int i = 0; i < part.length; i++) {
      part[i] = values[i] / size[feature[i]];
    }
    int c = shape.dim(0);
    return channels.reduce(part, c, part.length / c);
  }

  public int height() {
    return shape.dim(1);
  }

  public int width() {
    return shape.dim(2);
  }
}
