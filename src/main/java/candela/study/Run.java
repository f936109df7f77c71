package candela.study;

import candela.method.Attribution;
import candela.method.Method;
import candela.method.Nested;
import candela.method.Subject;
import candela.probe.Probe;
import candela.probe.Staged;
import candela.probe.Workspace;
import java.util.List;

/**
 * One probe of a plan, and the methods whose maps it gives.
 *
 * @param method what is run; of methods that differ in a nested count, the one with the largest
 * @param counts where its result is read, ascending; empty for a method without such a count
 */
public record Run(Method method, List<Integer> counts) {
  public Run {
    counts = List.copyOf(counts);
  }

  Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return method instanceof Nested nested
        ? nested.probe(subject, workspace, counts)
        : method.probe(subject, workspace);
  }

  /** The map of one of the methods, after the probe has run. */
  Attribution result(Probe<Attribution> probe, Method wanted) {
    return wanted instanceof Nested nested && nested.count() != counts.getLast()
        ? ((Staged<Attribution>) probe).result(nested.count())
        : probe.result();
  }
}
