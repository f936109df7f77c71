package candela.metric;

import candela.probe.InTurn;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How much the map changes, at most, when the image changes a little.
 *
 * <p><b>Definition:</b> the largest ‖a(x + u) − a(x)‖ / ‖a(x)‖ over random u, every value uniform
 * in ± radius · (max x − min x), norms Euclidean. NaN where a map is not finite, or a(x) or the
 * range is zero.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w] → one number; parts {@code mean}, of the same over all
 * u (the average sensitivity), and {@code lipschitz}, the largest ‖a(x + u) − a(x)‖ / ‖u‖ (the
 * local Lipschitz estimate).
 *
 * <p><b>Parameters:</b> samples (1 or more; the first k of more are those of k; default 10); radius
 * (share of the image's range, above 0, default 0.02); seed (default 0).
 *
 * <p><b>Cost:</b> samples times the method's, together with relative stabilities of the same
 * images.
 *
 * <p><b>Source:</b> Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
 * definition 3.1; Alvarez-Melis and Jaakkola 2018 (Lipschitz). samples and radius as Captum's
 * sensitivity_max.
 *
 * <p><b>Differences:</b> Captum's and Quantus's radius is in units of the input, and a map of zeros
 * is divided by 1. The method's own noise, if it has any, stays the same for all images, so that
 * only the image's change counts.
 */
public record MaxSensitivity(int samples, double radius, long seed) implements Metric {
  public MaxSensitivity() {
    this(10, 0.02, 0);
  }

  public MaxSensitivity {
    Nearby.check(samples, radius, "max-sensitivity");
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public boolean needsMethod() {
    return true;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    Explainer explainer = explained.explainer("max-sensitivity");
    String fault = Nearby.fault(explained);
    if (!fault.isEmpty()) {
      return new Known(explained.target(), Score.none(fault));
    }
    var changes = new Changes(explained, samples);
    return new InTurn<>(
        explained.target(),
        new Nearby(samples, radius, seed).maps(explained, explainer, workspace, changes),
        changes::score);
  }

  /** Of maps of images nearby. */
  private static final class Changes implements NearbyMaps.Reader {
    private final Explained explained;
    private final int samples;
    private final double size;
    private int read;
    private double most;
    private double sum;
    private double slope;

    Changes(Explained explained, int samples) {
      this.explained = explained;
      this.samples = samples;
      size = Vectors.norm(explained.map());
    }

    @Override
    public void read(int sample, float[] near, float[] map) {
      double change = Vectors.distance(map, explained.map());
      double length = Vectors.distance(near, explained.pixels());
      double ratio = change / size;
      most = Math.max(most, ratio);
      sum += ratio;
      slope = Math.max(slope, length == 0 ? 0 : change / length);
      read++;
    }

    Score score() {
      if (read < samples) {
        return Score.NOT_YET;
      }
      Map<String, Double> parts = new LinkedHashMap<>();
      parts.put("mean", sum / samples);
      parts.put("lipschitz", slope);
      return Score.of(most, parts);
    }
  }
}
