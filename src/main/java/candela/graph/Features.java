package candela.graph;

import candela.graph.op.Conv;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/** Finds what class activation maps look at unless a layer is named. */
final class Features {
  private Features() {}

  /**
   * The model's name of the last feature map in a graph as imported: the last convolution that has
   * more than one pixel, or what depends on it last at the same height and width, of what outputs
   * depend on.
   */
  static String last(Graph imported) {
    Graph graph = new DeadCode().apply(imported, Set.of());
    Node layer = null;
    for (Node n : graph.nodes()) {
      if (n.op() instanceof Conv && n.output().shape().count(1, 3) > 1) {
        layer = n;
      }
    }
    if (layer == null) {
      throw CandelaException.of(
          "%s: no convolution of more than one pixel; name the value to look at, layer=NAME",
          graph.name());
    }
    Map<Value, String> names = new IdentityHashMap<>();
    graph
        .named()
        .forEach((name, p) -> names.merge(p.value(), name, (a, b) -> a.compareTo(b) < 0 ? a : b));
    int h = layer.output().shape().dim(1);
    int w = layer.output().shape().dim(2);
    Set<Value> after = Collections.newSetFromMap(new IdentityHashMap<>());
    after.add(layer.output());
    String last = null;
    for (Node n : graph.nodes()) {
      Shape y = n.output().shape();
      boolean depends = n == layer || n.inputs().stream().anyMatch(after::contains);
      if (depends && y.rank() == 4 && (isAt(y, 1, h, w) || isAt(y, 2, h, w))) {
        after.add(n.output());
        String name = names.get(n.output());
        last = name != null && isAt(y, 2, h, w) ? name : last;
      }
    }
    if (last == null) {
      throw CandelaException.of(
          "%s: %s has no name for its map; name the value to look at, layer=NAME",
          graph.name(), layer.label());
    }
    return last;
  }

  private static boolean isAt(Shape y, int axis, int h, int w) {
    return y.dim(axis) == h && y.dim(axis + 1) == w;
  }
}
