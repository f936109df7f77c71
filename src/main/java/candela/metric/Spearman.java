package candela.metric;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

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
    return ranks(PixelOrder.ascending(map), Vectors.doubles(map));
  }

  /** The same of a short list. */
  static double[] ranks(double[] v) {
    int[] order =
        IntStream.range(0, v.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> v[i]))
            .mapToInt(i -> i)
            .toArray();
    return ranks(order, v);
  }

  private static double[] ranks(int[] order, double[] v) {
    double[] rank = new double[v.length];
    for (int from = 0, to; from < order.length; from = to) {
      to = from + 1;
      while (to < order.length && v[order[to]] == v[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        rank[order[i]] = (from + 1 + to) / 2.0;
      }
    }
    return rank;
  }
}
