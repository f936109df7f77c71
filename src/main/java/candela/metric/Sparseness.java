package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Arrays;
import java.util.Map;

/**
 * How much of the map lies on few pixels.
 *
 * <p><b>Definition:</b> the Gini index of |a|: Σ (2 k − n − 1) v_k / (n Σ v) with v_1 ≤ v_2 ≤ … ≤
 * v_n the sorted |a|; 0 where all are equal, (n − 1) / n where one pixel has all. NaN for a map of
 * zeros.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image → one number.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Chalasani et al. 2020, "Concise explanations of neural networks using
 * adversarial training"; Hurley and Rickard 2009.
 *
 * <p><b>Differences:</b> Quantus adds 1e-7 to every value; here nothing is added.
 */
public record Sparseness() implements Metric {
  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Known.of(explained, () -> score(explained.magnitudes()));
  }

  private static Score score(double[] v) {
    Arrays.sort(v);
    int n = v.length;
    double sum = 0;
    double weighted = 0;
    for (int i = 0; i < n; i++) {
      sum += v[i];
      weighted += (2.0 * i + 1 - n) * v[i];
    }
    return sum == 0 ? Score.none(Reason.ZEROS) : Score.of(weighted / (n * sum), Map.of());
  }
}
