package candela.image;

/**
 * What the missing pixels of an image mean to each other, and the same of cells of 2 × 2, 4 × 4, …
 * of them, which are corrected as a whole: a multigrid cycle for {@link LinearImputer}.
 *
 * <p>Values lie on grids with a pixel beyond each edge: 0 there, and where a pixel is known.
 */
final class Holes {
  static final double BESIDE = 1 / 6.0;
  static final double DIAGONAL = 1 / 12.0;

  /** Cells of the coarsest grid, and how often it is swept instead of made coarser. */
  private static final int FEW = 16;

  private static final int SWEEPS = 8;

  /** Cells that move as a whole move too little; below 2 the cycle stays positive definite. */
  private static final double FURTHER = 1.5;

  private final int h;
  private final int w;

  /** Of a row. */
  final int wide;

  /** Sums of all weights around a missing pixel, 0 where it is known. */
  final double[] weight;

  /** Weights between missing pixels, at the one that comes first. */
  private final double[] right;

  private final double[] belowLeft;
  private final double[] below;
  private final double[] belowRight;

  /** Null of the coarsest grid. */
  private Holes coarse;

  private Holes(int h, int w) {
    this.h = h;
    this.w = w;
    wide = w + 2;
    weight = new double[(h + 2) * wide];
    right = new double[weight.length];
    belowLeft = new double[weight.length];
    below = new double[weight.length];
    belowRight = new double[weight.length];
  }

  /**
   * @param hole [h,w], not 0 where a pixel is missing
   */
  static Holes of(int h, int w, byte[] hole) {
    var holes = new Holes(h, w);
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        if (hole[y * w + x] != 0) {
          holes.surround(y, x, hole);
        }
      }
    }
    holes.coarsen();
    return holes;
  }

  private void surround(int y, int x, byte[] hole) {
    int at = (y + 1) * wide + x + 1;
    for (int r = Math.max(0, y - 1); r <= Math.min(y + 1, h - 1); r++) {
      for (int c = Math.max(0, x - 1); c <= Math.min(x + 1, w - 1); c++) {
        if (r == y && c == x) {
          continue;
        }
        double by = r == y || c == x ? BESIDE : DIAGONAL;
        weight[at] += by;
        int other = (r + 1) * wide + c + 1;
        if (hole[r * w + c] != 0 && other > at) {
          join(at, other, by);
        }
      }
    }
  }

  /** Adds to the weight between neighbours. */
  private void join(int first, int second, double by) {
    int apart = second - first;
    double[] of =
        apart == 1 ? right : apart == wide ? below : apart < wide ? belowLeft : belowRight;
    of[first] += by;
  }

  private void coarsen() {
    if (h * w <= FEW) {
      return;
    }
    coarse = new Holes(Math.ceilDiv(h, 2), Math.ceilDiv(w, 2));
    for (int y = 1; y <= h; y++) {
      for (int i = y * wide + 1; i <= y * wide + w; i++) {
        coarse.weight[cell(i)] += weight[i];
        merge(i, i + 1, right[i]);
        merge(i, i + wide - 1, belowLeft[i]);
        merge(i, i + wide, below[i]);
        merge(i, i + wide + 1, belowRight[i]);
      }
    }
    coarse.coarsen();
  }

  /** Within a cell a weight holds nothing in its place. */
  private void merge(int i, int j, double by) {
    if (by == 0) {
      return;
    }
    int a = cell(i);
    int b = cell(j);
    if (a == b) {
      coarse.weight[a] -= 2 * by;
    } else {
      coarse.join(Math.min(a, b), Math.max(a, b), by);
    }
  }

  /** The coarser grid's place. */
  private int cell(int i) {
    return (i / wide + 1) / 2 * coarse.wide + (i % wide + 1) / 2;
  }

  /** q = Σ w (v(p) − v(q)) at missing pixels p, v being 0 at known ones. */
  void apply(double[] v, double[] q) {
    for (int y = 1; y <= h; y++) {
      for (int i = y * wide + 1; i <= y * wide + w; i++) {
        q[i] = weight[i] * v[i] - around(v, i);
      }
    }
  }

  private double around(double[] v, int i) {
    return right[i] * v[i + 1]
        + right[i - 1] * v[i - 1]
        + belowLeft[i] * v[i + wide - 1]
        + belowLeft[i - wide + 1] * v[i - wide + 1]
        + below[i] * v[i + wide]
        + below[i - wide] * v[i - wide]
        + belowRight[i] * v[i + wide + 1]
        + belowRight[i - wide - 1] * v[i - wide - 1];
  }

  /** About the v whose {@link #apply} is b: linear in b, symmetric and positive definite. */
  double[] cycle(double[] b) {
    double[] v = new double[b.length];
    if (coarse == null) {
      for (int i = 0; i < SWEEPS; i++) {
        down(v, b);
        up(v, b);
      }
      return v;
    }
    down(v, b);
    double[] left = new double[coarse.weight.length];
    for (int y = 1; y <= h; y++) {
      int row = (y + 1) / 2 * coarse.wide;
      for (int x = 1; x <= w; x++) {
        int i = y * wide + x;
        if (weight[i] > 0) {
          left[row + (x + 1) / 2] += b[i] + around(v, i) - weight[i] * v[i];
        }
      }
    }
    double[] moved = coarse.cycle(left);
    for (int y = 1; y <= h; y++) {
      int row = (y + 1) / 2 * coarse.wide;
      for (int x = 1; x <= w; x++) {
        int i = y * wide + x;
        v[i] += weight[i] > 0 ? FURTHER * moved[row + (x + 1) / 2] : 0;
      }
    }
    up(v, b);
    return v;
  }

  /** Each pixel anew from those around it, the first first. */
  private void down(double[] v, double[] b) {
    for (int y = 1; y <= h; y++) {
      for (int i = y * wide + 1; i <= y * wide + w; i++) {
        if (weight[i] > 0) {
          v[i] = (b[i] + around(v, i)) / weight[i];
        }
      }
    }
  }

  /** The same, the last first. */
  private void up(double[] v, double[] b) {
    for (int y = h; y >= 1; y--) {
      for (int i = y * wide + w; i > y * wide; i--) {
        if (weight[i] > 0) {
          v[i] = (b[i] + around(v, i)) / weight[i];
        }
      }
    }
  }
}
