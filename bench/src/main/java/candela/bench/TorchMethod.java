package candela.bench;

/**
 * One setting of one method by the loop that its users write around PyTorch. Opening it does what
 * comes before the first row (superpixels, a blurred image, the search of a start).
 *
 * <p>Owns its arrays. For one thread.
 */
interface TorchMethod extends AutoCloseable {
  /** Rows of a whole run, those of opening counted in. */
  default int rows() {
    return loop();
  }

  /** Rows of {@link #map}'s loop in a whole run. */
  int loop();

  /**
   * The map, [h,w].
   *
   * @param rows how much of the loop is run; the map is right where it is all of it
   */
  float[] map(int rows);

  @Override
  void close();
}
