package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Whether the map's largest value lies on the object.
 *
 * <p><b>Definition:</b> 1 if a pixel of the class lies within tolerance of the largest value, of
 * equal ones the first row by row; else 0. NaN where no pixel shows the class, the map holds NaN,
 * or it is the same everywhere: it points nowhere, and the number would be that of the first pixel.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image; truth [H,W]
 * → one number; parts {@code row} and {@code column} of the largest value, and its {@code distance}
 * from the class in pixels.
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
    if (Double.isInfinite(nearest)) {
      return none(Reason.NO_OBJECT);
    }
    return explained.isEven()
        ? none(Reason.EVEN)
        : score(nearest <= tolerance ? 1 : 0, best / w, best % w, nearest, "");
  }

  private static Score none(String reason) {
    return score(Double.NaN, Double.NaN, Double.NaN, Double.NaN, reason);
  }

  private static Score score(
      double value, double row, double column, double distance, String reason) {
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("row", row);
    parts.put("column", column);
    parts.put("distance", distance);
    return Score.of(value, parts, reason);
  }
}
