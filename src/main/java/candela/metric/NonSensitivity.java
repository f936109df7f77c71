package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * On how many groups of pixels the map and the model disagree about whether they matter.
 *
 * <p><b>Definition:</b> pixels are cut, row by row, into groups G of step pixels. To the map a
 * group matters where a value has |a| &gt; eps · max |a|, to the model where |f(x) − f(x_G)| &gt;
 * eps, x_G showing the substrate in G alone, all channels. The share of the groups that matter to
 * one of the two and not to the other. NaN for a map of zeros.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → 0 … 1;
 * parts {@code idle}, the share that matters to the map alone, and {@code missed}, to the model
 * alone.
 *
 * <p><b>Parameters:</b> step (pixels of a group, 1 or more, default 224; the last group has the
 * rest); eps (0 or more, default 1e-5); substrate (zero, blur, padded_blur, mean, least, most or
 * average, default zero); score (default probability).
 *
 * <p><b>Cost:</b> ceil(h w / step) + 1 forward rows, 225 for 224 × 224, for all maps of an image.
 *
 * <p><b>Source:</b> Nguyen and Martínez 2020, "On quantitative aspects of model interpretability",
 * non-sensitivity; eps as Quantus.
 *
 * <p><b>Differences:</b> a share, where Quantus counts; it takes away one pixel at a time unless
 * told otherwise, replaces by black and divides maps by their largest |a| first, as here. A
 * probability within eps of 1 or 0 says that nothing matters.
 */
public record NonSensitivity(int step, double eps, Substrate substrate, ScoreKind score)
    implements Metric {
  public NonSensitivity() {
    this(224, 1e-5, Substrate.ZERO, ScoreKind.PROBABILITY);
  }

  public NonSensitivity {
    Check.atLeast(1, step, "non-sensitivity: step");
    Check.notNegative(eps, "non-sensitivity: eps");
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Falls.judge(
        explained,
        workspace,
        new PixelRuns(step),
        substrate,
        score,
        (sums, falls) -> score(explained.magnitudes(), falls));
  }

  private Score score(double[] sizes, double[] falls) {
    double[] most = new double[falls.length];
    for (int i = 0; i < sizes.length; i++) {
      most[i / step] = Math.max(most[i / step], sizes[i]);
    }
    double largest = Arrays.stream(most).max().orElse(0);
    if (largest == 0) {
      return Score.none(Reason.ZEROS);
    }
    int idle = 0;
    int missed = 0;
    for (int g = 0; g < most.length; g++) {
      boolean toMap = most[g] > eps * largest;
      boolean toModel = Math.abs(falls[g]) > eps;
      idle += toMap && !toModel ? 1 : 0;
      missed += toModel && !toMap ? 1 : 0;
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("idle", (double) idle / most.length);
    parts.put("missed", (double) missed / most.length);
    return Score.of((double) (idle + missed) / most.length, parts);
  }
}
