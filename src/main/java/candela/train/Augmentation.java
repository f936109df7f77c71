package candela.train;

import candela.config.Spec;
import candela.device.Philox;
import candela.tensor.CandelaException;

/**
 * Random changes of a training picture that leave its class: a flip, a shifted crop, brightness,
 * contrast and saturation.
 *
 * @param flip whether left and right may change places
 * @param crop pixels of zero padding around, of which a crop of the old size is taken; 0 for none
 * @param colour brightness, contrast and saturation are each multiplied by 1 - colour … 1 + colour,
 *     as torchvision's ColorJitter does; 0 for none
 */
public record Augmentation(boolean flip, int crop, double colour) {
  public static final Augmentation NONE = new Augmentation(false, 0, 0);

  public Augmentation {
    if (crop < 0 || !(colour >= 0 && colour < 1)) {
      throw CandelaException.of(
          "augment: crop of 0 or more and colour of 0 to 1 expected, got %s and %s", crop, colour);
    }
  }

  /** Of {@code on:flip=true,crop=4,colour=0.2}. */
  public static Augmentation parse(String text) {
    Spec spec = Spec.parse(text);
    if (!spec.name().equals("on")) {
      throw CandelaException.of("on:flip=…,crop=…,colour=… expected, got '%s'", text);
    }
    var a =
        new Augmentation(
            spec.bool("flip", true), spec.integer("crop", 0, 0, 1024), spec.number("colour", 0));
    spec.finish();
    return a;
  }

  /**
   * One picture as values of 0 to 1.
   *
   * @param levels [h,w,c]
   * @param random the picture's own stream in this epoch
   * @param to [c,h,w] from offset on
   */
  void apply(byte[] levels, int c, int h, int w, Philox random, float[] to, int offset) {
    boolean mirrored = flip && random.coin();
    int down = crop == 0 ? 0 : random.below(2 * crop + 1) - crop;
    int across = crop == 0 ? 0 : random.below(2 * crop + 1) - crop;
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        int fromY = y + down;
        int fromX = (mirrored ? w - 1 - x : x) + across;
        boolean inside = fromY >= 0 && fromY < h && fromX >= 0 && fromX < w;
        for (int k = 0; k < c; k++) {
          float v = inside ? (levels[(fromY * w + fromX) * c + k] & 255) / 255f : 0;
          to[offset + (k * h + y) * w + x] = v;
        }
      }
    }
    if (colour > 0) {
      jitter(c, h * w, random, to, offset);
    }
  }

  private void jitter(int c, int n, Philox random, float[] to, int offset) {
    double brightness = random.uniform(1 - colour, 1 + colour);
    double contrast = random.uniform(1 - colour, 1 + colour);
    double saturation = random.uniform(1 - colour, 1 + colour);
    double mean = 0;
    for (int i = 0; i < n; i++) {
      mean += brightness * grey(c, n, i, to, offset) / n;
    }
    for (int i = 0; i < n; i++) {
      double grey = grey(c, n, i, to, offset) * brightness;
      for (int k = 0; k < c; k++) {
        double v = to[offset + k * n + i] * brightness;
        v = grey + (v - grey) * saturation;
        v = mean + (v - mean) * contrast;
        to[offset + k * n + i] = (float) Math.clamp(v, 0, 1);
      }
    }
  }

  private static double grey(int c, int n, int i, float[] x, int offset) {
    return c == 1
        ? x[offset + i]
        : 0.299 * x[offset + i] + 0.587 * x[offset + n + i] + 0.114 * x[offset + 2 * n + i];
  }
}
