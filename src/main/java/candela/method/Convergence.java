package candela.method;

import java.util.LinkedHashMap;
import java.util.Map;

/** Notes of contributions that should add up to the difference of two scores. */
final class Convergence {
  private Convergence() {}

  static Map<String, Double> notes(double[] contributions, double score, double baselineScore) {
    double sum = 0;
    for (double v : contributions) {
      sum += v;
    }
    return notes(sum, score, baselineScore);
  }

  /** The two scores, and by how much the sum misses their difference. */
  static Map<String, Double> notes(double sum, double score, double baselineScore) {
    Map<String, Double> notes = new LinkedHashMap<>();
    notes.put("score", score);
    notes.put("baselineScore", baselineScore);
    notes.put("convergenceDelta", sum - (score - baselineScore));
    return notes;
  }
}
