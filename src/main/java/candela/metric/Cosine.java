package candela.metric;

import java.util.List;

/**
 * Cosine of the angle between two maps.
 *
 * <p><b>Definition:</b> Σ a b / sqrt(Σ a² Σ b²); NaN for a map of zeros.
 *
 * <p><b>Shapes:</b> a[h,w], b[h,w] → −1 … 1.
 *
 * <p><b>Source:</b> as 1 − scipy.spatial.distance.cosine.
 */
public record Cosine() implements Similarity {
  @Override
  public double[] of(Maps maps, List<Pair> pairs) {
    return Vectors.products(maps, pairs, m -> Vectors.scaled(Vectors.doubles(m)));
  }
}
