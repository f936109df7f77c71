package candela.metric;

import candela.image.Image;
import candela.image.Preprocess;
import candela.tensor.CandelaException;
import java.util.List;

/** The pixels of a network's input that show the class, from boxes on the photo. */
public final class Truth {
  private Truth() {}

  /**
   * A box on a photo, in its pixels.
   *
   * @param x0 first column
   * @param y0 first row
   * @param x1 first column right of it
   * @param y1 first row below it
   */
  public record Box(int x0, int y0, int x1, int y1) {
    public Box {
      if (x0 < 0 || y0 < 0 || x1 <= x0 || y1 <= y0) {
        throw CandelaException.of(
            "box: 0 <= x0 < x1 and 0 <= y0 < y1 expected, got %d, %d, %d, %d", x0, y0, x1, y1);
      }
    }
  }

  /**
   * The union of the boxes as the network sees it: drawn white on black, resized and cropped as the
   * photo is, and cut at the middle.
   *
   * @param photoWidth of the photo, in pixels
   * @param photoHeight of the photo, in pixels
   * @return [h,w]
   */
  public static boolean[] of(
      List<Box> boxes, int photoWidth, int photoHeight, Preprocess preprocess, int h, int w) {
    byte[] rgb = new byte[3 * photoWidth * photoHeight];
    for (Box b : boxes) {
      for (int y = b.y0(); y < Math.min(b.y1(), photoHeight); y++) {
        for (int x = b.x0(); x < Math.min(b.x1(), photoWidth); x++) {
          int at = 3 * (y * photoWidth + x);
          rgb[at] = rgb[at + 1] = rgb[at + 2] = (byte) 255;
        }
      }
    }
    Preprocess grey =
        new Preprocess(
            preprocess.fit(),
            preprocess.crop(),
            preprocess.filter(),
            Preprocess.Order.RGB,
            255,
            List.of(0f),
            List.of(1f));
    float[] share = grey.apply(new Image(photoWidth, photoHeight, rgb), 1, h, w);
    boolean[] truth = new boolean[h * w];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = share[i] >= 0.5f;
    }
    return truth;
  }

  /** Whether there are any. */
  static boolean shows(boolean[] truth) {
    for (boolean t : truth) {
      if (t) {
        return true;
      }
    }
    return false;
  }
}
