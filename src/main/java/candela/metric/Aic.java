package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How soon the model says the class again, for the information that comes back, while a blurred
 * image gets its most important pixels into focus: the accuracy information curve.
 *
 * <p><b>Definition:</b> that of {@link Sic}, where f is 1 if no class is likelier than the
 * explained one, or, of classes that are each by themselves, if it is likelier than not; else 0.
 * NaN where the image as it is does not show the class, or the blurred one does.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve, 1,001 values; part {@code blurred}, f of the blurred image.
 *
 * <p><b>Parameters:</b> known (share of the pixels that the blurred image knows, one at least;
 * above 0, up to 1, default 0.01); seed (of the known pixels, default 0).
 *
 * <p><b>Cost:</b> 15 forward rows, together with {@link Sic} of equal known and seed, and about 50
 * ms of a processor for each at 224 × 224.
 *
 * <p><b>Source:</b> Kapishnikov et al. 2019, "XRAI: better attributions through regions", section
 * 4.
 *
 * <p><b>Differences:</b> those of {@link Sic}.
 */
public record Aic(double known, long seed) implements Metric {
  public Aic() {
    this(0.01, 0);
  }

  public Aic {
    Check.share(known, "aic: known");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return InformationCurve.of(
        explained,
        workspace,
        ScoreKind.PROBABILITY,
        known,
        seed,
        1,
        InformationCurve.Performance.RIGHT);
  }
}
