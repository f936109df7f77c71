package candela.metric;

import candela.tensor.CandelaException;
import java.util.List;

/**
 * Correlation of two maps' histograms of oriented gradients: whether their edges lie alike.
 *
 * <p><b>Definition:</b> Pearson's correlation of the two descriptors. A descriptor: differences of
 * the neighbours on both sides, 0 at the border; per cell of {@code cell} x {@code cell} pixels a
 * histogram of 9 unsigned directions, each pixel counting with its magnitude, over cell²; every
 * {@code block} x {@code block} cells normalised by L2-Hys (length 1, cut at 0.2, length 1).
 *
 * <p><b>Shapes:</b> a[h,w], b[h,w] → −1 … 1; NaN where a descriptor is constant, as a constant
 * map's is. Pixels behind the last whole cell do not count.
 *
 * <p><b>Parameters:</b> cell (pixels, default 16); block (cells, default 3); bins (directions,
 * default 9).
 *
 * <p><b>Source:</b> Dalal and Triggs 2005; as skimage.feature.hog with SAM's 16 x 16 cells (Bansal
 * et al. 2020, section 3.3).
 */
public record HogPearson(int cell, int block, int bins) implements Similarity {
  /** skimage's, against division by zero. */
  private static final double EPSILON = 1e-5;

  /** Of L2-Hys. */
  private static final double CUT = 0.2;

  public HogPearson() {
    this(16, 3, 9);
  }

  public HogPearson {
    Check.atLeast(1, cell, "hog: cell");
    Check.atLeast(1, block, "hog: block");
    Check.atLeast(1, bins, "hog: bins");
  }

  @Override
  public double[] of(Maps maps, List<Pair> pairs) {
    int least = cell * block;
    if (maps.h() < least || maps.w() < least) {
      throw CandelaException.of(
          "hog: maps of %d x %d or larger expected (%d cells of %d), got %d x %d; give a smaller"
              + " cell, say hog:cell=%d",
          least,
          least,
          block,
          cell,
          maps.h(),
          maps.w(),
          Math.max(1, Math.min(maps.h(), maps.w()) / block));
    }
    return Vectors.products(maps, pairs, m -> Vectors.centred(descriptor(m, maps.h(), maps.w())));
  }

  /** [blocks down, blocks across, block, block, bins]. */
  double[] descriptor(float[] map, int h, int w) {
    int down = h / cell;
    int across = w / cell;
    double[] histogram = histograms(map, h, w, down, across);
    int rows = down - block + 1;
    int columns = across - block + 1;
    int row = block * bins;
    double[] all = new double[rows * columns * block * row];
    for (int i = 0, at = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++, at += block * row) {
        for (int k = 0; k < block; k++) {
          System.arraycopy(histogram, ((i + k) * across + j) * bins, all, at + k * row, row);
        }
        normalise(all, at, at + block * row);
      }
    }
    return all;
  }

  private double[] histograms(float[] map, int h, int w, int down, int across) {
    double[] histogram = new double[down * across * bins];
    double area = (double) cell * cell;
    for (int y = 0; y < down * cell; y++) {
      for (int x = 0; x < across * cell; x++) {
        int i = y * w + x;
        double dy = y == 0 || y == h - 1 ? 0 : (double) map[i + w] - map[i - w];
        double dx = x == 0 || x == w - 1 ? 0 : (double) map[i + 1] - map[i - 1];
        if (dx == 0 && dy == 0) {
          continue;
        }
        double degrees = Math.toDegrees(Math.atan2(dy, dx)) % 180;
        degrees = degrees < 0 ? degrees + 180 : degrees;
        int bin = (int) (degrees / (180.0 / bins));
        // −0.0…01 degrees round to 180, which is in no bin of skimage's either
        if (bin < bins) {
          int at = (y / cell * across + x / cell) * bins + bin;
          histogram[at] += Math.sqrt(dx * dx + dy * dy) / area;
        }
      }
    }
    return histogram;
  }

  private static void normalise(double[] v, int from, int to) {
    divide(v, from, to);
    for (int i = from; i < to; i++) {
      v[i] = Math.min(v[i], CUT);
    }
    divide(v, from, to);
  }

  private static void divide(double[] v, int from, int to) {
    double square = EPSILON * EPSILON;
    for (int i = from; i < to; i++) {
      square += v[i] * v[i];
    }
    double length = Math.sqrt(square);
    for (int i = from; i < to; i++) {
      v[i] /= length;
    }
  }
}
