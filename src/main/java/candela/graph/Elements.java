package candela.graph;

import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;

/**
 * Counts elements of constants that are made while a model is read, and of those that they are made
 * of: a file of some hundred bytes may ask for any number.
 */
final class Elements {
  /** 2 GiB. */
  private static final int MOST = 1 << 29;

  /** So many more for each element that the file holds: weights are computed in some steps. */
  private static final int EACH = 32;

  private long most = MOST;
  private long made;

  private Elements() {}

  /** None made yet. */
  static Elements of(OnnxModel model) {
    var elements = new Elements();
    model.initialisers().values().forEach(t -> elements.most += (long) EACH * t.shape().count());
    return elements;
  }

  /**
   * Counts them before they are made.
   *
   * @throws CandelaException when they are too many
   */
  void make(long count) {
    made += count;
    if (made > most) {
      throw CandelaException.of(
          "constants computed on the way have more than %d elements; store them in the file", most);
    }
  }
}
