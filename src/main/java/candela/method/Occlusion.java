package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How much the score falls when a window that covers the pixel is filled.
 *
 * <p><b>Definition:</b> a pixel's value is the mean of f(x) − f(x with window W filled) over the
 * windows W that cover it. Windows stand at multiples of stride, ceil((H − window)/stride) + 1 down
 * and likewise across; the last ones are cut at the edge.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> window (side in pixels, at most the image's longer side; where the other is
 * shorter, that counts; default 0, a seventh of the longer side: 32 of 224); stride (pixels,
 * default 0, half of the window); fill (zero, grey, black, white, random, mean, blur or inpaint,
 * default zero); inpainter (of fill=inpaint: telea, with radius, or an ONNX file, default
 * telea:radius=5); seed (of a random fill, default 0); overlap (mean or sum over covering windows,
 * default mean); score (default logit).
 *
 * <p><b>Cost:</b> windows + 1 forward rows; with fill=inpaint a filling each.
 *
 * <p><b>Source:</b> Zeiler and Fergus 2014, section 4.2.
 *
 * <p><b>Differences:</b> windows and mean are Captum's, whose map repeats one plane for all
 * channels; PAIR sums.
 */
public record Occlusion(
    int window,
    int stride,
    Fill fill,
    Inpainter inpainter,
    long seed,
    Overlap overlap,
    ScoreKind score)
    implements Method {
  /** What becomes of a pixel under several windows. */
  public enum Overlap {
    MEAN,
    SUM
  }

  public Occlusion() {
    this(0, 0, Fill.ZERO, Inpainter.DEFAULT, 0, Overlap.MEAN, ScoreKind.LOGIT);
  }

  public Occlusion {
    Check.atLeast(0, window, "occlusion: window");
    Check.atLeast(0, stride, "occlusion: stride");
    fill.withoutSuperpixels("occlusion");
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
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Overlapping(subject, workspace);
  }

  @Override
  public Method on(Shape image) {
    return new Occlusion(side(image), step(image), fill, inpainter, seed, overlap, score);
  }

  /** Pixels of a window's side on such an image. */
  private int side(Shape image) {
    return window > 0 ? window : Sides.share(Sides.longer(image), 32);
  }

  /** Pixels from one window to the next. */
  private int step(Shape image) {
    return stride > 0 ? stride : Math.max(1, side(image) / 2);
  }

  private int[] windows(Shape image) {
    int h = image.dim(1);
    int w = image.dim(2);
    int side = side(image);
    if (side > Math.max(h, w)) {
      throw CandelaException.of(
          "occlusion: window of at most %d expected for a %d x %d image, got %d",
          Math.max(h, w), w, h, side);
    }
    int step = step(image);
    int tall = Math.min(side, h);
    int wide = Math.min(side, w);
    if (step > Math.max(tall, wide)) {
      throw CandelaException.of(
          "occlusion: stride of at most %d (the window) expected, got %d; pixels between windows"
              + " would never be filled",
          Math.max(tall, wide), step);
    }
    return Windows.grid(
        Math.ceilDiv(h - tall, step) + 1, Math.ceilDiv(w - wide, step) + 1, step, tall, wide, h, w);
  }

  private final class Overlapping extends Windows {
    Overlapping(Subject subject, Workspace workspace) {
      super(Occlusion.this, subject, workspace, fill, inpainter, seed, windows(subject.image()));
    }

    @Override
    public Attribution result() {
      Tensor map = workspace.tensor(Shape.of(1, image.dim(1), image.dim(2)));
      int h = image.dim(1);
      int w = image.dim(2);
      var sum = workspace.allocate(map.count() * 8L);
      workspace
          .device()
          .kernels()
          .mask()
          .occlusionMap(
              drop.length, h, w, window, workspace.doubles(drop), overlap == Overlap.MEAN, sum);
      float[] a = Floats.of(workspace.readDoubles(sum, map.count()));
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("score", score);
      notes.put("window", (double) side(image));
      notes.put("stride", (double) step(image));
      return new Attribution(map.shape(), a, Channels.SUM, notes);
    }
  }
}
