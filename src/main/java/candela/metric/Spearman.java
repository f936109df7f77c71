package candela.metric;

import java.util.List;

/**
 * Correlation of the ranks of two maps: whether they order the pixels alike.
 *
 * <p><b>Definition:</b> Pearson's correlation of the ranks, equal values having the mean of theirs;
 * NaN for a constant map.
 *
 * <p><b>Shapes:</b> a[h,w], b[h,w] → −1 … 1.
 *
 * <p><b>Source:</b> as scipy.stats.spearmanr of the flattened maps; SAM (Bansal et al. 2020),
 * section 3.3.
 */
public record Spearman() implements Similarity {
  @Override
  public double[] of(Maps maps, List<Pair> pairs) {
    return Vectors.products(maps, pairs, m -> Vectors.centred(ranks(m)));
  }

  /** 1 for the smallest; equal values share their mean rank. */
  static double[] ranks(float[] map) {
    int[] order = PixelOrder.ascending(map);
    double[] rank = new double[map.length];
    for (int from = 0, to; from < order.length; from = to) {
      to = from + 1;
      while (to < order.length && map[order[to]] == map[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        rank[order[i]] = (from + 1 + to) / 2.0;
      }
    }
    return rank;
  }
}
