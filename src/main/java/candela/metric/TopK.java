package candela.metric;

import candela.tensor.CandelaException;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How many of the k most important pixels two maps share.
 *
 * <p><b>Definition:</b> |top(a) ∩ top(b)| / k with top the k largest values; of equal values, those
 * that come first row by row.
 *
 * <p><b>Shapes:</b> a[h,w], b[h,w] → 0 … 1.
 *
 * <p><b>Parameters:</b> k (pixels, at most those of the map; default 0: 1,000 of 224 × 224, as
 * large a share of other maps).
 *
 * <p><b>Source:</b> Ghorbani, Abid and Zou 2019, "Interpretation of neural networks is fragile",
 * section 3; Quantus' default k.
 */
public record TopK(int k) implements Similarity {
  public TopK() {
    this(0);
  }

  public TopK {
    Check.atLeast(0, k, "top-k: k");
  }

  /** A k of 0 for so many pixels: Quantus' 1,000 where there are as many as ImageNet's have. */
  static int of(int k, int pixels) {
    return k > 0 ? k : Math.max(1, (int) Math.round(1000.0 * pixels / (224 * 224)));
  }

  @Override
  public double[] of(Maps maps, List<Pair> pairs) {
    int pixels = maps.h() * maps.w();
    if (k > pixels) {
      throw CandelaException.of(
          "top-k: k of at most %d expected for maps of %d x %d, got %d",
          pixels, maps.h(), maps.w(), k);
    }
    int most = of(k, pixels);
    BitSet[] top = new BitSet[maps.count()];
    IntStream.range(0, top.length)
        .parallel()
        .forEach(i -> top[i] = top(maps.values().get(i), most));
    return pairs.parallelStream().mapToDouble(p -> shared(top[p.a()], top[p.b()], most)).toArray();
  }

  private static double shared(BitSet a, BitSet b, int k) {
    if (a == null || b == null) {
      return Double.NaN;
    }
    BitSet both = (BitSet) a.clone();
    both.and(b);
    return (double) both.cardinality() / k;
  }

  private static BitSet top(float[] map, int k) {
    if (!Vectors.isFinite(map)) {
      return null;
    }
    BitSet top = new BitSet(map.length);
    int[] order = PixelOrder.descending(map);
    for (int i = 0; i < k; i++) {
      top.set(order[i]);
    }
    return top;
  }
}
