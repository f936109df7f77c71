package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * The smallest smooth region whose blurring takes the class away, or that keeps the class when the
 * rest is blurred, found by gradient descent on a mask.
 *
 * <p><b>Definition:</b> m in [0, 1] minimises l1 Σ |1 − m| + tv V(m) + f(u(m) x + (1 − u(m)) b), b
 * the blurred image or another fill, u the enlarging of the mask to the image; V = Σ |d|^β + |e|^β,
 * or (d² + e²)^(β/2) where variation=joint, over the differences d, e of neighbours. Adam (0.9,
 * 0.999) with rate, m cut to [0, 1] after every step. In step i, x and b are shifted by whole
 * pixels, −jitter/2 … (jitter − 1)/2 down and across, edges repeated. With fill=inpaint, b is x as
 * the inpainter fills it where u(m) is below max(½, ½ (max u(m) + min u(m))), taken as constant;
 * with binary=true, x and b are put together by 1 where u(m) reaches that and 0 elsewhere, with the
 * gradient of u(m). The map is 1 − u(m), smoothed. With variant=preserve, m is 1 where the image is
 * hidden: x and b change places, −f takes the place of f, and the map is what has to be seen.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w] in 0 … 1.
 *
 * <p><b>Parameters:</b> variant (delete or preserve, default delete); iterations (1 or more,
 * default 300; the first k of more are those of k); mask (side in mask pixels, default 28; at most
 * the image's counts); upsampling (nearest or bilinear, default nearest); maskBlur (σ in pixels, of
 * the enlarged mask, default 0); start (circular, random or ones, default circular: the smallest
 * disc, of radius 0, 5, 10, … mask pixels, blurred by 10, that takes away 99 % of what blurring
 * everything takes, or keeps as much); fill (blur, inpaint, or zero, grey, black, white, random,
 * mean; default blur); inpainter (of fill=inpaint: telea, with radius, or an ONNX file, default
 * telea:radius=5); binary (default false); blur (σ of b in pixels, above 0, default 10); jitter
 * (pixels, default 4); l1 (default 1e-4), tv (default 1e-2), beta (1 or more, default 3), variation
 * (separate or joint, default separate); rate (default 0.1); smooth (σ in pixels, of the map alone,
 * default 1); seed (of jitter and a random start, default 0); score (default probability). Presets:
 * sam, fong, mp-g.
 *
 * <p><b>Cost:</b> iterations forward and backward rows, one after the other; a circular start asks
 * 6 more for 28 x 28. With fill=inpaint a filling each.
 *
 * <p><b>Source:</b> Fong and Vedaldi 2017, section 4, the deletion and the preservation game;
 * ruthcfong/perturb_explanations (joint variation, mask blurred by 5); Bansal, Agarwal and Nguyen
 * 2020 (SAM), section 3.2, whose settings are the defaults. MP-G: Agarwal and Nguyen 2020,
 * formal_MP_single_image.py of anguyen8/generative-attribution-methods.
 *
 * <p><b>Differences:</b> SAM blurs the photo before it is resized, so that its radius 10 is about 5
 * pixels of the input for photos of 500 pixels; here blur counts in the input's pixels. SAM's
 * jitter sees 4 more pixels of the photo where edges are repeated here. Its maps are rounded to 8
 * bits, these are not. PIL's blur is three boxes, this one is a Gaussian cut at 3 σ. Randomness is
 * Philox's. fong's own disc is made in the image's pixels and then shrunk, so that it begins with a
 * smaller one, and its gradient leaves the mask's blur out. MP-G's script has a mask of 28 when it
 * starts at random, as its users run it, 224 only from a circle; its inpainter is DeepFill at 256
 * pixels, whose place Telea's takes unless a model is given.
 */
