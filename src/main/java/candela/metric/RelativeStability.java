package candela.metric;

import candela.probe.InTurn;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much a map changes, value by value and for the size of each, over how much the image, its
 * logits or a layer do, at most, among images nearby that the model gives the same class.
 */
final class RelativeStability implements NearbyMaps.Reader {
  /** What the change of the map is divided by. */
  enum Over {
    IMAGE,
    LOGITS,
    LAYER
  }

  private final Explained explained;
  private final float[] map;
  private final double eps;
  private final Over over;
  private final NearbyLogits logits;

  /** Null where no layer is read. */
  private final NearbyLayer layer;

  /** By sample: relative changes of the map, and of the image where it is asked for. */
  private final double[] changes;

  private final double[] shifts;

  /** How many were read. */
  private int read;

  /**
   * The probe of a map; of one of which nothing can be told, no number.
   *
   * @param at the layer's name, empty for the last feature map; read over that alone
   */
  static Probe<Score> probe(
      String metric,
      Nearby nearby,
      double eps,
      Over over,
      String at,
      Explained explained,
      Workspace workspace) {
    Explainer explainer = explained.explainer(metric);
    String fault = Nearby.fault(explained);
    if (!fault.isEmpty()) {
      return new Known(explained.target(), Score.none(fault));
    }
    NearbyLogits logits = nearby.logits(explained, workspace);
    NearbyLayer layer = over == Over.LAYER ? nearby.layer(explained, at, eps, workspace) : null;
    var stability = new RelativeStability(explained, nearby.samples(), eps, over, logits, layer);
    List<Probe<?>> asked = new ArrayList<>(nearby.maps(explained, explainer, workspace, stability));
    asked.addAll(logits.toAsk());
    asked.addAll(layer == null ? List.of() : layer.toAsk());
    return new InTurn<>(explained.target(), asked, stability::score);
  }

  private RelativeStability(
      Explained explained,
      int samples,
      double eps,
      Over over,
      NearbyLogits logits,
      NearbyLayer layer) {
    this.explained = explained;
    this.eps = eps;
    this.over = over;
    this.logits = logits;
    this.layer = layer;
    map = explained.fullMap();
    changes = new double[samples];
    shifts = new double[samples];
  }

  @Override
  public void read(int sample, float[] near, float[] nearMap) {
    changes[sample] = change(map, explained.atFullSize(nearMap), eps);
    if (over == Over.IMAGE) {
      shifts[sample] = change(explained.pixels(), near, eps);
    }
    read++;
  }

  /** ‖(a − b) / a‖, a value of 0 in the denominator being eps. */
  static double change(float[] a, float[] b, double eps) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double d = ((double) a[i] - b[i]) / (a[i] == 0 ? eps : a[i]);
      sum += d * d;
    }
    return Math.sqrt(sum);
  }

  private Score score() {
    if (read < changes.length || !logits.isThrough() || layer != null && !layer.isThrough()) {
      return Score.NOT_YET;
    }
    Prediction[] said = logits.result();
    int predicted = said[0].best();
    boolean yes = said[0].predicts(predicted);
    double most = 0;
    double sum = 0;
    int same = 0;
    for (int i = 0; i < changes.length; i++) {
      Prediction near = said[i + 1];
      if (near.best() == predicted && near.predicts(predicted) == yes) {
        double by =
            switch (over) {
              case IMAGE -> shifts[i];
              case LOGITS -> Vectors.distance(said[0].logits(), near.logits());
              case LAYER -> layer.result()[i];
            };
        double ratio = changes[i] / Math.max(by, eps);
        most = Math.max(most, ratio);
        sum += ratio;
        same++;
      }
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("mean", sum / same);
    parts.put("same", (double) same / changes.length);
    return same == 0
        ? Score.of(Double.NaN, parts, "no image nearby keeps the class")
        : Score.of(most, parts);
  }
}
