package candela.metric;

import java.util.Arrays;

/**
 * In which order the pixels of an image are exchanged, and how many at a time.
 *
 * @param rank of every pixel, 0 for the first ones to go
 * @param count per row: pixels of lower rank have gone
 */
record RemovalOrder(int[] rank, int[] count) {
  /** Steps of RISE, and of SAM: 8 lines of 224. */
  private static final int STEPS = 28;

  /** Pixels of a step where an image takes as many as one of 224 x 224 does 8 lines at a time. */
  static int rise(Explained explained) {
    return Math.ceilDiv(explained.height() * explained.width(), STEPS);
  }

  /**
   * Pixel by pixel, all of them in the end.
   *
   * @param step pixels a row; 0 for those of {@link #rise}
   */
  static RemovalOrder pixels(Explained explained, int step) {
    int[] rank = explained.ranks();
    int each = step == 0 ? rise(explained) : step;
    int[] count = new int[Math.ceilDiv(rank.length, each) + 1];
    Arrays.setAll(count, i -> Math.min(i * each, rank.length));
    return new RemovalOrder(rank, count);
  }

  /**
   * Groups of pixels, one a row, by the mean of the map over them, largest first; of equal ones
   * that of the lower number.
   *
   * @param group of every pixel: 0, 1, 2, … without gaps
   * @param most groups that go
   */
  static RemovalOrder groups(Explained explained, int[] group, int most) {
    int n = Arrays.stream(group).max().orElseThrow() + 1;
    float[] map = explained.fullMap();
    double[] sum = new double[n];
    int[] size = new int[n];
    for (int i = 0; i < group.length; i++) {
      sum[group[i]] += map[i];
      size[group[i]]++;
    }
    float[] mean = new float[n];
    for (int g = 0; g < n; g++) {
      mean[g] = (float) (sum[g] / size[g]);
    }
    int[] place = new int[n];
    int[] order = PixelOrder.descending(mean);
    for (int i = 0; i < n; i++) {
      place[order[i]] = i;
    }
    int[] rank = new int[group.length];
    Arrays.setAll(rank, i -> place[group[i]]);
    int[] count = new int[Math.min(most, n) + 1];
    Arrays.setAll(count, i -> i);
    return new RemovalOrder(rank, count);
  }

  /** Whether no pixel is left in the last row. */
  boolean takesAll() {
    return Arrays.stream(rank).max().orElse(-1) < count[count.length - 1];
  }
}
