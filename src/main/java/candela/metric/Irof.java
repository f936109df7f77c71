package candela.metric;

import candela.graph.ScoreKind;
import candela.image.Slic;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;

/**
 * How soon the score of the class is lost when the most important superpixels are replaced first.
 *
 * <p><b>Definition:</b> superpixels show the substrate one after another, those with the largest
 * mean of the map first, all L in the end; f_0, …, f_L are the scores. The value is the area over
 * the curve, 1 − (Σ f_k − (f_0 + f_L) / 2) / (L f_0). NaN where f_0 is not above 0.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve f.
 *
 * <p><b>Parameters:</b> segments, compactness, sigma (of SLIC, defaults 100, 10, 0:
 * scikit-image's); substrate (zero, blur, padded_blur, mean, least, most or average, default mean);
 * score (default probability).
 *
 * <p><b>Cost:</b> about segments + 1 forward rows.
 *
 * <p><b>Source:</b> Rieger and Hansen 2020, "IROF: a low resource evaluation metric for explanation
 * methods".
 *
 * <p><b>Differences:</b> the area is per superpixel, so that images with more of them do not count
 * for more. Quantus does not divide by L, replaces each superpixel by itself in the whole image,
 * and leaves that image's own score out of the area. The superpixels are those of the network's
 * input, its first three channels taken for red, green and blue whatever they are, stretched to 0 …
 * 1.
 */
public record Irof(
    int segments, double compactness, double sigma, Substrate substrate, ScoreKind score)
    implements Metric {
  public Irof() {
    this(100, 10, 0, Substrate.MEAN, ScoreKind.PROBABILITY);
  }

  public Irof {
    Check.atLeast(1, segments, "irof: segments");
    Check.positive(compactness, "irof: compactness");
    Check.notNegative(sigma, "irof: sigma");
  }

  /** What all maps of an image share. */
  private record Key(Slic slic, float[] pixels) {}

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    var slic = new Slic(segments, compactness, sigma);
    int[] labels =
        workspace.once(new Key(slic, explained.pixels()), () -> superpixels(slic, explained));
    RemovalOrder order = RemovalOrder.groups(explained, labels, Integer.MAX_VALUE);
    return RemovalCurve.deletion(
        explained,
        workspace,
        score,
        order,
        substrate,
        c -> {
          double whole = c.getFirst();
          return whole > 0 ? 1 - RemovalCurve.area(c) / whole : Double.NaN;
        });
  }

  private static int[] superpixels(Slic slic, Explained explained) {
    Shape image = explained.image();
    double[] levels = Vectors.doubles(explained.pixels());
    return slic.labels(levels, image.dim(0), image.dim(1), image.dim(2));
  }
}
