package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;

/** A measure of how true a map is, with its parameters: a record, equal when the scores are. */
public interface Metric {
  /** Which values speak for the map. */
  Direction direction();

  /** Whether it needs to know the pixels of the class. */
  default boolean needsTruth() {
    return false;
  }

  /** Whether it needs to ask the method for other maps. */
  default boolean needsMethod() {
    return false;
  }

  /**
   * A probe whose result is the score of one map; its memory is the workspace's. One that does not
   * ask the model has size 0 and its result at once.
   *
   * <p>What depends on no map is asked once: of probes made in one workspace, of one image and
   * class, the first may ask for all; likewise maps of other images, of probes of one map. Run all
   * of them, and none without the first.
   *
   * @throws candela.tensor.CandelaException when a parameter does not fit the map
   */
  Probe<Score> probe(Explained explained, Workspace workspace);
}
