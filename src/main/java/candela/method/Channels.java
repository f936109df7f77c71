package candela.method;

/** How the channels of an attribution become one value a pixel. */
public enum Channels {
  /** Signed sum: keeps completeness. */
  SUM(true),
  /** Sum of absolute values (PAIR's choice for gradients). */
  SUM_ABSOLUTE(false),
  /** Largest absolute value (Simonyan et al. 2013). */
  MAX_ABSOLUTE(false),
  /** Signed mean (the choice of SAM, Bansal et al. 2020). */
  MEAN(true);

  private final boolean signed;

  Channels(boolean signed) {
    this.signed = signed;
  }

  /** Whether the map has both signs. */
  public boolean signed() {
    return signed;
  }

  /** values[c,n] to [n]. */
  float[] reduce(float[] values, int c, int n) {
    float[] map = new float[n];
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int k = 0; k < c; k++) {
        double v = values[k * n + i];
        sum =
            switch (this) {
              case SUM, MEAN -> sum + v;
              case SUM_ABSOLUTE -> sum + Math.abs(v);
              case MAX_ABSOLUTE -> Math.max(sum, Math.abs(v));
            };
      }
      map[i] = (float) (this == MEAN ? sum / c : sum);
    }
    return map;
  }
}
