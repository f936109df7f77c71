package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Map;

/**
 * Whether pixels of the object have larger values than all others, whatever the values.
 *
 * <p><b>Definition:</b> the area under the receiver operating characteristic, the chance that of a
 * pixel that shows the class and one that does not, both drawn at random, the first has the larger
 * value; equal ones count half. NaN where all pixels show the class or none.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image; truth [H,W]
 * → 0 … 1, 0.5 of a random map; part {@code object}, the object's share of the pixels.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Fawcett 2006, "An introduction to ROC analysis"; of maps as Quantus (AUC).
 *
 * <p><b>Differences:</b> none.
 */
public record RocAuc() implements Metric {
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
    boolean[] truth = explained.truth("roc-auc");
    return Known.of(explained, () -> score(explained, truth));
  }

  private static Score score(Explained explained, boolean[] truth) {
    float[] map = explained.fullMap();
    int[] ranks = explained.ranks();
    int n = ranks.length;
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[ranks[i]] = i;
    }
    // twice the pairs in which the object's pixel is larger, and once the equal ones
    long pairs = 0;
    long above = 0;
    for (int i = 0; i < n; ) {
      long object = 0;
      int end = i;
      for (; end < n && map[order[end]] == map[order[i]]; end++) {
        object += truth[order[end]] ? 1 : 0;
      }
      long others = end - i - object;
      pairs += others * (2 * above + object);
      above += object;
      i = end;
    }
    long rest = n - above;
    if (above == 0) {
      return Score.none(Reason.NO_OBJECT);
    }
    return rest == 0
        ? Score.none("all pixels show the class")
        : Score.of((double) pairs / (2 * above * rest), Map.of("object", (double) above / n));
  }
}
