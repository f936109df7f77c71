package candela.graph;

import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The nodes of a model that read nothing but constants, and what they give. */
final class ConstantNodes {
  /** What reading a node counts as, in elements: it takes as long. */
  private static final int NODE = 1024;

  private final OnnxModel model;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, Integer> producers = new HashMap<>();

  /** How many of the nodes read a value and were not computed yet. */
  private final Map<String, Integer> readers = new HashMap<>();

  /** Values that several read, until all have. */
  private final Map<String, OnnxTensor> shared = new HashMap<>();

  private final Elements elements;

  /** None yet. */
  ConstantNodes(OnnxModel model) {
    this.model = model;
    elements = Elements.of(model);
  }

  /** Takes the next node of the model, where it is one. */
  boolean take(OnnxNode n) {
    if (!n.domain().isEmpty() || !n.inputs().stream().allMatch(this::isConstant)) {
      return false;
    }
    n.outputs().stream().filter(v -> !v.isEmpty()).forEach(v -> producers.put(v, nodes.size()));
    n.inputs().stream().filter(v -> !v.isEmpty()).forEach(v -> readers.merge(v, 1, Integer::sum));
    nodes.add(n);
    return true;
  }

  private boolean isConstant(String value) {
    return value.isEmpty() || model.initialisers().containsKey(value) || isComputed(value);
  }

  /** Whether one of them gives it. */
  boolean isComputed(String value) {
    return producers.containsKey(value);
  }

  /** Whether one of such an operator gives it. */
  boolean isMade(String value, String op) {
    return isComputed(value) && nodes.get(producers.get(value)).op().equals(op);
  }

  /**
   * A value that one of them gives; null where it is left to sessions.
   *
   * @throws CandelaException when it cannot be computed
   */
  OnnxTensor compute(String value) {
    Import reading = Import.constants(model, elements);
    TreeSet<Integer> needed = needed(value);
    needed.forEach(i -> compute(nodes.get(i), reading));
    try {
      elements.make((long) NODE * needed.size());
      OnnxTensor t = reading.known(value).constant();
      if (t != null && readers.getOrDefault(value, 0) > 0) {
        shared.put(value, t);
      }
      return t == null ? null : new OnnxTensor(value, t.type(), t.shape(), t.data());
    } catch (CandelaException e) {
      String node = nodes.get(needed.last()).label();
      throw new CandelaException(model.name() + ": " + node + ": " + e.getMessage(), e);
    }
  }

  private void compute(OnnxNode n, Import reading) {
    for (String x : n.inputs()) {
      OnnxTensor t = shared.getOrDefault(x, model.initialisers().get(x));
      if (t != null) {
        reading.bind(x, t);
      }
      if (!x.isEmpty() && readers.merge(x, -1, Integer::sum) == 0) {
        shared.remove(x);
      }
    }
    reading.read(n);
    for (String y : n.outputs()) {
      OnnxTensor t = readers.getOrDefault(y, 0) > 1 ? reading.known(y).constant() : null;
      if (t != null) {
        shared.put(y, t);
      }
    }
  }

  /** Places of the nodes that a value depends on, as they follow each other. */
  private TreeSet<Integer> needed(String value) {
    var needed = new TreeSet<Integer>();
    Deque<String> open = new ArrayDeque<>(List.of(value));
    while (!open.isEmpty()) {
      String next = open.pop();
      Integer n = shared.containsKey(next) ? null : producers.get(next);
      if (n != null && needed.add(n)) {
        open.addAll(nodes.get(n).inputs());
      }
    }
    return needed;
  }

  /**
   * The model with what some of them give as initialisers, without the nodes and initialisers that
   * nothing else needs.
   *
   * @param initialisers the model's, and those
   */
  OnnxModel replaced(Map<String, OnnxTensor> initialisers) {
    if (initialisers.size() == model.initialisers().size()) {
      return model;
    }
    Set<String> read = new HashSet<>();
    model.outputs().forEach(v -> read.add(v.name()));
    List<OnnxNode> left = new ArrayList<>();
    for (OnnxNode n : model.nodes().reversed()) {
      boolean made = n.outputs().stream().anyMatch(this::isComputed);
      if (!made
          || n.outputs().stream().anyMatch(v -> read.contains(v) && !initialisers.containsKey(v))) {
        left.add(n);
        read.addAll(n.inputs());
      }
    }
    Map<String, OnnxTensor> needed = new LinkedHashMap<>(initialisers);
    needed.keySet().retainAll(read);
    return model.with(left.reversed(), needed);
  }
}
