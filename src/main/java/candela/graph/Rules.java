package candela.graph;

import java.util.List;
import java.util.function.Predicate;

/**
 * Which rule for which node: the first entry that matches, else the gradient. Data, compared by its
 * entries.
 */
public record Rules(List<Entry> entries) {
  /** The plain gradient everywhere. */
  public static final Rules GRADIENT = new Rules(List.of());

  /** One line of the list. */
  public record Entry(Predicate<Node> nodes, Rule rule) {}

  public Rules {
    entries = List.copyOf(entries);
  }

  public Rule of(Node node) {
    for (Entry e : entries) {
      if (e.nodes().test(node)) {
        return e.rule();
      }
    }
    return Rule.GRADIENT;
  }
}
