package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Whether the map's sums over sets of n pixels go with what the score loses without them, from few
 * pixels to many.
 *
 * <p><b>Definition:</b> for each of several n, Pearson's correlation r_n, over random sets S of n
 * pixels, of Σ_S a and f(x) − f(x_S), x_S showing the substrate in S, all channels. The n are
 * evenly spaced in the logarithm from 1 to most · h · w, rounded, equal ones once. The value is the
 * mean of r_n, without those n whose sums or falls are constant; NaN where all are.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → −1 … 1;
 * parts {@code correlation@n}.
 *
 * <p><b>Parameters:</b> sizes (how many n, 1 or more; of one it is the largest; default 8); most
 * (share of the pixels, above 0, up to 1, default 0.8); samples (sets per n, 2 or more; the first k
 * of more are those of k; default 100); substrate (zero, blur, padded_blur, mean, least, most or
 * average, default zero); seed (default 0); score (default logit).
 *
 * <p><b>Cost:</b> sizes · samples + 1 forward rows, for all maps of an image together.
 *
 * <p><b>Source:</b> Ancona et al. 2018, "Towards better understanding of gradient-based attribution
 * methods for deep neural networks" (sensitivity-n).
 *
 * <p><b>Differences:</b> the authors show r_n as a curve; its mean is one number to compare. What
 * superpixels or cells have counts as in {@link Completeness}.
 */
public record SensitivityN(
    int sizes, double most, int samples, Substrate substrate, long seed, ScoreKind score)
    implements Metric {
  public SensitivityN() {
    this(8, 0.8, 100, Substrate.ZERO, 0, ScoreKind.LOGIT);
  }

  public SensitivityN {
    Check.atLeast(1, sizes, "sensitivity-n: sizes");
    Check.share(most, "sensitivity-n: most");
    Check.atLeast(2, samples, "sensitivity-n: samples");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    List<Integer> n = sizes(explained.height() * explained.width());
    return Falls.judge(
        explained,
        workspace,
        RandomPixels.fitting(explained, n, samples, seed, "sensitivity-n"),
        substrate,
        score,
        (sums, falls) -> score(n, sums, falls));
  }

  /** The n, ascending. */
  private List<Integer> sizes(int pixels) {
    double last = Math.max(1, most * pixels);
    return IntStream.rangeClosed(1, sizes)
        .map(i -> (int) Math.round(Math.pow(last, sizes == 1 ? 1 : (i - 1.0) / (sizes - 1))))
        .distinct()
        .boxed()
        .toList();
  }

  private Score score(List<Integer> n, double[] sums, double[] falls) {
    Map<String, Double> parts = new LinkedHashMap<>();
    double sum = 0;
    int count = 0;
    String reason = "";
    for (int i = 0; i < n.size(); i++) {
      int from = i * samples;
      Score r =
          Score.correlation(
              Arrays.copyOfRange(sums, from, from + samples),
              Arrays.copyOfRange(falls, from, from + samples));
      parts.put("correlation@" + n.get(i), r.value());
      if (Double.isNaN(r.value())) {
        reason = r.reason();
      } else {
        sum += r.value();
        count++;
      }
    }
    return Score.of(sum / count, parts, reason);
  }
}