public record MeaningfulPerturbation(
    Variant variant,
    int iterations,
    int mask,
    Upsampling upsampling,
    double maskBlur,
    Start start,
    Fill fill,
    Inpainter inpainter,
    boolean binary,
    double blur,
    int jitter,
    double l1,
    double tv,
    double beta,
    Variation variation,
    double rate,
    double smooth,
    long seed,
    ScoreKind score)
    implements Nested {
  /** What the mask has to do. */
  public enum Variant {
    DELETE,
    PRESERVE
  }

  /** How the mask comes to the image's size. */
  public enum Upsampling {
    NEAREST,
    BILINEAR
  }

  /** What the mask is at first. */
  public enum Start {
    CIRCULAR,
    RANDOM,
    ONES
  }

  /** How the differences down and across count. */
  public enum Variation {
    SEPARATE,
    JOINT
  }

  /** SAM's settings. */
  public MeaningfulPerturbation() {
    this(
        Variant.DELETE,
        300,
        28,
        Upsampling.NEAREST,
        0,
        Start.CIRCULAR,
        Fill.BLUR,
        Inpainter.DEFAULT,
        false,
        10,
        4,
        1e-4,
        1e-2,
        3,
        Variation.SEPARATE,
        0.1,
        1,
        0,
        ScoreKind.PROBABILITY);
  }

  public MeaningfulPerturbation {
    String name = "meaningful-perturbation: ";
    Check.atLeast(1, iterations, name + "iterations");
    Check.atLeast(1, mask, name + "mask");
    Check.notNegative(maskBlur, name + "maskBlur");
    fill.withoutSuperpixels("meaningful-perturbation");
    if (fill == Fill.INPAINT && start == Start.ONES) {
      throw CandelaException.of(
          "%sstart: random or circular expected with fill=inpaint, got ones; without a hole there"
              + " is nothing to inpaint, and no gradient",
          name);
    }
    Check.positive(blur, name + "blur");
    Check.atLeast(0, jitter, name + "jitter");
    Check.notNegative(l1, name + "l1");
    Check.notNegative(tv, name + "tv");
    Check.atLeast(1, beta, name + "beta");
    Check.positive(rate, name + "rate");
    Check.notNegative(smooth, name + "smooth");
  }

  /** As SAM runs it: the defaults. */
  public static MeaningfulPerturbation sam() {
    return new MeaningfulPerturbation();
  }

  /** With the settings of ruthcfong/perturb_explanations. */
  public static MeaningfulPerturbation fong() {
    return new MeaningfulPerturbation(
        Variant.DELETE,
        300,
        28,
        Upsampling.NEAREST,
        5,
        Start.CIRCULAR,
        Fill.BLUR,
        Inpainter.DEFAULT,
        false,
        10,
        4,
        1e-4,
        1e-2,
        3,
        Variation.JOINT,
        0.1,
        0,
        0,
        ScoreKind.PROBABILITY);
  }

  /** As Agarwal and Nguyen run it, with another inpainter. */
  public static MeaningfulPerturbation mpG() {
    return new MeaningfulPerturbation(
        Variant.DELETE,
        300,
        28,
        Upsampling.NEAREST,
        0,
        Start.RANDOM,
        Fill.INPAINT,
        Inpainter.DEFAULT,
        true,
        10,
        4,
        1e-4,
        1e-2,
        3,
        Variation.SEPARATE,
        0.1,
        0,
        0,
        ScoreKind.PROBABILITY);
  }

  @Override
  public int count() {
    return iterations;
  }

  @Override
  public MeaningfulPerturbation with(int count) {
    return new MeaningfulPerturbation(
        variant,
        count,
        mask,
        upsampling,
        maskBlur,
        start,
        fill,
        inpainter,
        binary,
        blur,
        jitter,
        l1,
        tv,
        beta,
        variation,
        rate,
        smooth,
        seed,
        score);
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return Inpainting.of(fill, inpainter, 0.5);
  }

  @Override
  public Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts) {
    return new MaskDescent(this, subject, workspace, counts);
  }
}
