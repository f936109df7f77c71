package candela.method;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Regions of an image that may overlap, ranked by the mean of an attribution. */
final class Regions {
  /** Pixels of all regions, each of which is kept twice: 1 GiB. */
  private static final long MOST = 1 << 27;

  /** The regions of each pixel. */
  private final int[][] of;

  /** The pixels of each region. */
  private final int[][] pixels;

  private Regions(int[][] of, int[][] pixels) {
    this.of = of;
    this.pixels = pixels;
  }

  /**
   * Each label of each segmentation, grown by a disc.
   *
   * @param labels 0, 1, 2, … of every pixel
   * @param radius of the disc, pixels
   * @throws CandelaException where they have too many pixels
   */
  static Regions of(List<int[]> labels, int h, int w, int radius) {
    int[][] of = new int[h * w][0];
    int first = 0;
    long all = 0;
    for (int[] label : labels) {
      int next = first + Arrays.stream(label).max().orElseThrow() + 1;
      int[] last = new int[next - first];
      Arrays.fill(last, -1);
      int[] near = new int[next - first];
      for (int i = 0; i < of.length; i++) {
        int n = 0;
        for (int y = Math.max(i / w - radius, 0); y <= Math.min(i / w + radius, h - 1); y++) {
          int half = half(radius, y - i / w);
          int right = Math.min(i % w + half, w - 1);
          for (int x = Math.max(i % w - half, 0); x <= right; x++) {
            int l = label[y * w + x];
            if (last[l] != i) {
              last[l] = i;
              near[n++] = first + l;
            }
          }
        }
        all += n;
        if (all > MOST) {
          throw CandelaException.of(
              "xrai: regions of at most %d pixels in all expected; take a larger minSize or a"
                  + " smaller dilation",
              MOST);
        }
        int had = of[i].length;
        of[i] = Arrays.copyOf(of[i], had + n);
        System.arraycopy(near, 0, of[i], had, n);
      }
      first = next;
    }
    return new Regions(of, pixels(of, first));
  }

  /** Half the width of a disc so far from its middle. */
  private static int half(int radius, int down) {
    return (int) Math.sqrt(radius * radius - down * down);
  }

  private static int[][] pixels(int[][] of, int regions) {
    int[] size = new int[regions];
    for (int[] some : of) {
      for (int r : some) {
        size[r]++;
      }
    }
    int[][] pixels = new int[regions][];
    Arrays.setAll(pixels, r -> new int[size[r]]);
    for (int i = of.length - 1; i >= 0; i--) {
      for (int r : of[i]) {
        pixels[r][--size[r]] = i;
      }
    }
    return pixels;
  }

  int count() {
    return pixels.length;
  }

  /**
   * Takes the region whose pixels that were not taken before have the largest mean, the first of
   * equal ones, as long as one has enough of them. A pixel's value is the mean that it was taken
   * with; of those that are left, their mean.
   *
   * @param a an attribution of every pixel
   * @param least pixels that a region must add
   */
  double[] ranked(double[] a, int least) {
    double[] sum = new double[pixels.length];
    int[] left = new int[pixels.length];
    for (int r = 0; r < sum.length; r++) {
      left[r] = pixels[r].length;
      for (int i : pixels[r]) {
        sum[r] += a[i];
      }
    }
    double[] map = new double[a.length];
    boolean[] taken = new boolean[a.length];
    int[] open = IntStream.range(0, sum.length).toArray();
    while (true) {
      // none that has too few gets more again
      open = Arrays.stream(open).filter(r -> left[r] >= least).toArray();
      if (open.length == 0) {
        break;
      }
      int best = best(open, sum, left);
      double mean = sum[best] / left[best];
      for (int i : pixels[best]) {
        if (!taken[i]) {
          taken[i] = true;
          map[i] = mean;
          for (int r : of[i]) {
            sum[r] -= a[i];
            left[r]--;
          }
        }
      }
    }
    double rest = 0;
    int count = 0;
    for (int i = 0; i < a.length; i++) {
      rest += taken[i] ? 0 : a[i];
      count += taken[i] ? 0 : 1;
    }
    for (int i = 0; i < a.length; i++) {
      map[i] = taken[i] ? map[i] : rest / count;
    }
    return map;
  }

  /** Of the largest mean. */
  private static int best(int[] open, double[] sum, int[] left) {
    int best = open[0];
    for (int r : open) {
      if (sum[r] / left[r] > sum[best] / left[best]) {
        best = r;
      }
    }
    return best;
  }
}
