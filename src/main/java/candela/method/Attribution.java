package candela.method;

import candela.tensor.Shape;
import java.util.Map;

/**
 * What a method found.
 *
 * @param shape [c,h,w]; c is 1 where the method gives one value a pixel
 * @param values in that shape
 * @param channels how the channels become one map
 * @param notes further numbers, such as the convergence delta, in a fixed order
 */
public record Attribution(
    Shape shape, float[] values, Channels channels, Map<String, Double> notes) {
  /** One value a pixel: [h,w]. */
  public float[] map() {
    int c = shape.dim(0);
    return channels.reduce(values, c, values.length / c);
  }

  public int height() {
    return shape.dim(1);
  }

  public int width() {
    return shape.dim(2);
  }
}
