package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How soon the score of the class comes back, for the information that comes back, while a blurred
 * image gets its most important pixels into focus: the softmax information curve.
 *
 * <p><b>Definition:</b> a random share of the pixels is known; of the blurred image every other one
 * is the weighted mean of the up to eight around it, as in {@link Road}. Then the 1 + ⌊p (n − 1)⌋
 * most important of n pixels are known as well, for p = 0.5, 1, 2, 3, 4, 5, 7, 10, 13, 21, 34, 50
 * and 75 %. With f the scores and I the information of blurred image (0), these images (p) and the
 * whole image (1), the curve runs through (0, 0), the points (I_p − I_0) / (I_1 − I_0), (f_p − f_0)
 * / (f_1 − f_0), both at least 0 and at most 1, and (1, 1): sorted by information, of equal
 * information by p, linear between points, of the largest f so far. The value is the area under it,
 * by trapezoids of 1/1000. NaN where f_1 is below least or not above f_0, or I_1 not above I_0.
 * Pixels go by the map's value, largest first; of equal ones, those that come first row by row.
 * Information is the entropy, in bits, of what is left of each channel when every value, as one of
 * 256 levels from the image's least to its largest value, is guessed from those at its left and
 * above as PNG's Paeth filter does: Σ n_r log₂(n / n_r) over the differences r, found n_r times.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve, 1,001 values; part {@code blurred}, f_0.
 *
 * <p><b>Parameters:</b> known (share of the pixels that the blurred image knows, one at least;
 * above 0, up to 1, default 0.01); least (score that the image has to have, default 0.8); seed (of
 * the known pixels, default 0); score (default probability).
 *
 * <p><b>Cost:</b> 15 forward rows, together with {@link Aic}, and about 50 ms of a processor for
 * each at 224 × 224.
 *
 * <p><b>Source:</b> Kapishnikov et al. 2019, "XRAI: better attributions through regions", section
 * 4; shares, known, least and intervals as PAIR's saliency library, metrics/pic.py.
 *
 * <p><b>Differences:</b> the authors measure information by the size of a file, PAIR by that of a
 * lossless WebP of the photo in 8 bits: numbers of encoders differ by version. PAIR guesses missing
 * pixels by linear interpolation in a Delaunay triangulation, knows the four corners, too, lets all
 * of equal pixels in at once, and takes the largest f in the order of p. It draws other pixels for
 * each image, and takes the median curve of many images; a study averages areas.
 */
public record Sic(double known, double least, long seed, ScoreKind score) implements Metric {
  public Sic() {
    this(0.01, 0.8, 0, ScoreKind.PROBABILITY);
  }

  public Sic {
    Check.share(known, "sic: known");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return InformationCurve.of(
        explained, workspace, score, known, seed, least, InformationCurve.Performance.SCORE);
  }
}
