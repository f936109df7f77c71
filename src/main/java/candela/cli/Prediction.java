package candela.cli;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The network's answer to one image. */
record Prediction(float[] logits) {
  int best() {
    return top(1).get(0);
  }

  /** Whether they mean something. */
  boolean isFinite() {
    for (float l : logits) {
      if (!Float.isFinite(l)) {
        return false;
      }
    }
    return true;
  }

  /** The k classes of the highest scores, highest first. */
  List<Integer> top(int k) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]))
        .limit(k)
        .toList();
  }

  /** Softmax of the logits at this class. */
  double probability(int target) {
    double max = Double.NEGATIVE_INFINITY;
    for (float l : logits) {
      max = Math.max(max, l);
    }
    double sum = 0;
    for (float l : logits) {
      sum += Math.exp(l - max);
    }
    return Math.exp(logits[target] - max) / sum;
  }
}
