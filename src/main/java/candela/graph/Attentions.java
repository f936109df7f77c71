package candela.graph;

import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.Expand;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.PadConstant;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Softmax;
import candela.graph.op.Transpose;
import candela.tensor.CandelaException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds attention, softmax(q kᵀ) v, in a graph as imported. */
final class Attentions {
  private final List<Node> nodes;
  private final Map<Value, Node> producers;

  Attentions(Graph graph) {
    nodes = graph.nodes();
    producers = Rewrite.producers(graph);
  }

  /**
   * The softmax of each, once, in the nodes' order.
   *
   * @throws CandelaException where weights are made of a softmax and more
   */
  List<Value> weights() {
    List<Value> found = new ArrayList<>();
    for (Node n : nodes) {
      for (int i = 0; i < 2 && n.op() instanceof MatMul; i++) {
        Node scores = scores(n, i);
        if (scores == null && !n.input(1 - i).isConstant() && isOfSoftmax(n.input(i))) {
          throw Unsuited.of(
              "%s: weights that are a softmax expected, they are made of one and more; use a class"
                  + " activation map",
              n.label());
        }
        if (scores != null && !found.contains(scores.output())) {
          found.add(scores.output());
        }
      }
    }
    return found;
  }

  /** Whether it is computed of a softmax without a product or convolution between. */
  private boolean isOfSoftmax(Value v) {
    Set<Value> found = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Value> open = new ArrayDeque<>(List.of(v));
    while (!open.isEmpty()) {
      Node n = producers.get(open.pop());
      if (n != null && n.op() instanceof Softmax) {
        return true;
      }
      boolean through =
          n != null
              && !(n.op() instanceof MatMul || n.op() instanceof Matrix || n.op() instanceof Conv);
      if (through) {
        n.inputs().stream().filter(found::add).forEach(open::push);
      }
    }
    return false;
  }

  /** The softmax that operand i of a product comes of, the other one being no constant. */
  private Node scores(Node product, int i) {
    return product.input(1 - i).isConstant() ? null : upTo(product.input(i), Softmax.class);
  }

  /**
   * What the last attention behind a value reads: of what weights project to its values v, the last
   * that its scores come of, too, before it was cut into windows. Null where there is no attention.
   *
   * @param after null for any attention
   */
  Value lastRead(Value after) {
    for (Node n : nodes.reversed()) {
      if (n.outputs().stream().anyMatch(y -> y == after)) {
        return null;
      }
      for (int i = 0; i < 2 && n.op() instanceof MatMul; i++) {
        Node scores = scores(n, i);
        if (scores != null) {
          return whole(read(n.input(1 - i), ancestors(scores), after));
        }
      }
    }
    return null;
  }

  /** What weights project to v and others to scores; v itself where none do. */
  private Value read(Value v, Set<Value> ofScores, Value after) {
    for (Value at = v; ; ) {
      Node n = producers.get(at);
      Value from = n == null || at == after ? null : onlyInput(n);
      if (from == null) {
        return v;
      }
      boolean weighs = n.op() instanceof Matrix || n.op() instanceof Conv;
      if (weighs && ofScores.contains(from)) {
        return from;
      }
      at = from;
    }
  }

  private Set<Value> ancestors(Node of) {
    Set<Value> found = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Node> open = new ArrayDeque<>(List.of(of));
    while (!open.isEmpty()) {
      for (Value v : open.pop().inputs()) {
        if (found.add(v) && producers.containsKey(v)) {
          open.push(producers.get(v));
        }
      }
    }
    return found;
  }

  /** The node of a kind that v comes of, each node on the way reading one computed value. */
  private Node upTo(Value v, Class<? extends Op> kind) {
    for (Value at = v; at != null; ) {
      Node n = producers.get(at);
      if (n == null || kind.isInstance(n.op())) {
        return n;
      }
      at = onlyInput(n);
    }
    return null;
  }

  /** The one value that is no constant; null where there are several or none. */
  private static Value onlyInput(Node n) {
    Value only = null;
    for (Value v : n.inputs()) {
      if (v != only && !v.isConstant()) {
        if (only != null) {
          return null;
        }
        only = v;
      }
    }
    return only;
  }

  /** What v's elements come of, however they were moved. */
  private Value whole(Value v) {
    Value at = v;
    for (Value from = v; from != null; from = moved(at)) {
      at = from;
    }
    return at;
  }

  /** What the producer of a value moves to other places; null where it does more. */
  private Value moved(Value v) {
    Node n = producers.get(v);
    return switch (n == null ? null : n.op()) {
      case Reshape _, Transpose _, Slice _, Expand _, PadConstant _ -> n.input(0);
      case Concat _ -> shared(n);
      case null, default -> null;
    };
  }

  /** What all parts are cut of, as where an image is rolled; null where there are several. */
  private Value shared(Node concat) {
    Value shared = null;
    for (Value part : concat.inputs()) {
      Node cut = producers.get(part);
      if (cut == null || !(cut.op() instanceof Slice)) {
        return null;
      }
      Value of = cut.input(0);
      if (shared != null && of != shared) {
        return null;
      }
      shared = of;
    }
    return shared;
  }
}
