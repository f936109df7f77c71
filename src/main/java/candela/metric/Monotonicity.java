package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How often the score does not fall when pixels are put in, the least important first.
 *
 * <p><b>Definition:</b> the image shows the substrate, and its pixels come back a step at a time,
 * smallest value of the map first; the value is the share of steps after which the score is as
 * large as before or larger. It is 1 where the map is monotone.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve, from the whole image down to the substrate.
 *
 * <p><b>Parameters:</b> step (pixels at a time, 1 or more, default 224); substrate (zero, blur,
 * padded_blur, mean, least, most or average, default zero); score (default probability).
 *
 * <p><b>Cost:</b> pixels / step + 1 forward rows.
 *
 * <p><b>Source:</b> Arya et al. 2019, "One explanation does not fit all", section 4.
 *
 * <p><b>Differences:</b> the authors, and Quantus, only ask whether all steps are so, for single
 * values; Quantus begins with substrate least, and orders by |map|. Where step does not divide the
 * pixels, the first step, of the least important, is the short one; of equal pixels the last comes
 * first.
 */
public record Monotonicity(int step, Substrate substrate, ScoreKind score) implements Metric {
  public Monotonicity() {
    this(224, Substrate.ZERO, ScoreKind.PROBABILITY);
  }

  public Monotonicity {
    Check.atLeast(1, step, "monotonicity: step");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  /** The images on the way are those of a deletion, backwards. */
  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return RemovalCurve.deletion(
        explained,
        workspace,
        score,
        RemovalOrder.pixels(explained, step),
        substrate,
        c -> {
          double kept = 0;
          for (int k = 1; k < c.size(); k++) {
            kept += c.get(k - 1) >= c.get(k) ? 1 : 0;
          }
          return kept / (c.size() - 1);
        });
  }
}
