package candela.graph;

/** What makes probabilities of logits. */
public enum Likelihood {
  /** One class of all is right. */
  SOFTMAX,
  /** Each class is right or not by itself. */
  SIGMOID;

  /** As the score kernel numbers it. */
  public int kind(ScoreKind score) {
    boolean own = this == SIGMOID && score != ScoreKind.LOGIT;
    return score.ordinal() + (own ? 2 : 0);
  }

  /** The probability of a class. */
  public double probability(float[] logits, int target) {
    if (this == SIGMOID) {
      return 1 / (1 + Math.exp(-logits[target]));
    }
    double sum = 0;
    for (float l : logits) {
      sum += Math.exp((double) l - logits[target]);
    }
    return 1 / sum;
  }

  /** Of every class. */
  public float[] probabilities(float[] logits) {
    double most = Double.NEGATIVE_INFINITY;
    for (float l : logits) {
      most = Math.max(most, l);
    }
    double sum = 0;
    for (float l : logits) {
      sum += Math.exp(l - most);
    }
    float[] p = new float[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = (float) (this == SIGMOID ? probability(logits, i) : Math.exp(logits[i] - most) / sum);
    }
    return p;
  }
}
