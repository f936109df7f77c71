package candela.onnx;

import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Who computes what, and an order in which it can be computed: the file's own wherever that is one.
 */
final class Order {
  private final String where;
  private final Set<String> given;
  private final List<OnnxNode> nodes;
  private final Map<String, Integer> producer = new HashMap<>();

  /**
   * @param given inputs and initialisers
   */
  Order(String where, Set<String> given, List<OnnxNode> nodes) {
    this.where = where;
    this.given = given;
    this.nodes = nodes;
    for (int i = 0; i < nodes.size(); i++) {
      for (String output : nodes.get(i).outputs()) {
        boolean taken =
            !output.isEmpty()
                && (given.contains(output) || producer.putIfAbsent(output, i) != null);
        if (taken) {
          throw fault(i, "output " + Names.quote(output) + " is already defined elsewhere");
        }
      }
    }
  }

  boolean defines(String value) {
    return given.contains(value) || producer.containsKey(value);
  }

  List<OnnxNode> sorted() {
    int[] missing = new int[nodes.size()];
    var readers = new ArrayList<List<Integer>>();
    nodes.forEach(n -> readers.add(new ArrayList<>()));
    for (int i = 0; i < missing.length; i++) {
      for (String input : nodes.get(i).reads()) {
        if (input.isEmpty() || given.contains(input)) {
          continue;
        }
        Integer from = producer.get(input);
        if (from == null) {
          throw fault(
              i, "input " + Names.quote(input) + " is no input, initialiser or output of a node");
        }
        readers.get(from).add(i);
        missing[i]++;
      }
    }
    var sorted = new ArrayList<OnnxNode>(missing.length);
    var ready = new PriorityQueue<Integer>();
    for (int i = 0; i < missing.length; i++) {
      if (missing[i] == 0) {
        ready.add(i);
      }
    }
    while (!ready.isEmpty()) {
      int i = ready.remove();
      sorted.add(nodes.get(i));
      for (int reader : readers.get(i)) {
        if (--missing[reader] == 0) {
          ready.add(reader);
        }
      }
    }
    if (sorted.size() < missing.length) {
      throw fault(onCycle(missing), "its input depends on its own output");
    }
    return sorted;
  }

  /** Going back from a node that never got ready, through such nodes, ends in a cycle. */
  private int onCycle(int[] missing) {
    boolean[] seen = new boolean[missing.length];
    int i = 0;
    while (missing[i] == 0) {
      i++;
    }
    while (!seen[i]) {
      seen[i] = true;
      i =
          nodes.get(i).reads().stream()
              .map(producer::get)
              .filter(from -> from != null && missing[from] > 0)
              .findFirst()
              .orElseThrow();
    }
    return i;
  }

  private CandelaException fault(int node, String fault) {
    return CandelaException.of(
        "%s: %s: %s; export the model again", where, nodes.get(node).label(), fault);
  }
}
