package candela.metric;

/**
 * An image that goes to the right, so many pixels at a time; what it leaves shows another one.
 *
 * @param samples 1 or more, as many as leave a column of the image
 * @param step pixels, 1 or more
 * @param other in the image's shape; not copied
 */
record Shifts(int samples, int step, float[] other) implements Neighbours {
  @Override
  public float[] image(Explained explained, int sample) {
    int w = explained.width();
    int by = (sample + 1) * step;
    float[] y = other.clone();
    for (int row = 0; row < y.length; row += w) {
      System.arraycopy(explained.pixels(), row, y, row + by, w - by);
    }
    return y;
  }
}
