package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Locale;
import java.util.Optional;

/** An attribution method with its hyper-parameters: a record, equal when the maps are. */
public interface Method {
  /** The number of the class that is explained. */
  ScoreKind score();

  /** How channels become one map, unless the user says otherwise. */
  Channels channels();

  /** The same with the sizes in which it goes by the image's: what a caption tells. */
  default Method on(Shape image) {
    return this;
  }

  /** What of an image is made up in each row, where the method hides parts of it that way. */
  default Optional<Inpainting> inpainting(Shape image) {
    return Optional.empty();
  }

  /** What is strange about a map, and what to do; null where nothing is. */
  default String remark(Attribution found) {
    Double undetermined = found.notes().get(Attribution.UNDETERMINED);
    if (undetermined != null) {
      return String.format(
          Locale.ROOT,
          "so few samples leave %.0f of the features undetermined; give more samples, or fewer"
              + " features",
          undetermined);
    }
    if (found.isZero()) {
      return "all values are 0: nothing there speaks for the class; try other parameters";
    }
    return found.isFlat()
        ? "all values are equal: no place is told from another; try other parameters"
        : null;
  }

  /**
   * A probe whose result is the map of one image; its memory is the workspace's.
   *
   * @throws candela.tensor.CandelaException when a parameter does not fit the image
   * @throws candela.graph.Unsuited when it has no meaning for the image's channels; where the model
   *     has not what it looks at, the pipeline says so
   */
  Probe<Attribution> probe(Subject subject, Workspace workspace);
}
