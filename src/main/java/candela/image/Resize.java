package candela.image;

import candela.tensor.CandelaException;
import java.util.stream.IntStream;

/**
 * Pictures and maps of another size, along the width first, then the height.
 *
 * <p>Pictures come out as PIL's {@code Image.resize}, bit for bit: weights in fixed point, and a
 * rounding to 8 bits between the two passes. (From version 12 on PIL begins with the height where a
 * picture is more than 100 times as high as wide.)
 */
public final class Resize {
  private Resize() {}

  /** image at width x height. */
  public static Image of(Image image, int width, int height, Filter filter) {
    check(width, height);
    check(width, image.height());
    byte[] rgb = image.rgb();
    if (width != image.width()) {
      rgb = pass(rgb, image.height(), 3, Taps.of(image.width(), width, filter));
    }
    if (height != image.height()) {
      rgb = pass(rgb, 1, 3 * width, Taps.of(image.height(), height, filter));
    }
    return new Image(width, height, rgb);
  }

  /** x[h,w] at [height,width]; sums in double. NaN spreads as far as the filter reaches. */
  public static float[] of(float[] x, int h, int w, int height, int width, Filter filter) {
    check(width, height);
    float[] y = width == w ? x.clone() : pass(x, h, 1, Taps.of(w, width, filter));
    return height == h ? y : pass(y, 1, width, Taps.of(h, height, filter));
  }

  private static void check(int width, int height) {
    if (width < 1 || height < 1 || (long) width * height > Image.MAX_PIXELS) {
      throw CandelaException.of(
          "resize: 1 to %d pixels expected, got %d x %d", Image.MAX_PIXELS, width, height);
    }
  }

  /** y[outer,out,inner] = sum of taps of x[outer,in,inner], rounded and clamped to 0 … 255. */
  private static byte[] pass(byte[] x, int outer, int inner, Taps taps) {
    int[][] weights = IntStream.range(0, taps.out()).mapToObj(taps::fixed).toArray(int[][]::new);
    byte[] y = new byte[outer * taps.out() * inner];
    for (int o = 0; o < outer; o++) {
      for (int j = 0; j < taps.out(); j++) {
        int from = (o * taps.in() + taps.first()[j]) * inner;
        int to = (o * taps.out() + j) * inner;
        for (int i = 0; i < inner; i++) {
          int sum = 1 << (Taps.BITS - 1);
          int at = from + i;
          for (int weight : weights[j]) {
            sum += (x[at] & 255) * weight;
            at += inner;
          }
          y[to + i] = (byte) Math.clamp(sum >> Taps.BITS, 0, 255);
        }
      }
    }
    return y;
  }

  /** A whole multiple of a picture, whose longer side has so many pixels at least. */
  public static Image enlarged(Image picture, int side) {
    int longer = Math.max(picture.width(), picture.height());
    int times = Math.max(1, Math.ceilDiv(side, longer));
    return of(picture, times * picture.width(), times * picture.height(), Filter.NEAREST);
  }

  /** A picture whose longer side has so many pixels. */
  public static Image within(Image picture, int side) {
    int longer = Math.max(picture.width(), picture.height());
    int width = Math.max(1, picture.width() * side / longer);
    int height = Math.max(1, picture.height() * side / longer);
    return of(picture, width, height, Filter.BILINEAR);
  }

  private static float[] pass(float[] x, int outer, int inner, Taps taps) {
    float[] y = new float[outer * taps.out() * inner];
    for (int o = 0; o < outer; o++) {
      for (int j = 0; j < taps.out(); j++) {
        int from = (o * taps.in() + taps.first()[j]) * inner;
        int to = (o * taps.out() + j) * inner;
        for (int i = 0; i < inner; i++) {
          double sum = 0;
          int at = from + i;
          for (double weight : taps.weights()[j]) {
            sum += x[at] * weight;
            at += inner;
          }
          y[to + i] = (float) sum;
        }
      }
    }
    return y;
  }
}
