package candela.image;

import candela.tensor.CandelaException;
import java.util.Arrays;

/**
 * Superpixels: regions of about equal size and colour, by k-means over colour and place.
 *
 * <p><i>Definition</i>: levels stretched to 0 … 1, in CIE Lab where there are three channels,
 * smoothed; centres on a regular grid; ten rounds in which every pixel goes to the nearest centre
 * within two grid steps by (place / step)² + (colour / compactness)², and centres to the means of
 * their pixels; then connected parts smaller than half the mean size join a neighbour, and those
 * larger than three times are cut.
 *
 * <p><i>Source</i>: Achanta et al. 2012; step by step {@code skimage.segmentation.slic} 0.26, whose
 * labels it gives, less 1. There is no seed: nothing is drawn.
 *
 * @param segments about as many, 1 or more
 * @param compactness above 0; the larger, the squarer
 * @param sigma of the smoothing, pixels; 0 for none
 */
public record Slic(int segments, double compactness, double sigma) {
  private static final int ROUNDS = 10;
  private static final double LEAST = 0.5;
  private static final double MOST = 3;

  /** Neighbours in the order that skimage visits them. */
  private static final int[] ACROSS = {1, -1, 0, 0};

  private static final int[] DOWN = {0, 0, 1, -1};

  /** Smoothing in pixels: beyond that nothing is left of a picture. */
  private static final int WIDEST = 1000;

  public Slic {
    if (segments < 1) {
      throw CandelaException.of("slic: segments: 1 or more expected, got %d", segments);
    }
    if (!(compactness > 0) || Double.isInfinite(compactness)) {
      throw CandelaException.of(
          "slic: compactness: a number above 0 expected, got %s", compactness);
    }
    if (!(sigma >= 0 && sigma <= WIDEST)) {
      throw CandelaException.of(
          "slic: sigma: a number from 0 to %d expected, got %s", WIDEST, sigma);
    }
  }

  /** The label of every pixel, 0, 1, 2, … without gaps, of levels[c,h,w], RGB where c is 3. */
  public int[] labels(double[] levels, int c, int h, int w) {
    double[] image = stretched(levels);
    if (c == 3) {
      toLab(image, h * w);
    }
    if (sigma > 0) {
      Gaussian.smooth(image, c, h, w, sigma);
    }
    for (int i = 0; i < image.length; i++) {
      image[i] *= 1.0 / compactness;
    }
    int[] step = grid(h, w, segments);
    return connected(new Centres(image, c, h, w, step).rounds(), h, w, Centres.count(step, h, w));
  }

