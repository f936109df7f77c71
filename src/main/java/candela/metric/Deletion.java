package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How the score of the class falls when the most important pixels are taken away first: the faster,
 * the smaller the area under it.
 *
 * <p><b>Definition:</b> pixels of the image are exchanged for those of the substrate; f_0, f_1, …
 * are the scores after 0, step, 2 step, … pixels, all of them in the end. The area is (Σ f − (f_0 +
 * f_last) / 2) / (steps), divided by the largest f where normalise=true, and then NaN where none is
 * above 0. Pixels go by the map's value, largest first; of equal ones, those that come first row by
 * row.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve.
 *
 * <p><b>Parameters:</b> step (pixels at a time, 0 = a 28th of all, rounded up: 1,792 of 224 × 224;
 * default 0); substrate (zero, blur, padded_blur, mean, least, most or average, default zero);
 * predicted (follow the class that the model gives to the whole image, not the explained one,
 * default false); normalise (default false); score (default probability). Presets: rise, sam.
 *
 * <p><b>Cost:</b> 29 forward rows, or ceil(h w / step) + 1.
 *
 * <p><b>Source:</b> Petsiuk, Das and Saenko 2018 (RISE), section 4.1; Bansal, Agarwal and Nguyen
 * 2020 (SAM), section 3.3: substrate zero for both metrics, the predicted class, and the area over
 * the curve's maximum.
 *
 * <p><b>Differences:</b> RISE and SAM sort equal values as NumPy happens to.
 */
public record Deletion(
    int step, Substrate substrate, boolean predicted, boolean normalise, ScoreKind score)
    implements Metric {
  /** RISE's definition. */
  public Deletion() {
    this(0, Substrate.ZERO, false, false, ScoreKind.PROBABILITY);
  }

  public Deletion {
    Check.atLeast(0, step, "deletion: step");
    Check.followed(predicted, score, "deletion: score");
  }

  /** As Petsiuk, Das and Saenko 2018: the defaults. */
  public static Deletion rise() {
    return new Deletion();
  }

  /** As SAM (Bansal, Agarwal and Nguyen 2020). */
  public static Deletion sam() {
    return new Deletion(0, Substrate.ZERO, true, true, ScoreKind.PROBABILITY);
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return RemovalCurve.of(
        explained,
        workspace,
        score,
        RemovalOrder.pixels(explained, step),
        substrate,
        false,
        predicted,
        c -> RemovalCurve.area(c, normalise));
  }
}
