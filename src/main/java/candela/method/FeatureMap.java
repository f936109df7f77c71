package candela.method;

import candela.graph.Layout;
import candela.graph.Unsuited;
import candela.probe.Answers;
import candela.tensor.Shape;
import java.util.Map;

/**
 * A layer's values, or their gradients, for one image as channels of a map.
 *
 * @param values [channels,h,w]
 */
record FeatureMap(int channels, int h, int w, float[] values) {
  /** Tokens beside those of the image: its class, registers. */
  private static final int MOST_EXTRA = 16;

  /** Of the values that answers hold, where they may be tokens; null else, and where not known. */
  static Layout layout(Answers answers) {
    return answers.values().shape().rank() == 3 ? answers.layout() : null;
  }

  /**
   * Reads [1,c,h,w], or [1,h,w,c] where only that has the image's proportions; tokens [1,t,c] of
   * the image's patches; a vector [1,c] as one pixel.
   *
   * @param image [c,h,w]
   * @param layout of tokens; null for row by row, class token and registers before them
   */
  static FeatureMap of(
      String method, String layer, Shape image, Layout layout, Shape s, float[] values) {
    int height = image.dim(1);
    int width = image.dim(2);
    return switch (s.rank()) {
      case 4 ->
          channelsLast(s, height, width)
              ? turned(s.dim(3), s.dim(1), s.dim(2), 0, values)
              : new FeatureMap(s.dim(1), s.dim(2), s.dim(3), values);
      case 3 -> {
        FeatureMap tokens = tokens(image, layout, s, values);
        if (tokens == null) {
          throw wrong(method, layer, s);
        }
        yield tokens;
      }
      case 2 -> new FeatureMap(s.dim(1), 1, 1, values);
      default -> throw wrong(method, layer, s);
    };
  }

  /** The same of any layer: tokens that are none of the image's patches are rows of one channel. */
  static FeatureMap ofAny(Shape image, Layout layout, Shape s, float[] values) {
    return switch (s.rank()) {
      case 4 -> of("", "", image, layout, s, values);
      case 3 -> {
        FeatureMap tokens = tokens(image, layout, s, values);
        yield tokens == null ? new FeatureMap(1, s.dim(1), s.dim(2), values) : tokens;
      }
      default -> new FeatureMap(1, 1, values.length, values);
    };
  }

  /** Whether a layer's channels are its last axis. */
  static boolean channelsLast(Shape image, Shape s) {
    return s.rank() == 3 || s.rank() == 4 && channelsLast(s, image.dim(1), image.dim(2));
  }

  private static boolean channelsLast(Shape s, int height, int width) {
    boolean last = isGrid(s.dim(1), s.dim(2), height, width);
    boolean first = isGrid(s.dim(2), s.dim(3), height, width);
    return last || first
        ? last && !first
        : distance(s.dim(1), s.dim(2), height, width) < distance(s.dim(2), s.dim(3), height, width);
  }

  /**
   * How far h : w is from the image's proportions; a frame that went lost changes them a little.
   */
  private static double distance(int h, int w, int height, int width) {
    return Math.abs(Math.log((double) h * width / ((double) w * height)));
  }

  /** Whether square patches of some size cut an image into h rows of w, with a rest or none. */
  private static boolean isGrid(int h, int w, int height, int width) {
    for (int patch = 1; patch <= height; patch++) {
      boolean rows = h == height / patch || h == (height + patch - 1) / patch;
      boolean columns = w == width / patch || w == (width + patch - 1) / patch;
      if (rows && columns) {
        return true;
      }
    }
    return false;
  }

  /**
   * As laid out; of patches that the image is a whole number of; of others; of a square; else null.
   */
  private static FeatureMap tokens(Shape image, Layout layout, Shape s, float[] values) {
    if (layout != null && layout.pixels().length == s.dim(1)) {
      return placed(layout, s.dim(2), values);
    }
    for (boolean whole : new boolean[] {true, false}) {
      for (int patch = 1; patch <= Math.min(image.dim(1), image.dim(2)); patch++) {
        int h = image.dim(1) / patch;
        int w = image.dim(2) / patch;
        boolean fits = h * patch == image.dim(1) && w * patch == image.dim(2);
        int extra = s.dim(1) - h * w;
        if ((fits || !whole) && extra >= 0 && extra <= Math.min(MOST_EXTRA, h * w / 2)) {
          return turned(s.dim(2), h, w, extra, values);
        }
      }
    }
    int side = (int) Math.sqrt(s.dim(1));
    int extra = s.dim(1) - side * side;
    return extra > 1 ? null : turned(s.dim(2), side, side, extra, values);
  }

  private static FeatureMap placed(Layout layout, int channels, float[] values) {
    int n = layout.h() * layout.w();
    float[] map = new float[channels * n];
    for (int i = 0; i < layout.pixels().length; i++) {
      for (int k = 0; k < channels && layout.pixels()[i] >= 0; k++) {
        map[k * n + layout.pixels()[i]] = values[i * channels + k];
      }
    }
    return new FeatureMap(channels, layout.h(), layout.w(), map);
  }

  /** Of pixels from the first on, each with its channels. */
  private static FeatureMap turned(int channels, int h, int w, int first, float[] values) {
    float[] turned = new float[h * w * channels];
    for (int i = 0; i < h * w; i++) {
      for (int k = 0; k < channels; k++) {
        turned[k * h * w + i] = values[(i + first) * channels + k];
      }
    }
    return new FeatureMap(channels, h, w, turned);
  }

  private static Unsuited wrong(String method, String layer, Shape s) {
    return Unsuited.of(
        "%s: layer: a map [c,h,w] or tokens of the image's patches expected, '%s' is %s; name"
            + " another value of the model",
        method, layer, s);
  }

  int pixels() {
    return h * w;
  }

  Attribution attribution(Channels joined, Map<String, Double> notes) {
    return new Attribution(Shape.of(channels, h, w), values, joined, notes);
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
