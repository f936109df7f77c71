package candela.train;

import candela.device.Philox;

/** How often a model is right on a set of pictures. */
public final class Testing {
  private static final long NOISE = 4L << 60;

  private Testing() {}

  /**
   * Goes through the pictures.
   *
   * @param attack on each batch, null for none
   * @param sigma deviation of Gaussian noise on the pixels, 0 for none
   * @param most pictures that are used, from the first
   */
  public static Learner.Tally of(
      Learner learner, Dataset data, Pgd attack, double sigma, long seed, int most) {
    int n = learner.batch();
    int size = data.image().count();
    int all = Math.min(most, data.size());
    Learner.Tally tally = Learner.Tally.NONE;
    for (int from = 0; from < all; from += n) {
      int rows = Math.min(n, all - from);
      float[] images = new float[n * size];
      long[] labels = new long[n];
      for (int r = 0; r < rows; r++) {
        labels[r] = data.labels()[from + r];
        data.input(from + r, images, r * size);
        if (sigma > 0) {
          Philox random = new Philox(seed + NOISE, from + r);
          for (int i = 0; i < size; i++) {
            images[r * size + i] += (float) (sigma * random.normal());
          }
        }
      }
      tally =
          tally.plus(
              attack == null
                  ? learner.judge(images, labels, rows)
                  : learner.judgeAttacked(images, labels, rows, attack, seed + NOISE, from));
    }
    return tally;
  }
}
