package candela.graph;

import candela.graph.op.Conv;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds what class activation maps look at unless a layer is named. */
final class Features {
  /** What outputs depend on. */
  private final Graph graph;

  private final List<Node> nodes;

  private final Map<Value, String> names = new IdentityHashMap<>();

  private Features(Graph imported) {
    graph = new DeadCode().apply(imported, Set.of());
    nodes = graph.nodes();
    graph
        .named()
        .forEach((name, p) -> names.merge(p.value(), name, (a, b) -> a.compareTo(b) < 0 ? a : b));
  }

  /** The model's names of what one of {@link SessionOptions} stands for, or the name itself. */
  static List<String> named(Graph imported, String name) {
    return switch (name) {
      case SessionOptions.LAST_FEATURES -> List.of(last(imported));
      case SessionOptions.LAST_FEATURES_OF_ALL -> List.of(new Features(imported).lastOfAll());
      case SessionOptions.ATTENTION -> new Features(imported).attention();
      default -> List.of(name);
    };
  }

  /**
   * The model's name of the last feature map in a graph as imported, of what outputs depend on.
   * Where attention comes behind the last convolution, it is what the last attention projects to
   * its values, which is its norm in most transformers; else the last convolution that has more
   * than one pixel, or what depends on it last at the same height and width.
   */
  static String last(Graph imported) {
    return new Features(imported).last();
  }

  /**
   * The last feature map, or where scores depend on the image on a way past it, what is last before
   * it, of its size, that nothing passes: a transformer's sum in front of the norm. The map itself
   * where there is none.
   */
  private String lastOfAll() {
    String last = last();
    Value at = graph.named().get(last).value();
    Map<Value, Integer> read = new IdentityHashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      for (Value v : nodes.get(i).inputs()) {
        read.put(v, i);
      }
    }
    Set<Value> ofImage = Collections.newSetFromMap(new IdentityHashMap<>());
    ofImage.addAll(graph.inputs());
    int open = graph.inputs().stream().mapToInt(v -> read.getOrDefault(v, -1)).max().orElse(-1);
    String found = null;
    for (int i = 0; i < nodes.size(); i++) {
      Node n = nodes.get(i);
      if (n.inputs().stream().noneMatch(ofImage::contains)) {
        continue;
      }
      ofImage.addAll(n.outputs());
      Value y = n.output();
      boolean passed = open > i || n.outputs().size() > 1;
      if (!passed && names.containsKey(y) && y.shape().equals(at.shape())) {
        found = names.get(y);
      }
      if (y == at) {
        break;
      }
      for (Value v : n.outputs()) {
        open = Math.max(open, read.getOrDefault(v, -1));
      }
    }
    return found == null ? last : found;
  }

  /** Weights of all attention among tokens, in the graph's order. */
  private List<String> attention() {
    List<Value> weights = new Attentions(graph).weights();
    if (weights.isEmpty()) {
      throw Unsuited.of(
          "%s: attention expected, softmax(q kᵀ) v, it has none; use another method", graph.name());
    }
    List<String> found = new ArrayList<>();
    for (Value v : weights) {
      if (!names.containsKey(v)) {
        throw Unsuited.of(
            "%s: weights of attention have no name in the file: '%s'", graph.name(), v.name());
      }
      found.add(names.get(v));
    }
    return found;
  }

  /** What the last attention reads; null where there is none. */
  static Value read(Graph imported) {
    return new Attentions(new Features(imported).graph).lastRead(null);
  }

  private String last() {
    int conv = lastConvolution();
    Value map = conv < 0 ? null : lastAtItsSize(conv);
    Value tokens = new Attentions(graph).lastRead(map);
    Value last = tokens != null && isMany(tokens) && names.containsKey(tokens) ? tokens : map;
    if (last != null) {
      return names.get(last);
    }
    if (conv < 0) {
      throw Unsuited.of(
          "%s: no convolution of more than one pixel and no attention; name the value to look at,"
              + " layer=NAME",
          graph.name());
    }
    throw Unsuited.of(
        "%s: %s has no name for its map; name the value to look at, layer=NAME",
        graph.name(), nodes.get(conv).label());
  }

  /** Whether an image has more than one token: a gate's weights of a sum are no attention. */
  private boolean isMany(Value tokens) {
    int[] lengths = tokens.shape().dims();
    long one = tokens.shape().count() / graph.input().shape().dim(0);
    return one > Arrays.stream(lengths).max().orElse(1);
  }

  /** Its place; −1 where there is none of more than one pixel. */
  private int lastConvolution() {
    int last = -1;
    for (int i = 0; i < nodes.size(); i++) {
      Node n = nodes.get(i);
      last = n.op() instanceof Conv && n.output().shape().count(1, 3) > 1 ? i : last;
    }
    return last;
  }

  /**
   * What depends on it last at its height and width and has a name, channels before or behind them;
   * null where nothing has.
   */
  private Value lastAtItsSize(int conv) {
    Value layer = nodes.get(conv).output();
    int h = layer.shape().dim(1);
    int w = layer.shape().dim(2);
    Set<Value> after = Collections.newSetFromMap(new IdentityHashMap<>());
    after.add(layer);
    Value last = names.containsKey(layer) ? layer : null;
    for (Node n : nodes.subList(conv, nodes.size())) {
      Shape y = n.output().shape();
      boolean depends = n.output() == layer || n.inputs().stream().anyMatch(after::contains);
      if (depends && y.rank() == 4 && (isAt(y, 1, h, w) || isAt(y, 2, h, w))) {
        after.add(n.output());
        last = names.containsKey(n.output()) ? n.output() : last;
      }
    }
    return last;
  }

  private static boolean isAt(Shape y, int axis, int h, int w) {
    return y.dim(axis) == h && y.dim(axis + 1) == w;
  }
}
