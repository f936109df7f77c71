package candela.roar;

/** By what pixels are ranked. */
public enum Ranking {
  /** The map's absolute value: evidence against a class counts as evidence for one does. */
  ABSOLUTE {
    @Override
    float importance(float value) {
      return Math.abs(value);
    }
  },
  /** The map's value: what speaks most against the class is the least important. */
  VALUE {
    @Override
    float importance(float value) {
      return value;
    }
  };

  abstract float importance(float value);

  /** One number a pixel, larger for more important ones. */
  float[] importance(float[] map) {
    float[] all = new float[map.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = importance(map[i]);
    }
    return all;
  }
}
