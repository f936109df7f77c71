package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How much the map changes, at most, for how much a layer of the model does, both value by value
 * and relative to the value.
 *
 * <p><b>Definition:</b> the largest ‖(a(x) − a(x')) / a(x)‖ / max(‖(L(x) − L(x')) / L(x)‖, eps), L
 * the layer's values, over random x' = x + u that the model gives the same class as x, every value
 * of u uniform in ± radius · (max x − min x); values are divided one by one, a denominator of 0
 * counts as eps, norms are Euclidean. NaN where no x' keeps the class, a map is not finite, or a(x)
 * or the range is zero.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller, a value of
 * any shape → one number; parts {@code mean}, of the same over those x', and {@code same}, the
 * share of x' that keep the class.
 *
 * <p><b>Parameters:</b> layer (a value of the model; default empty: the last convolution with what
 * follows at its size); samples (1 or more; the first k of more are those of k; default 10); radius
 * (share of the image's range, above 0, default 0.02); eps (above 0, default 1e-6); seed (default
 * 0).
 *
 * <p><b>Cost:</b> samples times the method's, together with {@link RelativeInputStability}, {@link
 * RelativeOutputStability} and {@link MaxSensitivity} of the same images; 2 (samples + 1) forward
 * rows and samples + 1 backward rows down to the layer, for all maps of an image.
 *
 * <p><b>Source:</b> Agarwal et al. 2022, "Rethinking stability for attribution-based explanations",
 * relative representation stability; eps, also for 0, as Quantus.
 *
 * <p><b>Differences:</b> those of {@link RelativeInputStability}; Quantus reads all layers as one
 * vector unless some are named. Behind a rectifier many values are 0: eps decides there, and a
 * layer before it says more.
 */
public record RelativeRepresentationStability(
    String layer, int samples, double radius, double eps, long seed) implements Metric {
  private static final String NAME = "relative-representation-stability";

  public RelativeRepresentationStability() {
    this("", 10, 0.02, 1e-6, 0);
  }

  public RelativeRepresentationStability {
    Nearby.check(samples, radius, NAME);
    Check.positive(eps, NAME + ": eps");
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
    return RelativeStability.probe(
        NAME,
        new Nearby(samples, radius, seed),
        eps,
        RelativeStability.Over.LAYER,
        layer,
        explained,
        workspace);
  }
}
