package candela.probe;

import candela.graph.Likelihood;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The network's answer to one image.
 *
 * @param logits one a class; not to be changed
 */
public record Prediction(float[] logits, Likelihood likelihood) {
  /** The class of the largest logit; of equal ones the first. */
  public int best() {
    return best(logits);
  }

  /** The place of the largest; of equal ones the first. */
  public static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  /** Whether these are probabilities themselves, of a form that is not known for one. */
  public boolean seemProbabilities() {
    double sum = 0;
    boolean within = likelihood == Likelihood.SOFTMAX;
    for (float l : logits) {
      sum += l;
      within &= l >= 0 && l <= 1;
    }
    return within && Math.abs(sum - 1) < 1e-3;
  }

  /** Whether they mean something. */
  public boolean isFinite() {
    for (float l : logits) {
      if (!Float.isFinite(l)) {
        return false;
      }
    }
    return true;
  }

  /** The k classes of the highest scores, highest first. */
  public List<Integer> top(int k) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]))
        .limit(k)
        .toList();
  }

  public double probability(int target) {
    return likelihood.probability(logits, target);
  }

  /** One a class. */
  public float[] probabilities() {
    return likelihood.probabilities(logits);
  }

  /** Whether no class is likelier, or where each is by itself, it is likelier than not. */
  public boolean predicts(int target) {
    if (likelihood == Likelihood.SIGMOID) {
      return logits[target] >= 0;
    }
    for (float l : logits) {
      if (l > logits[target]) {
        return false;
      }
    }
    return true;
  }
}
