package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Map;

/**
 * How much of the positive relevance lies on the object.
 *
 * <p><b>Definition:</b> Σ of max(a, 0) over the pixels of the class, over that of all. NaN where no
 * value is positive, or no pixel shows the class.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image; truth [H,W]
 * → 0 … 1; part {@code object}, the object's share of the pixels: what an even map has.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Arras, Osman and Samek 2022, "CLEVR-XAI: A benchmark dataset for the ground
 * truth evaluation of neural network explanations" (relevance mass accuracy).
 *
 * <p><b>Differences:</b> the authors compare several ways to pool channels; here the method has
 * done that, and negative values do not count.
 */
public record RelevanceMass() implements Metric {
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
    boolean[] truth = explained.truth("relevance-mass");
    return Known.of(explained, () -> score(explained.fullMap(), truth));
  }

  private static Score score(float[] map, boolean[] truth) {
    double inside = 0;
    double all = 0;
    int object = 0;
    for (int i = 0; i < map.length; i++) {
      double positive = Math.max(map[i], 0);
      all += positive;
      inside += truth[i] ? positive : 0;
      object += truth[i] ? 1 : 0;
    }
    if (object == 0) {
      return Score.none(Reason.NO_OBJECT);
    }
    return all == 0
        ? Score.none("no value of the map is above 0")
        : Score.of(inside / all, Map.of("object", (double) object / map.length));
  }
}
