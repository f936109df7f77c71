package candela.image;

import java.util.Arrays;

/** Pixels to draw on, white at first; what lies outside is left out. For one thread. */
final class Canvas {
  private final int width;
  private final int height;
  private final byte[] rgb;

  Canvas(int width, int height) {
    this.width = width;
    this.height = height;
    this.rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) 255);
  }

  /** The pixels as they are now. */
  Image image() {
    return new Image(width, height, rgb.clone());
  }

  void fill(int x, int y, int w, int h, int color) {
    for (int j = Math.max(y, 0); j < Math.min(y + h, height); j++) {
      for (int i = Math.max(x, 0); i < Math.min(x + w, width); i++) {
        set(i, j, color, 255);
      }
    }
  }

  /** A frame of one pixel around the rectangle. */
  void frame(int x, int y, int w, int h, int color) {
    fill(x - 1, y - 1, w + 2, 1, color);
    fill(x - 1, y + h, w + 2, 1, color);
    fill(x - 1, y, 1, h, color);
    fill(x + w, y, 1, h, color);
  }

  /** A line with round ends between the middles of two points, its edges smooth. */
  void line(double x0, double y0, double x1, double y1, double thick, int color) {
    double dx = x1 - x0;
    double dy = y1 - y0;
    double square = dx * dx + dy * dy;
    int reach = (int) Math.ceil(thick / 2) + 1;
    int top = Math.max(0, (int) Math.min(y0, y1) - reach);
    int bottom = Math.min(height - 1, (int) Math.max(y0, y1) + reach);
    int left = Math.max(0, (int) Math.min(x0, x1) - reach);
    int right = Math.min(width - 1, (int) Math.max(x0, x1) + reach);
    for (int j = top; j <= bottom; j++) {
      for (int i = left; i <= right; i++) {
        double along = square == 0 ? 0 : ((i - x0) * dx + (j - y0) * dy) / square;
        double t = Math.clamp(along, 0.0, 1.0);
        double far = Math.hypot(i - x0 - t * dx, j - y0 - t * dy);
        int cover = (int) Math.rint(255 * Math.clamp(thick / 2 + 0.5 - far, 0.0, 1.0));
        if (cover > 0) {
          set(i, j, color, cover);
        }
      }
    }
  }

  void draw(Image image, int x, int y) {
    int w = Math.min(image.width(), width - x);
    for (int j = 0; j < Math.min(image.height(), height - y); j++) {
      System.arraycopy(image.rgb(), 3 * j * image.width(), rgb, 3 * ((y + j) * width + x), 3 * w);
    }
  }

  /** A line of text that starts at x on a baseline. */
  void text(String text, Font font, double x, int baseline, int color) {
    font.draw(
        text,
        x,
        (i, j, cover) -> {
          int at = baseline + j;
          if (i >= 0 && i < width && at >= 0 && at < height) {
            set(i, at, color, cover);
          }
        });
  }

  private void set(int x, int y, int color, int cover) {
    int at = 3 * (y * width + x);
    for (int c = 0; c < 3; c++) {
      int to = color >> (16 - 8 * c) & 255;
      int from = rgb[at + c] & 255;
      rgb[at + c] = (byte) ((from * (255 - cover) + to * cover + 127) / 255);
    }
  }
}
