package candela.image;

import candela.tensor.CandelaException;
import java.util.Arrays;

/**
 * Regions of any shape and size, by joining neighbours that differ less than the regions do within.
 *
 * <p><i>Definition</i>: the levels, smoothed, are a graph of pixels, each joined to its eight
 * neighbours by an edge that weighs the distance of the two colours. Edges are gone through from
 * light to heavy; one between two regions C joins them where it weighs less than I(C) + k / |C| for
 * both, I(C) the heaviest edge that C was joined by, |C| its pixels, k = scale / 255. Then all
 * edges once more, in the same order: a region of fewer than minSize pixels joins the other.
 *
 * <p><i>Source</i>: Felzenszwalb and Huttenlocher 2004, "Efficient graph-based image segmentation",
 * sections 3 and 4.
 *
 * <p><i>Differences</i>: {@code skimage.segmentation.felzenszwalb} 0.26 but for the order of edges
 * of equal weight, which is left to its sorting; here it is that of the pixels, row by row, and of
 * each pixel's edges right, down, down right, up right. Without such its labels.
 *
 * <p>A picture's edges are put in order once for all scales. Immutable.
 */
public final class Felzenszwalb {
  private static final double LEVELS = 255;

  /** Each pixel's edges: right, down, down right, up right. */
  private static final int[] ACROSS = {1, 0, 1, 1};

  private static final int[] DOWN = {0, 1, 1, -1};

  private final int pixels;
  private final Edge[] edges;

  /**
   * Of levels[c,h,w].
   *
   * @param sigma of the smoothing, pixels; 0 for none
   */
  public Felzenszwalb(double[] levels, int c, int h, int w, double sigma) {
    if (!(sigma >= 0) || Double.isInfinite(sigma)) {
      throw CandelaException.of(
          "felzenszwalb: sigma: a number of 0 or more expected, got %s", sigma);
    }
    double[] image = levels.clone();
    for (double v : image) {
      if (!Double.isFinite(v)) {
        throw CandelaException.of("felzenszwalb: finite levels expected, got %s", v);
      }
    }
    if (sigma > 0) {
      Gaussian.smooth(image, c, h, w, sigma);
    }
    pixels = h * w;
    edges = edges(image, c, h, w);
    Arrays.parallelSort(edges); // stable: equal ones stay in order
  }

  /**
   * The label of every pixel, 0, 1, 2, … without gaps.
   *
   * @param scale above 0; the larger, the larger the regions. For levels of 0 … 1
   * @param minSize pixels that a region has at least, 0 or more
   */
  public int[] labels(double scale, int minSize) {
    if (!(scale > 0) || Double.isInfinite(scale)) {
      throw CandelaException.of("felzenszwalb: scale: a number above 0 expected, got %s", scale);
    }
    if (minSize < 0) {
      throw CandelaException.of("felzenszwalb: minSize: 0 or more expected, got %d", minSize);
    }
    return new Regions(pixels).joined(edges, scale / LEVELS, minSize);
  }

  /** Between two pixels. */
  private record Edge(int from, int to, double weight) implements Comparable<Edge> {
    @Override
    public int compareTo(Edge other) {
      return Double.compare(weight, other.weight);
    }
  }

  private static Edge[] edges(double[] image, int c, int h, int w) {
    Edge[] edges = new Edge[4 * h * w];
    int n = 0;
    for (int from = 0; from < h * w; from++) {
      for (int d = 0; d < 4; d++) {
        int y = from / w + DOWN[d];
        int x = from % w + ACROSS[d];
        if (x < w && y >= 0 && y < h) {
          double square = 0;
          for (int k = 0; k < c; k++) {
            double difference = image[k * h * w + from] - image[k * h * w + y * w + x];
            square += difference * difference;
          }
          edges[n++] = new Edge(from, y * w + x, Math.sqrt(square));
        }
      }
    }
    return Arrays.copyOf(edges, n);
  }

  /** Regions as trees of pixels; what is known of a region stands at its root. */
  private static final class Regions {
    private final int[] parent;
    private final int[] size;
    private final double[] within;

    Regions(int pixels) {
      parent = new int[pixels];
      size = new int[pixels];
      within = new double[pixels];
      Arrays.setAll(parent, i -> i);
      Arrays.fill(size, 1);
    }

    int[] joined(Edge[] edges, double k, int minSize) {
      for (Edge e : edges) {
        int a = root(e.from());
        int b = root(e.to());
        double most = Math.min(within[a] + k / size[a], within[b] + k / size[b]);
        if (a != b && e.weight() < most) {
          within[join(a, b)] = e.weight();
        }
      }
      for (Edge e : edges) {
        int a = root(e.from());
        int b = root(e.to());
        if (a != b && (size[a] < minSize || size[b] < minSize)) {
          join(a, b);
        }
      }
      return labels();
    }

    private int root(int i) {
      while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
      }
      return i;
    }

    /** The root of both: the pixel that comes first. */
    private int join(int a, int b) {
      int root = Math.min(a, b);
      int other = Math.max(a, b);
      parent[other] = root;
      size[root] += size[other];
      return root;
    }

    /** Numbered in the order of their first pixels. */
    private int[] labels() {
      int[] label = new int[parent.length];
      int next = 0;
      for (int i = 0; i < label.length; i++) {
        int root = root(i);
        label[i] = root == i ? next++ : label[root];
      }
      return label;
    }
  }
}
