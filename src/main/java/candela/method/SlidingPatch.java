package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How much the probability falls under a patch, one value a position of the patch.
 *
 * <p><b>Definition:</b> m[i,j] = f(x) − f(x with the patch at (i·stride, j·stride) filled), for
 * positions where the patch lies inside the image.
 *
 * <p><b>Shapes:</b> x[c,h,w] → m[1, floor((h − patch)/stride) + 1, floor((w − patch)/stride) + 1].
 *
 * <p><b>Parameters:</b> patch (side in pixels, at most the image's shorter side; default 0, as much
 * of it as 53 of 224); stride (pixels, default 3); fill (zero, grey, black, white, random, mean,
 * blur or inpaint, default zero); inpainter (of fill=inpaint: telea, with radius, or an ONNX file,
 * default telea:radius=5); seed (of a random fill, default 0); score (default probability). Preset:
 * sp-g.
 *
 * <p><b>Cost:</b> patches + 1 forward rows: 3,365 for 224 × 224 and the defaults; with fill=inpaint
 * a filling each.
 *
 * <p><b>Source:</b> Zeiler and Fergus 2014, as run by Bansal, Agarwal and Nguyen 2020 (SAM),
 * section 3.2. SP-G: Agarwal and Nguyen 2020, anguyen8/generative-attribution-methods.
 *
 * <p><b>Differences:</b> SAM's variant: no averaging, no part patches at the edges, 0 after
 * preprocessing (grey), probability; pictures of it stretch the map over the image. {@link
 * Occlusion} is the other one. SP-G has the patch of its script's default, 77; its inpainter is
 * DeepFill, whose place Telea's takes unless a model is given.
 */
public record SlidingPatch(
    int patch, int stride, Fill fill, Inpainter inpainter, long seed, ScoreKind score)
    implements Method {
  /** SAM's patch on its images. */
  private static final int USUAL = 53;

  public SlidingPatch() {
    this(0, 3, ScoreKind.PROBABILITY);
  }

  /** Filled with 0. */
  public SlidingPatch(int patch, int stride, ScoreKind score) {
    this(patch, stride, Fill.ZERO, Inpainter.DEFAULT, 0, score);
  }

  /** As Agarwal and Nguyen run it, with another inpainter. */
  public static SlidingPatch spG() {
    return new SlidingPatch(77, 3, Fill.INPAINT, Inpainter.DEFAULT, 0, ScoreKind.PROBABILITY);
  }

  public SlidingPatch {
    Check.atLeast(0, patch, "sliding-patch: patch");
    Check.atLeast(1, stride, "sliding-patch: stride");
    fill.withoutSuperpixels("sliding-patch");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Optional<Inpainting> inpainting(Shape image) {
    return Inpainting.of(fill, inpainter, side(image), image);
  }

  @Override
  public Method on(Shape image) {
    return new SlidingPatch(side(image), stride, fill, inpainter, seed, score);
  }

  /** Pixels of the patch's side on such an image. */
  private int side(Shape image) {
    return patch > 0 ? patch : Sides.share(Sides.shorter(image), USUAL);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Shape image = subject.image();
    int h = image.dim(1);
    int w = image.dim(2);
    if (patch > h || patch > w) {
      throw CandelaException.of(
          "sliding-patch: patch of at most %d expected for a %d x %d image, got %d",
          Math.min(h, w), w, h, patch);
    }
    int side = side(image);
    int rows = (h - side) / stride + 1;
    int columns = (w - side) / stride + 1;
    int[] windows = Windows.grid(rows, columns, stride, side, side, h, w);
    return new Windows(this, subject, workspace, fill, inpainter, seed, windows) {
      @Override
      public Attribution result() {
        Map<String, Double> notes = new LinkedHashMap<>();
        notes.put("score", score);
        notes.put("patch", (double) side);
        return new Attribution(Shape.of(1, rows, columns), Floats.of(drop), Channels.SUM, notes);
      }
    };
  }
}
