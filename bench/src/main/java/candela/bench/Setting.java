package candela.bench;

import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * What every engine is given: the same file, images, target classes and number of threads.
 *
 * @param images [batch,3,224,224]
 * @param target class of each row, whose logit is the score
 */
record Setting(Path model, int batch, int threads, float[] images, int[] target) {
  static final int SIZE = 224;
  static final int CLASSES = 1000;

  /** Seeded images, normal with a standard deviation as preprocessing of the network gives it. */
  static Setting of(Path model, int batch, int threads) {
    double deviation = model.getFileName().toString().contains("published") ? 60 : 1;
    SplittableRandom random = new SplittableRandom(7);
    float[] images = new float[batch * 3 * SIZE * SIZE];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) (deviation * random.nextGaussian());
    }
    int[] target = new int[batch];
    for (int i = 0; i < batch; i++) {
      target[i] = 61 * i % CLASSES;
    }
    return new Setting(model, batch, threads, images, target);
  }
}
