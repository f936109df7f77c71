package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.List;

/**
 * Whether pixels of more relevance, taken away, cost the score more.
 *
 * <p><b>Definition:</b> Pearson's correlation, over random sets S of pixels, of Σ_S a and f(x) −
 * f(x_S), x_S showing the substrate in S, all channels. NaN where one of the two is constant.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → −1 … 1.
 *
 * <p><b>Parameters:</b> subset (pixels of a set, 1 or more, default 224); samples (sets, 2 or more;
 * the first k of more are those of k; default 100); substrate (zero, blur, padded_blur, mean,
 * least, most or average, default zero); seed (default 0); score (default probability).
 *
 * <p><b>Cost:</b> samples + 1 forward rows, for all maps of an image together.
 *
 * <p><b>Source:</b> Bhatt, Weller and Moura 2020, "Evaluating and aggregating feature-based model
 * explanations" (faithfulness); subset and samples as Quantus.
 *
 * <p><b>Differences:</b> Quantus replaces by black, divides maps by their largest |a|, which a
 * correlation does not see, and draws from a global state. What superpixels or cells have counts as
 * in {@link Completeness}.
 */
public record FaithfulnessCorrelation(
    int subset, int samples, Substrate substrate, long seed, ScoreKind score) implements Metric {
  public FaithfulnessCorrelation() {
    this(224, 100, Substrate.ZERO, 0, ScoreKind.PROBABILITY);
  }

  public FaithfulnessCorrelation {
    Check.atLeast(1, subset, "faithfulness-correlation: subset");
    Check.atLeast(2, samples, "faithfulness-correlation: samples");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Falls.judge(
        explained,
        workspace,
        RandomPixels.fitting(explained, List.of(subset), samples, seed, "faithfulness-correlation"),
        substrate,
        score,
        Score::correlation);
  }
}
