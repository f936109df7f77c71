package candela.method;

import candela.probe.Probe;
import candela.probe.Staged;
import candela.probe.Workspace;
import java.util.List;

/**
 * A method with a count (of samples, of iterations) whose stream does not depend on it: what a
 * smaller count gives lies on the way to a larger one. Methods that differ in their count only are
 * run once, at the largest.
 */
public interface Nested extends Method {
  int count();

  /** The same method with another count. */
  Nested with(int count);

  /**
   * A probe with a result at each of these counts.
   *
   * @param counts each 1 to {@link #count}
   */
  Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts);

  @Override
  default Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return probe(subject, workspace, List.of());
  }
}