  private static double[] stretched(double[] levels) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (double v : levels) {
      if (!Double.isFinite(v)) {
        throw CandelaException.of("slic: finite levels expected, got %s", v);
      }
      least = Math.min(least, v);
      most = Math.max(most, v);
    }
    double[] image = new double[levels.length];
    for (int i = 0; i < image.length; i++) {
      image[i] = levels[i] - least;
      if (most != least) {
        image[i] /= most - least;
      }
    }
    return image;
  }

  /** sRGB to CIE Lab under D65, in place; [3,n]. */
  private static void toLab(double[] image, int n) {
    for (int i = 0; i < n; i++) {
      double r = linear(image[i]);
      double g = linear(image[n + i]);
      double b = linear(image[2 * n + i]);
      double x = root((r * 0.412453 + g * 0.357580 + b * 0.180423) / 0.95047);
      double y = root(r * 0.212671 + g * 0.715160 + b * 0.072169);
      double z = root((r * 0.019334 + g * 0.119193 + b * 0.950227) / 1.08883);
      image[i] = 116 * y - 16;
      image[n + i] = 500 * (x - y);
      image[2 * n + i] = 200 * (y - z);
    }
  }

  private static double linear(double level) {
    return level > 0.04045 ? Math.pow((level + 0.055) / 1.055, 2.4) : level / 12.92;
  }

  private static double root(double v) {
    return v > 0.008856 ? Math.cbrt(v) : 7.787 * v + 16.0 / 116;
  }

  /** Start down, step down, start across, step across of a regular grid of about n points. */
  static int[] grid(int h, int w, int n) {
    if ((long) h * w <= n) {
      return new int[] {0, 1, 0, 1};
    }
    int small = Math.min(h, w);
    int large = Math.max(h, w);
    double one = Math.sqrt((double) h * w / n);
    double other = one;
    if (small < one) {
      one = small;
      other = Math.min((double) large / n, large);
    }
    double down = h <= w ? one : other;
    double across = h <= w ? other : one;
    return new int[] {
      (int) Math.floor(down / 2), (int) Math.rint(down),
      (int) Math.floor(across / 2), (int) Math.rint(across)
    };
  }

  /** Labels of connected parts, small ones joined to a neighbour met last. */
  private static int[] connected(int[] nearest, int h, int w, int centres) {
    double mean = (double) (h * w) / centres;
    int least = (int) (LEAST * mean);
    int most = Math.max((int) (MOST * mean), 1);
    int[] label = new int[h * w];
    Arrays.fill(label, -1);
    int[] part = new int[most];
    int next = 0;
    for (int start = 0; start < label.length; start++) {
      if (label[start] >= 0) {
        continue;
      }
      int adjacent = next;
      label[start] = next;
      part[0] = start;
      int size = 1;
      for (int seen = 0; seen < size && size < most; seen++) {
        for (int d = 0; d < 4; d++) {
          int y = part[seen] / w + DOWN[d];
          int x = part[seen] % w + ACROSS[d];
          if (x < 0 || x >= w || y < 0 || y >= h) {
            continue;
          }
          int at = y * w + x;
          if (nearest[at] == nearest[start] && label[at] < 0) {
            label[at] = next;
            part[size++] = at;
            if (size >= most) {
              break;
            }
          } else if (label[at] >= 0 && label[at] != next) {
            adjacent = label[at];
          }
        }
      }
      if (size < least) {
        for (int i = 0; i < size; i++) {
          label[part[i]] = adjacent;
        }
      } else {
        next++;
      }
    }
    return label;
  }

  /** The k-means. */
  private static final class Centres {
    private final double[] image;
    private final int c;
    private final int h;
    private final int w;
    private final int count;

    /** Step of the window down and across, and the longer step of the grid. */
    private final int down;

    private final int across;
    private final double step;

    /** Place and colour, 2 + c values each. */
    private final double[][] centre;

    private final int[] nearest;

    Centres(double[] image, int c, int h, int w, int[] grid) {
      this.image = image;
      this.c = c;
      this.h = h;
      this.w = w;
      count = count(grid, h, w);
      centre = new double[count][2 + c];
      int at = 0;
      for (int y = grid[0]; y < h; y += grid[1]) {
        for (int x = grid[2]; x < w; x += grid[3]) {
          centre[at][0] = y;
          centre[at++][1] = x;
        }
      }
      step = Math.max(Math.max(grid[1], grid[3]), 1);
      int[] window = Slic.grid(h, w, count);
      down = window[1];
      across = window[3];
      nearest = new int[h * w];
    }

    static int count(int[] grid, int h, int w) {
      return Math.ceilDiv(h - grid[0], grid[1]) * Math.ceilDiv(w - grid[2], grid[3]);
    }

    int[] rounds() {
      double[] distance = new double[h * w];
      for (int round = 0; round < ROUNDS; round++) {
        Arrays.fill(distance, Double.MAX_VALUE);
        for (int k = 0; k < count; k++) {
          visit(k, distance);
        }
        move();
      }
      return nearest;
    }

    private void visit(int k, double[] distance) {
      double weight = 1.0 / (step * step);
      double[] m = centre[k];
      if (Double.isNaN(m[0])) {
        return; // lost all its pixels
      }
      int top = (int) Math.max(m[0] - 2 * down, 0);
      int bottom = (int) Math.min(m[0] + 2 * down + 1, h);
      int left = (int) Math.max(m[1] - 2 * across, 0);
      int right = (int) Math.min(m[1] + 2 * across + 1, w);
      for (int y = top; y < bottom; y++) {
        double dy = m[0] - y;
        dy *= dy;
        for (int x = left; x < right; x++) {
          double dx = m[1] - x;
          dx *= dx;
          int at = y * w + x;
          double colour = 0;
          for (int i = 0; i < c; i++) {
            double t = image[i * h * w + at] - m[2 + i];
            colour += t * t;
          }
          double d = (dy + dx) * weight + colour;
          if (distance[at] > d) {
            distance[at] = d;
            nearest[at] = k;
          }
        }
      }
    }

    private void move() {
      int[] size = new int[count];
      for (double[] m : centre) {
        Arrays.fill(m, 0);
      }
      for (int at = 0; at < nearest.length; at++) {
        double[] m = centre[nearest[at]];
        size[nearest[at]]++;
        m[0] += at / w;
        m[1] += at % w;
        for (int i = 0; i < c; i++) {
          m[2 + i] += image[i * h * w + at];
        }
      }
      for (int k = 0; k < count; k++) {
        for (int i = 0; i < centre[k].length; i++) {
          centre[k][i] /= size[k];
        }
      }
    }
  }
}
