package candela.probe;

import candela.device.Philox;

/** Windows on an image as kernels take them: top, left, bottom, right, top, …. */
public final class Rectangles {
  /** Ints of a rectangle. */
  public static final int EDGES = 4;

  private Rectangles() {}

  /** Height of the tallest, 1 or more. */
  public static int tall(int[] edges) {
    return longest(edges, 0);
  }

  /** Width of the widest, 1 or more. */
  public static int wide(int[] edges) {
    return longest(edges, 1);
  }

  private static int longest(int[] edges, int side) {
    int longest = 1;
    for (int at = side; at < edges.length; at += EDGES) {
      longest = Math.max(longest, edges[at + 2] - edges[at]);
    }
    return longest;
  }

  /** Top, left, top, left, … of the rectangles from (inclusive) to to (exclusive). */
  public static int[] corners(int[] edges, int from, int to) {
    int[] corners = new int[2 * (to - from)];
    for (int at = 0; at < corners.length; at += 2) {
      System.arraycopy(edges, (from + at / 2) * EDGES, corners, at, 2);
    }
    return corners;
  }

  /**
   * An empty one, then squares drawn at random, all sizes up to the largest and all places equally
   * probable. The first squares of more are these.
   *
   * @param largest side, as a share of the image's shorter side
   * @return [1 + samples,4]
   */
  public static int[] squares(long seed, int samples, double largest, int h, int w) {
    int most = Math.max(1, (int) Math.rint(largest * Math.min(h, w)));
    long[] upTo = new long[most + 1];
    for (int side = 1; side <= most; side++) {
      upTo[side] = upTo[side - 1] + (long) (h - side + 1) * (w - side + 1);
    }
    int[] edges = new int[(1 + samples) * EDGES];
    for (int i = 0; i < samples; i++) {
      var random = new Philox(seed, i);
      double place = random.uniform() * upTo[most];
      int side = 1;
      while (place >= upTo[side]) {
        side++;
      }
      int top = random.below(h - side + 1);
      int left = random.below(w - side + 1);
      int[] square = {top, left, top + side, left + side};
      System.arraycopy(square, 0, edges, (1 + i) * EDGES, EDGES);
    }
    return edges;
  }
}
