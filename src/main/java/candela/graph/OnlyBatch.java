package candela.graph;

import candela.tensor.CandelaException;

/**
 * A model whose file was made for batches of one size, and cannot be read for another; or one that
 * can, and may let the images of a batch depend on each other.
 */
public final class OnlyBatch extends CandelaException {
  private static final long serialVersionUID = 1L;

  private final int batch;

  /**
   * @param batch that it was made for
   * @param why what does not fit another
   */
  OnlyBatch(int batch, String why, Throwable cause) {
    super(why + "; the model is made for batches of " + batch + ": use batch " + batch, cause);
    this.batch = batch;
  }

  /**
   * Of a model for any number of images.
   *
   * @param why what mixes them, or hides where they are
   */
  OnlyBatch(String why) {
    super(why + "; the images of a batch may depend on each other: use batch 1");
    batch = 1;
  }

  public int batch() {
    return batch;
  }
}
