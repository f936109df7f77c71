package candela.method;

import candela.graph.ScoreKind;
import candela.image.Felzenszwalb;
import candela.probe.InTurn;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which regions of the picture the class is made up of, best first.
 *
 * <p><b>Definition:</b> e = max over channels of the mean of {@link IntegratedGradients} from black
 * and from white. Regions are those of {@link Felzenszwalb} at scales 50, 100, 150, 250, 500 and
 * 1200 with sigma 0.8, of the picture stretched to −1…1, each grown by a disc. Again and again the
 * region is taken whose pixels that were not taken before have the largest mean of e, which is a at
 * all of them; one that would add less than minPixelDiff pixels is left out. The rest of the image
 * gets the mean of its e.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> nSteps (of integrated gradients, 1 to 8192, default 50); minSize (pixels of
 * a region before it grows, 0 or more, default 150); dilation (radius of the disc in pixels, 0 to
 * 100, default 5); minPixelDiff (pixels, 1 or more, default 50); score (default logit).
 *
 * <p><b>Cost:</b> 2 nSteps + 4 forward rows and backward rows.
 *
 * <p><b>Source:</b> Kapishnikov et al. 2019, "XRAI: better attributions through regions", section
 * 3; scales, sizes and the disc of PAIR's code.
 *
 * <p><b>Differences:</b> PAIR integrates over 100 points by their plain mean, from images of the
 * input's least and largest value, as here where black and white are not known; and it segments the
 * picture resized to 224 × 224, here as it is: for small inputs choose minSize, dilation and
 * minPixelDiff smaller.
 */
public record Xrai(int nSteps, int minSize, int dilation, int minPixelDiff, ScoreKind score)
    implements Method {
  private static final int[] SCALES = {50, 100, 150, 250, 500, 1200};
  private static final double SIGMA = 0.8;

  /** A disc that covers any region many times over. */
  private static final int MOST_DILATION = 100;

  public Xrai() {
    this(50, 150, 5, 50, ScoreKind.LOGIT);
  }

  public Xrai {
    Quadrature.GAUSSLEGENDRE.check(nSteps, "xrai: nSteps");
    Check.atLeast(0, minSize, "xrai: minSize");
    Check.atLeast(0, dilation, "xrai: dilation");
    Check.atMost(MOST_DILATION, dilation, "xrai: dilation");
    Check.atLeast(1, minPixelDiff, "xrai: minPixelDiff");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Subject levelled = levelled(subject);
    var black = from(Baseline.BLACK).probe(levelled, workspace);
    var white = from(Baseline.WHITE).probe(levelled, workspace);
    return new InTurn<>(
        subject.target(),
        List.of(black, white),
        () -> result(subject, black.result(), white.result()));
  }

  private Method from(Baseline baseline) {
    return new IntegratedGradients(
        nSteps, Quadrature.GAUSSLEGENDRE, baseline, 0, true, score, Channels.SUM);
  }

  /** With the least and the largest value for black and white where these are not known. */
  private static Subject levelled(Subject subject) {
    int c = subject.image().dim(0);
    Levels levels = subject.levels();
    if (levels.black().size() == c && levels.white().size() == c) {
      return subject;
    }
    float[] sorted = subject.pixels().clone();
    Arrays.sort(sorted);
    var ends =
        new Levels(
            Collections.nCopies(c, sorted[0]), Collections.nCopies(c, sorted[sorted.length - 1]));
    return new Subject(subject.shape(), subject.pixels(), subject.target(), ends);
  }

  private Attribution result(Subject subject, Attribution black, Attribution white) {
    Shape image = subject.image();
    int n = image.count(1, 3);
    double[] e = new double[n];
    Arrays.fill(e, Double.NEGATIVE_INFINITY);
    for (int i = 0; i < image.count(); i++) {
      double mean = ((double) black.values()[i] + white.values()[i]) / 2;
      e[i % n] = Math.max(e[i % n], mean);
    }
    Regions regions = regions(subject);
    float[] map = Floats.of(regions.ranked(e, minPixelDiff));
    Map<String, Double> notes = new LinkedHashMap<>();
    notes.put("score", black.notes().get("score"));
    notes.put("regions", (double) regions.count());
    return new Attribution(image.with(0, 1), map, channels(), notes);
  }

  private Regions regions(Subject subject) {
    Shape image = subject.image();
    double[] picture = stretched(Superpixels.picture(subject));
    var of = new Felzenszwalb(picture, image.dim(0), image.dim(1), image.dim(2), SIGMA);
    List<int[]> labels = new ArrayList<>();
    for (int scale : SCALES) {
      labels.add(of.labels(scale, minSize));
    }
    return Regions.of(labels, image.dim(1), image.dim(2), dilation);
  }

  /** To −1 … 1. */
  private static double[] stretched(double[] picture) {
    double least = Arrays.stream(picture).min().orElseThrow();
    double range = Arrays.stream(picture).max().orElseThrow() - least;
    return Arrays.stream(picture).map(v -> range == 0 ? 0 : (v - least) / range * 2 - 1).toArray();
  }
}
