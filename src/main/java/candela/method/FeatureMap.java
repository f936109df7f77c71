package candela.method;

import candela.tensor.CandelaException;
import candela.tensor.Shape;

/**
 * A layer's values, or their gradients, for one image as channels of a map.
 *
 * @param values [channels,h,w]
 */
record FeatureMap(int channels, int h, int w, float[] values) {
  /**
   * Reads [1,c,h,w]; tokens [1,t,c] of a square image, a class token before them left out; a vector
   * [1,c] as one pixel.
   */
  static FeatureMap of(String method, String layer, Shape s, float[] values) {
    return switch (s.rank()) {
      case 4 -> new FeatureMap(s.dim(1), s.dim(2), s.dim(3), values);
      case 3 -> tokens(method, layer, s, values);
      case 2 -> new FeatureMap(s.dim(1), 1, 1, values);
      default -> throw wrong(method, layer, s);
    };
  }

  private static FeatureMap tokens(String method, String layer, Shape s, float[] values) {
    int t = s.dim(1);
    int c = s.dim(2);
    int side = (int) Math.sqrt(t);
    int extra = t - side * side;
    if (extra > 1) {
      throw wrong(method, layer, s);
    }
    float[] turned = new float[side * side * c];
    for (int i = 0; i < side * side; i++) {
      for (int k = 0; k < c; k++) {
        turned[k * side * side + i] = values[(i + extra) * c + k];
      }
    }
    return new FeatureMap(c, side, side, turned);
  }

  private static CandelaException wrong(String method, String layer, Shape s) {
    return CandelaException.of(
        "%s: layer: a map [c,h,w] or tokens of a square image expected, '%s' is %s; name another"
            + " value of the model",
        method, layer, s);
  }

  int pixels() {
    return h * w;
  }

  double at(int channel, int pixel) {
    return values[channel * pixels() + pixel];
  }

  /** Value by value; of the same shape. */
  FeatureMap times(FeatureMap other) {
    float[] product = new float[values.length];
    for (int i = 0; i < product.length; i++) {
      product[i] = values[i] * other.values[i];
    }
    return new FeatureMap(channels, h, w, product);
  }

  /** Sum over the pixels of a channel. */
  double sum(int channel) {
    double sum = 0;
    for (int i = 0; i < pixels(); i++) {
      sum += at(channel, i);
    }
    return sum;
  }
}
