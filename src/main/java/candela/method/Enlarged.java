package candela.method;

/**
 * A map [h,w] enlarged bilinearly to [height,width], and the way back: pixels lie between the
 * centres of the map's.
 */
final class Enlarged {
  private final int h;
  private final int w;
  private final int height;
  private final int width;

  Enlarged(int h, int w, int height, int width) {
    this.h = h;
    this.w = w;
    this.height = height;
    this.width = width;
  }

  /** Position of a pixel among the map's. */
  private static double at(int i, int from, int to) {
    return Math.clamp((i + 0.5) * from / to - 0.5, 0, from - 1);
  }

  float[] of(double[] map) {
    float[] y = new float[height * width];
    for (int i = 0; i < height; i++) {
      double a = at(i, h, height);
      int i0 = (int) a;
      int i1 = Math.min(i0 + 1, h - 1);
      for (int j = 0; j < width; j++) {
        double b = at(j, w, width);
        int j0 = (int) b;
        int j1 = Math.min(j0 + 1, w - 1);
        double top = map[i0 * w + j0] + (b - j0) * (map[i0 * w + j1] - map[i0 * w + j0]);
        double low = map[i1 * w + j0] + (b - j0) * (map[i1 * w + j1] - map[i1 * w + j0]);
        y[i * width + j] = (float) (top + (a - i0) * (low - top));
      }
    }
    return y;
  }

  /** The gradient of the map from that of the enlarged one. */
  double[] back(double[] dy) {
    double[] dx = new double[h * w];
    for (int i = 0; i < height; i++) {
      double a = at(i, h, height);
      int i0 = (int) a;
      int i1 = Math.min(i0 + 1, h - 1);
      for (int j = 0; j < width; j++) {
        double b = at(j, w, width);
        int j0 = (int) b;
        int j1 = Math.min(j0 + 1, w - 1);
        double g = dy[i * width + j];
        dx[i0 * w + j0] += (1 - a + i0) * (1 - b + j0) * g;
        dx[i0 * w + j1] += (1 - a + i0) * (b - j0) * g;
        dx[i1 * w + j0] += (a - i0) * (1 - b + j0) * g;
        dx[i1 * w + j1] += (a - i0) * (b - j0) * g;
      }
    }
    return dx;
  }
}
