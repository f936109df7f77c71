package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How often the box around the map's large values misses the object.
 *
 * <p><b>Definition:</b> for every α of a grid: values below α · max become 0 (negative ones
 * before), the map is brought to the image's size, B_α is the smallest box around what is not 0,
 * and IoU_α = |B_α ∩ T| / |B_α ∪ T| with T the pixels of the class; the error at α is 1 where IoU_α
 * ≤ least, else 0. A map without positive values has IoU 0. The value is the mean error over the
 * grid. NaN where no pixel shows the class.
 *
 * <p><b>Shapes:</b> map [h,w], truth [H,W] → one number; parts {@code iou@α} and {@code error@α}.
 *
 * <p><b>Parameters:</b> from, to, by (grid of α, defaults 0.1, 0.5, 0.05: nine values); least (IoU
 * that counts as found, default 0.5).
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Fong and Vedaldi 2017, section 5.2; SAM (Bansal, Agarwal and Nguyen 2020),
 * section 3.3, whose grid this is.
 *
 * <p><b>Differences:</b> SAM's box lacks its first row and column, and its maps are enlarged with
 * edges mirrored.
 */
public record Localisation(double from, double to, double by, double least) implements Metric {
  public Localisation() {
    this(0.1, 0.5, 0.05, 0.5);
  }

  public Localisation {
    Check.grid(from, to, by, "localisation");
    Check.notNegative(least, "localisation: least");
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public boolean needsTruth() {
    return true;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    boolean[] truth = explained.truth("localisation");
    return Known.of(explained, () -> score(explained, truth));
  }

  private Score score(Explained explained, boolean[] truth) {
    if (!Truth.shows(truth)) {
      return Score.none(Reason.NO_OBJECT);
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    double errors = 0;
    List<Double> grid = Check.grid(from, to, by, "localisation");
    for (double alpha : grid) {
      double iou = iou(explained, truth, alpha);
      double error = iou <= least ? 1 : 0;
      parts.put("iou" + Check.at(alpha), iou);
      parts.put("error" + Check.at(alpha), error);
      errors += error;
    }
    return Score.of(errors / grid.size(), parts);
  }

  private static double iou(Explained explained, boolean[] truth, double alpha) {
    float[] map = explained.map().clone();
    float most = 0;
    for (float v : map) {
      most = Math.max(most, v);
    }
    if (most == 0) {
      return 0;
    }
    for (int i = 0; i < map.length; i++) {
      map[i] = map[i] < 0 || map[i] < alpha * most ? 0 : map[i];
    }
    return iou(explained.atFullSize(map), truth, explained.width());
  }

  /** Of the box around what is not 0, with the truth. */
  private static double iou(float[] map, boolean[] truth, int w) {
    int left = w;
    int right = -1;
    int top = -1;
    int bottom = -1;
    for (int i = 0; i < map.length; i++) {
      if (map[i] != 0) {
        top = top < 0 ? i / w : top;
        bottom = i / w;
        left = Math.min(left, i % w);
        right = Math.max(right, i % w);
      }
    }
    int both = 0;
    int either = 0;
    for (int i = 0; i < map.length; i++) {
      boolean inside = i / w >= top && i / w <= bottom && i % w >= left && i % w <= right;
      both += inside && truth[i] ? 1 : 0;
      either += inside || truth[i] ? 1 : 0;
    }
    return (double) both / either;
  }
}
