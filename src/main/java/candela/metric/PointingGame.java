package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Whether the map's largest value lies on the object.
 *
 * <p><b>Definition:</b> 1 if a pixel of the class lies within tolerance of the largest value, of
 * equal ones the first row by row; else 0. NaN where no pixel shows the class, or the map holds
 * NaN.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image; truth [H,W]
 * → one number.
 *
 * <p><b>Parameters:</b> tolerance (pixels of the image, 0 or more, default 15).
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Zhang et al. 2016 (excitation backprop), section 4.1; tolerance as TorchRay.
 *
 * <p><b>Differences:</b> TorchRay counts in pixels of the photo; here they are the input's.
 */
public record PointingGame(double tolerance) implements Metric {
  public PointingGame() {
    this(15);
  }

  public PointingGame {
    Check.notNegative(tolerance, "pointing-game: tolerance");
  }

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
    boolean[] truth = explained.truth("pointing-game");
    return Known.of(explained, () -> score(explained, truth));
  }

  private Score score(Explained explained, boolean[] truth) {
    int w = explained.width();
    int best = 0;
    int[] ranks = explained.ranks();
    for (int i = 0; i < ranks.length; i++) {
      best = ranks[i] == 0 ? i : best;
    }
    double nearest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < truth.length; i++) {
      if (truth[i]) {
        nearest = Math.min(nearest, Math.hypot(i / w - best / w, i % w - best % w));
      }
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("row", (double) (best / w));
    parts.put("column", (double) (best % w));
    parts.put("distance", nearest);
    return Double.isInfinite(nearest)
        ? Score.of(Double.NaN, parts, Reason.NO_OBJECT)
        : Score.of(nearest <= tolerance ? 1 : 0, parts);
  }
}
