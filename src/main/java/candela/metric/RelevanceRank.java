package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Map;

/**
 * How many of the most important pixels lie on the object.
 *
 * <p><b>Definition:</b> of the K largest values, K the number of pixels of the class, the share
 * that lies on them; of equal values, those that come first row by row. NaN where no pixel shows
 * the class, or the map is the same everywhere: it has no K largest values, and the share would be
 * that of the first rows.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image; truth [H,W]
 * → 0 … 1; part {@code object}, the object's share of the pixels: what a random map has.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Arras, Osman and Samek 2022, "CLEVR-XAI: A benchmark dataset for the ground
 * truth evaluation of neural network explanations" (relevance rank accuracy).
 *
 * <p><b>Differences:</b> none.
 */
public record RelevanceRank() implements Metric {
  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public boolean needsTruth() {
    return true;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    boolean[] truth = explained.truth("relevance-rank");
    return Known.of(explained, () -> score(explained, truth));
  }

  private static Score score(Explained explained, boolean[] truth) {
    int[] ranks = explained.ranks();
    int k = 0;
    for (boolean t : truth) {
      k += t ? 1 : 0;
    }
    int inside = 0;
    for (int i = 0; i < ranks.length; i++) {
      inside += truth[i] && ranks[i] < k ? 1 : 0;
    }
    if (k == 0 || explained.isEven()) {
      return Score.none(k == 0 ? Reason.NO_OBJECT : Reason.EVEN);
    }
    return Score.of((double) inside / k, Map.of("object", (double) k / ranks.length));
  }
}
