package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How far the score of the class falls, on the way, when the most important patches are replaced
 * first.
 *
 * <p><b>Definition:</b> the image is cut into patches, of which those with the largest mean of the
 * map show the substrate first; f_0, f_1, …, f_L are the scores after 0, 1, …, L patches. The value
 * is the area over the perturbation curve, AOPC = Σ (f_0 − f_k) / (L + 1). Of equal patches, those
 * that come first row by row.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number
 * and the curve f.
 *
 * <p><b>Parameters:</b> patch (side in pixels, 1 or more; cut at the right and lower edge; default
 * 8); regions (L, as far as there are so many patches, 1 or more, default 100); substrate (zero,
 * blur, padded_blur, mean, least, most or average, default zero); score (default probability).
 *
 * <p><b>Cost:</b> regions + 1 forward rows.
 *
 * <p><b>Source:</b> Samek et al. 2017, "Evaluating the visualization of what a deep neural network
 * has learned", section III; patch and regions as Quantus.
 *
 * <p><b>Differences:</b> the authors replace patches of 9 × 9 by uniform noise and average the
 * curve over draws and images; a substrate needs no draw. Quantus looks for patches at every
 * offset, and leaves out those that overlap a better one.
 */
public record RegionPerturbation(int patch, int regions, Substrate substrate, ScoreKind score)
    implements Metric {
  public RegionPerturbation() {
    this(8, 100, Substrate.ZERO, ScoreKind.PROBABILITY);
  }

  public RegionPerturbation {
    Check.atLeast(1, patch, "region-perturbation: patch");
    Check.atLeast(1, regions, "region-perturbation: regions");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    RemovalOrder order = RemovalOrder.groups(explained, patches(explained), regions);
    return RemovalCurve.deletion(
        explained,
        workspace,
        score,
        order,
        substrate,
        c -> {
          double sum = 0;
          for (double f : c) {
            sum += c.getFirst() - f;
          }
          return sum / c.size();
        });
  }

  private int[] patches(Explained explained) {
    int w = explained.width();
    int across = Math.ceilDiv(w, patch);
    int[] patches = new int[explained.height() * w];
    for (int i = 0; i < patches.length; i++) {
      patches[i] = i / w / patch * across + i % w / patch;
    }
    return patches;
  }
}
