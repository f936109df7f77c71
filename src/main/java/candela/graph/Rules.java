package candela.graph;

import java.util.List;

/**
 * Which rule for which node: the first entry that matches, else the gradient. Data, compared by its
 * entries.
 *
 * @param paired whether rows come in pairs, an image and its reference, and rules compare the two;
 *     batches are even then
 */
public record Rules(List<Entry> entries, boolean paired) {
  /** The plain gradient everywhere. */
  public static final Rules GRADIENT = new Rules(List.of());

  /** One line of the list. */
  public record Entry(Selector nodes, Rule rule) {}

  public Rules {
    entries = List.copyOf(entries);
  }

  /** Rules that know no reference. */
  public Rules(List<Entry> entries) {
    this(entries, false);
  }

  public Rule of(Graph graph, Node node) {
    for (Entry e : entries) {
      if (e.nodes().test(graph, node)) {
        return e.rule();
      }
    }
    return Rule.GRADIENT;
  }
}
