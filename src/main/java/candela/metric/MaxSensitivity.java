package candela.metric;

import candela.device.Philox;
import candela.probe.Copies;
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
 * <p><b>Cost:</b> samples times the method's.
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
    Check.atLeast(1, samples, "max-sensitivity: samples");
    Check.positive(radius, "max-sensitivity: radius");
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
    if (!Vectors.isFinite(explained.map())
        || norm(explained.map()) == 0
        || explained.range() == 0) {
      return new Known(explained.target(), Score.NONE);
    }
    return new Changes(explained, explainer, workspace);
  }

  private static double norm(float[] v) {
    double sum = 0;
    for (float x : v) {
      sum += (double) x * x;
    }
    return Math.sqrt(sum);
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double d = (double) a[i] - b[i];
      sum += d * d;
    }
    return Math.sqrt(sum);
  }

  /** Maps of images nearby. */
  private final class Changes extends Copies<float[], Score> {
    private final Explained explained;
    private final Explainer explainer;
    private final double reach;
    private final double size;

    /** ‖u‖ of every copy. */
    private final double[] lengths = new double[samples];

    private double most;
    private double sum;
    private double slope;

    Changes(Explained explained, Explainer explainer, Workspace workspace) {
      super(workspace, explained.target(), samples);
      this.explained = explained;
      this.explainer = explainer;
      reach = radius * explained.range();
      size = norm(explained.map());
    }

    @Override
    protected Probe<float[]> make(int copy, Workspace own) {
      float[] near = explained.pixels().clone();
      var random = new Philox(seed, copy);
      for (int i = 0; i < near.length; i++) {
        near[i] += (float) random.uniform(-reach, reach);
      }
      lengths[copy] = distance(near, explained.pixels());
      return explainer.map(near, own);
    }

    @Override
    protected void add(float[] map) {
      double change = distance(map, explained.map());
      double length = lengths[added()];
      double ratio = change / size;
      most = Math.max(most, ratio);
      sum += ratio;
      slope = Math.max(slope, length == 0 ? 0 : change / length);
    }

    @Override
    public Score result() {
      if (added() < samples) {
        return Score.NONE;
      }
      Map<String, Double> parts = new LinkedHashMap<>();
      parts.put("mean", sum / samples);
      parts.put("lipschitz", slope);
      return Score.of(most, parts);
    }
  }
}
