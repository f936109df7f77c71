package candela.train;

import candela.device.Philox;
import java.util.Locale;

/**
 * Damage planted in a picture, and where it is.
 *
 * <p><i>Source</i>: Zhou et al. 2022, whose places are scaled from 224 pixels to the picture's
 * size. <i>Differences</i>: the changes are stronger, since at 64 pixels theirs would be lost: blur
 * beyond half a side from the middle with deviation 1.5 (theirs 130 pixels, 1), hue turned by 0.15
 * (0.04), 15 % of the noise rows' pixels replaced (2 %).
 */
enum Artefact {
  NONE,
  /** A line of letters at the bottom. */
  WATERMARK,
  /** Upright stripe of turned hue. */
  HUE,
  /** Blurred corners. */
  BLUR,
  /** A darker disc in the middle. */
  BRIGHTNESS,
  /** Coloured noise in some rows. */
  NOISE;

  /** Letters of 3 x 5 cells, a row of a letter being three bits: CANDELA. */
  private static final int[][] LETTERS = {
    {7, 4, 4, 4, 7},
    {2, 5, 7, 5, 5},
    {5, 7, 7, 7, 5},
    {6, 5, 5, 5, 6},
    {7, 4, 6, 4, 7},
    {4, 4, 4, 4, 7},
    {2, 5, 7, 5, 5}
  };

  /** As options write it. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether the pixel is in the region that the artefact changes. */
  boolean covers(int x, int y, int size) {
    double scale = size / 224.0;
    double far = Math.hypot(x + 0.5 - size / 2.0, y + 0.5 - size / 2.0);
    return switch (this) {
      case NONE -> false;
      case WATERMARK -> letter(x, y, size);
      case HUE -> x >= Math.round(62 * scale) && x < Math.round(162 * scale);
      case BLUR -> far > size / 2.0;
      case BRIGHTNESS -> far < 50 * scale;
      case NOISE -> y >= Math.round(102 * scale) && y < Math.round(122 * scale);
    };
  }

  private static boolean letter(int x, int y, int size) {
    double cell = Math.max(1, size / 64.0);
    int row = (int) Math.floor((y - Math.round(size * 200 / 224.0)) / cell);
    int column = (int) Math.floor((x - Math.round(size * 20 / 224.0)) / (1.5 * cell));
    if (row < 0 || row > 4 || column < 0 || column / 4 >= LETTERS.length || column % 4 == 3) {
      return false;
    }
    return (LETTERS[column / 4][row] >> (2 - column % 4) & 1) != 0;
  }

  /** Plants it in rgb[size,size,3] of 0 to 1. */
  void plant(double[] rgb, int size, Philox random) {
    double[] before = rgb.clone();
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        if (covers(x, y, size)) {
          change(before, rgb, x, y, size, random);
        }
      }
    }
  }

  private void change(double[] from, double[] to, int x, int y, int size, Philox random) {
    int at = 3 * (y * size + x);
    switch (this) {
      case WATERMARK -> {
        for (int c = 0; c < 3; c++) {
          to[at + c] = 0.25 * from[at + c] + 0.75;
        }
      }
      case HUE -> {
        double[] hsv = Colours.hsv(from[at], from[at + 1], from[at + 2]);
        System.arraycopy(Colours.rgb(hsv[0] + 0.15, hsv[1], hsv[2]), 0, to, at, 3);
      }
      case BLUR -> blur(from, to, x, y, size);
      case BRIGHTNESS -> {
        for (int c = 0; c < 3; c++) {
          to[at + c] = Math.max(0, from[at + c] - 0.2);
        }
      }
      case NOISE -> {
        if (random.uniform() < 0.15) {
          for (int c = 0; c < 3; c++) {
            to[at + c] = random.uniform();
          }
        }
      }
      case NONE -> {}
    }
  }

  private static void blur(double[] from, double[] to, int x, int y, int size) {
    double total = 0;
    double[] sum = new double[3];
    for (int dy = -4; dy <= 4; dy++) {
      for (int dx = -4; dx <= 4; dx++) {
        int u = Math.clamp(x + dx, 0, size - 1);
        int v = Math.clamp(y + dy, 0, size - 1);
        double w = StrictMath.exp(-(dx * dx + dy * dy) / (2 * 1.5 * 1.5));
        total += w;
        for (int c = 0; c < 3; c++) {
          sum[c] += w * from[3 * (v * size + u) + c];
        }
      }
    }
    for (int c = 0; c < 3; c++) {
      to[3 * (y * size + x) + c] = sum[c] / total;
    }
  }
}
