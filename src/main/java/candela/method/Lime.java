package candela.method;

import candela.graph.ScoreKind;
import candela.image.Slic;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * What each superpixel adds to the score, by a linear model of the score over images in which some
 * superpixels are filled.
 *
 * <p><b>Definition:</b> superpixels S_j by {@link Slic}; z_i in {0, 1}ⁿ, z_0 all ones, the others
 * by fair coins; x_i is x with S_j filled where z_ij = 0; weights π_i = sqrt(exp(−d_i² / width²)),
 * d_i = 1 − cos(z_i, 1). A pixel of S_j has the slope β_j of min Σ π_i (f(x_i) − b − z_i β)² +
 * alpha |β|², or, with estimate=mean, the mean of f(x_i) over the samples that show S_j.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> samples (1 or more, the unchanged image counted in, default 1,000; the
 * first k of more samples are those of k); segments, compactness, sigma (of SLIC, defaults 50, 30,
 * 3); fill (zero: 0 at the network's input; grey: between black and white; black; random: uniform
 * between them, by value; superpixel_mean; blur: 10 pixels; inpaint: from what is shown; white;
 * mean: the image's; default zero); inpainter (of fill=inpaint: telea, with radius, or an ONNX
 * file, default telea:radius=5); estimate (ridge or mean, default ridge); width (of the kernel,
 * default 0.25); alpha (above 0, default 1); seed (of coins and random fill, default 0); score
 * (default probability). Presets: sam, lime, lime-g.
 *
 * <p><b>Cost:</b> samples forward rows; with fill=inpaint a filling each, 9 ms of a processor for
 * half of 3 × 224 × 224.
 *
 * <p><b>Source:</b> Ribeiro, Singh and Guestrin 2016; marcotcr/lime 0.1.1.36, which takes the root
 * of the kernel; Bansal, Agarwal and Nguyen 2020 (SAM), section 3.2. The mean is RISE (Petsiuk, Das
 * and Saenko 2018) over superpixels. LIME-G: Agarwal and Nguyen 2020,
 * anguyen8/generative-attribution-methods.
 *
 * <p><b>Differences:</b> coins are Philox's, not NumPy's. SAM hides with 0 in the picture, which is
 * fill=black. lime's own superpixels are quickshift's; its preset here has SLIC with scikit-image's
 * defaults. All superpixels are kept, as in lime for fewer than 100,000. LIME-G inpaints with
 * DeepFill, whose place Telea's takes unless a model is given, and rounds to 8 bits, this does not.
 */
public record Lime(
    int samples,
    int segments,
    double compactness,
    double sigma,
    Fill fill,
    Inpainter inpainter,
    Estimate estimate,
    double width,
    double alpha,
    long seed,
    ScoreKind score)
    implements Nested {
  /** What a superpixel's value is. */
  public enum Estimate {
    RIDGE,
    MEAN
  }

  public Lime() {
    this(
        1000,
        50,
        30,
        3,
        Fill.ZERO,
        Inpainter.DEFAULT,
        Estimate.RIDGE,
        0.25,
        1,
        0,
        ScoreKind.PROBABILITY);
  }

  public Lime {
    Check.atLeast(1, samples, "lime: samples");
    Check.positive(width, "lime: width");
    if (width * width == 0) {
      throw CandelaException.of(
          "lime: width: a number whose square is above 0 expected, got %s", width);
    }
    Check.positive(alpha, "lime: alpha");
    var _ = new Slic(segments, compactness, sigma);
  }

  /** As SAM runs it. */
  public static Lime sam() {
    return new Lime().filled(Fill.BLACK);
  }

  /** As marcotcr/lime runs it, quickshift aside. */
  public static Lime lime() {
    return new Lime(
        1000,
        100,
        10,
        0,
        Fill.SUPERPIXEL_MEAN,
        Inpainter.DEFAULT,
        Estimate.RIDGE,
        0.25,
        1,
        0,
        ScoreKind.PROBABILITY);
  }

  /** As Agarwal and Nguyen run it, with another inpainter. */
  public static Lime limeG() {
    return new Lime().filled(Fill.INPAINT).with(500);
  }

  private Lime filled(Fill other) {
    return new Lime(
        samples,
        segments,
        compactness,
        sigma,
        other,
        inpainter,
        estimate,
        width,
        alpha,
        seed,
        score);
  }

  @Override
  public int count() {
    return samples;
  }

  @Override
  public Lime with(int count) {
    return new Lime(
        count, segments, compactness, sigma, fill, inpainter, estimate, width, alpha, seed, score);
  }

  @Override
  public Channels channels() {
    // there is one plane; mean scores have no sign
    return estimate == Estimate.RIDGE || score != ScoreKind.PROBABILITY
        ? Channels.SUM
        : Channels.SUM_ABSOLUTE;
  }

  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return Inpainting.of(fill, inpainter, 0.5);
  }

  @Override
  public Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts) {
    int[] superpixel = Superpixels.of(new Slic(segments, compactness, sigma), subject, workspace);
    return new LimeSamples(this, subject, workspace, superpixel);
  }
}
