package candela.roar;

import candela.device.Philox;
import candela.metric.PixelOrder;
import candela.train.Dataset;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/**
 * Takes the most important pixels out of pictures.
 *
 * <p><b>Definition:</b> of n pixels the round(t n) largest of the map get the training set's mean
 * of each channel, to the nearest level; with keep all but those do. Equal ones go in an order that
 * is drawn for each picture, the same for all methods (Philox, of the seed and the picture's
 * place): row by row, a map with many zeros would be one of the picture's top.
 *
 * <p><b>Shapes:</b> a map [h,w] → a step for each pixel; a picture [h,w,c] and its steps → [h,w,c].
 * A step is the first fraction that the pixel is among, the number of fractions where it is in
 * none: a byte a pixel serves all fractions.
 *
 * @param keep whether those pixels stay, and all others go
 * @param fill level of each channel
 * @param seed of the order of equal pixels
 */
record Removal(Fractions fractions, boolean keep, byte[] fill, long seed) {
  /** Keeps its random numbers from those of a training, which has the same seed. */
  private static final long TIES = 5L << 60;

  /** With the means of a set. */
  static Removal of(Fractions fractions, boolean keep, Dataset training, long seed) {
    return new Removal(fractions, keep, means(training), seed + TIES);
  }

  /** Of every channel, to the nearest level. */
  static byte[] means(Dataset data) {
    int channels = data.image().dim(0);
    long[] sum = new long[channels];
    for (byte[] picture : data.pixels()) {
      for (int i = 0; i < picture.length; i++) {
        sum[i % channels] += picture[i] & 255;
      }
    }
    double n = (double) data.size() * data.image().count(1, 3);
    byte[] means = new byte[channels];
    for (int c = 0; c < channels; c++) {
      means[c] = (byte) Math.round(sum[c] / n);
    }
    return means;
  }

  /**
   * Of one number a pixel, larger for more important ones.
   *
   * @param picture its place among all
   */
  byte[] steps(float[] importance, int picture) {
    int[] drawn = new Philox(seed, picture).permutation(importance.length);
    float[] shuffled = new float[drawn.length];
    for (int i = 0; i < drawn.length; i++) {
      shuffled[i] = importance[drawn[i]];
    }
    int[] order = PixelOrder.descending(shuffled);
    byte[] steps = new byte[order.length];
    int step = 0;
    for (int i = 0; i < order.length; i++) {
      while (step < fractions.size() && i >= fractions.count(step, order.length)) {
        step++;
      }
      steps[drawn[order[i]]] = (byte) step;
    }
    return steps;
  }

  /** A picture without what goes at a fraction. */
  byte[] apply(byte[] picture, byte[] steps, int fraction) {
    byte[] changed = picture.clone();
    int channels = fill.length;
    for (int p = 0; p < steps.length; p++) {
      if ((steps[p] <= fraction) != keep) {
        System.arraycopy(fill, 0, changed, p * channels, channels);
      }
    }
    return changed;
  }

  /**
   * A set without what goes at a fraction; each picture is changed when it is asked for, and takes
   * no memory.
   *
   * @param steps of each picture
   */
  Dataset apply(Dataset data, List<byte[]> steps, int fraction) {
    return data.with(new Changed(this, data.pixels(), steps, fraction));
  }

  private static final class Changed extends AbstractList<byte[]> implements RandomAccess {
    private final Removal removal;
    private final List<byte[]> pictures;
    private final List<byte[]> steps;
    private final int fraction;

    Changed(Removal removal, List<byte[]> pictures, List<byte[]> steps, int fraction) {
      this.removal = removal;
      this.pictures = pictures;
      this.steps = steps;
      this.fraction = fraction;
    }

    @Override
    public byte[] get(int i) {
      return removal.apply(pictures.get(i), steps.get(i), fraction);
    }

    @Override
    public int size() {
      return pictures.size();
    }
  }
}
