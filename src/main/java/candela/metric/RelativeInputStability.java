package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How much the map changes, at most, for how much the image does, both value by value and relative
 * to the value.
 *
 * <p><b>Definition:</b> the largest ‖(a(x) − a(x')) / a(x)‖ / max(‖(x − x') / x‖, eps) over random
 * x' = x + u that the model gives the same class as x, every value of u uniform in ± radius · (max
 * x − min x); values are divided one by one, a denominator of 0 counts as eps, norms are Euclidean.
 * NaN where no x' keeps the class, a map is not finite, or a(x) or the range is zero.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number;
 * parts {@code mean}, of the same over those x', and {@code same}, the share of x' that keep the
 * class.
 *
 * <p><b>Parameters:</b> samples (1 or more; the first k of more are those of k; default 10); radius
 * (share of the image's range, above 0, default 0.02); eps (above 0, default 1e-6); seed (default
 * 0).
 *
 * <p><b>Cost:</b> samples times the method's, together with {@link RelativeOutputStability} and
 * {@link MaxSensitivity} of the same images; samples + 1 forward rows, for all maps of an image.
 *
 * <p><b>Source:</b> Agarwal et al. 2022, "Rethinking stability for attribution-based explanations",
 * relative input stability; eps, also for 0, as Quantus.
 *
 * <p><b>Differences:</b> where a single x' changes the class, Quantus has no number; it adds noise
 * in units of the input, and puts eps in the place of norms of 0, not of all below eps. A map has
 * one value a pixel for all channels. The method's own noise, if it has any, stays the same for all
 * images. Of maps that are 0 somewhere, eps decides: compare those of one unit.
 */
public record RelativeInputStability(int samples, double radius, double eps, long seed)
    implements Metric {
  private static final String NAME = "relative-input-stability";

  public RelativeInputStability() {
    this(10, 0.02, 1e-6, 0);
  }

  public RelativeInputStability {
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
        RelativeStability.Over.IMAGE,
        "",
        explained,
        workspace);
  }
}
