package candela.metric;

import java.util.List;

/**
 * Linear correlation of two maps, pixel by pixel.
 *
 * <p><b>Definition:</b> Σ(a − ā)(b − b̄) / sqrt(Σ(a − ā)² Σ(b − b̄)²); NaN for a constant map.
 *
 * <p><b>Shapes:</b> a[h,w], b[h,w] → −1 … 1.
 *
 * <p><b>Source:</b> as scipy.stats.pearsonr.
 */
public record Pearson() implements Similarity {
  @Override
  public double[] of(Maps maps, List<Pair> pairs) {
    return Vectors.products(maps, pairs, m -> Vectors.centred(Vectors.doubles(m)));
  }
}
