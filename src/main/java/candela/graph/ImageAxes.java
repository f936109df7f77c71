package candela.graph;

import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Where images lie in the values of a model. */
final class ImageAxes {
  private final String model;
  private final Batching batching;
  private final Builder here;

  /**
   * @param batching what was found out by reading the model for two batches; null where it can be
   *     read for one only
   * @param here the second of the two
   */
  ImageAxes(String model, Batching batching, Builder here) {
    this.model = model;
    this.batching = batching;
    this.here = here;
  }

  /**
   * The place of a value with its images along the first axis, each as often as it has parts there.
   *
   * @param parts whether an image may be several rows, one after the other
   * @throws CandelaException where images lie otherwise
   */
  Graph.Place first(Graph.Place p, String name, int batch, boolean parts) {
    Shape s = p.shape();
    if (batching == null || here.find(name) == null) {
      return ofOne(p, name, batch, parts);
    }
    int axis = batching.axis(name, here.find(name).shape());
    if (axis < 0) {
      return p;
    }
    boolean alone = batching.own(name).dim(axis) == batching.made();
    boolean outermost = batching.outer(name) == 1 && (alone || axis == 0 && parts);
    if (!outermost) {
      throw refused(name, s, batch);
    }
    return axis == 0 ? p : moved(p, axis);
  }

  /** In a model that can be read for one batch only. */
  private Graph.Place ofOne(Graph.Place p, String name, int batch, boolean parts) {
    Shape s = p.shape();
    if (s.rank() > 0 && s.dim(0) == batch) {
      return p;
    }
    for (int axis = 1; axis < s.rank(); axis++) {
      if (s.dim(axis) == batch) {
        return moved(p, axis);
      }
    }
    if (parts && batch == 1) {
      return p;
    }
    throw refused(name, s, batch);
  }

  private static Graph.Place moved(Graph.Place p, int axis) {
    int[] perm = new int[p.shape().rank()];
    for (int i = 0; i < perm.length; i++) {
      perm[i] = i == 0 ? axis : i <= axis ? i - 1 : i;
    }
    return new Graph.Place(p.value(), p.perm() == null ? perm : Transposition.then(p.perm(), perm));
  }

  private Unsuited refused(String name, Shape s, int batch) {
    if (batch == 1) {
      return Unsuited.of(
          "%s: value '%s': one row an image expected, but %s of one image has several in one row"
              + " where there are several; name another",
          model, name, s);
    }
    return Unsuited.of(
        "%s: value '%s': one row an image expected, is %s for a batch of %d; name another",
        model, name, s, batch);
  }
}
