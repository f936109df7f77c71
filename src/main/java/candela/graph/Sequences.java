package candela.graph;

import candela.onnx.OnnxNode;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Sequences of values, whose operators give way to plain ones on the members. */
final class Sequences {
  static final Set<String> OPERATORS =
      Set.of(
          "ConcatFromSequence",
          "SequenceAt",
          "SequenceConstruct",
          "SequenceEmpty",
          "SequenceErase",
          "SequenceInsert",
          "SequenceLength",
          "SplitToSequence");

  private final ControlFlow flow;
  private final Decisions decisions;
  private final Map<String, List<String>> members = new HashMap<>();

  Sequences(ControlFlow flow, Decisions decisions) {
    this.flow = flow;
    this.decisions = decisions;
  }

  boolean has(String value) {
    return members.containsKey(value);
  }

  /** Whether a node is one on sequences; then it is done. */
  boolean take(OnnxNode node, ControlFlow.Scope scope) {
    boolean passed = node.op().equals("Identity") && node.has(0) && has(node.inputs().getFirst());
    if (!node.domain().isEmpty() || !passed && !OPERATORS.contains(node.op())) {
      return false;
    }
    switch (node.op()) {
      case "Identity" -> flow.give(node, scope, 0, node.inputs().getFirst());
      case "SequenceEmpty" -> keep(node, scope, List.of());
      case "SequenceConstruct" -> keep(node, scope, node.inputs());
      case "SequenceInsert" -> insert(node, scope);
      case "SequenceErase" -> erase(node, scope);
      case "SequenceAt" -> {
        List<String> all = sequence(node);
        decisions.input(node, 1);
        flow.give(node, scope, 0, all.get(place(node, 1, all.size(), 0)));
      }
      case "SequenceLength" -> {
        String length = flow.integer(node, Shape.SCALAR, sequence(node).size());
        flow.give(node, scope, 0, length);
      }
      case "SplitToSequence" -> split(node, scope);
      default -> concat(node, scope);
    }
    return true;
  }

  private void keep(OnnxNode node, ControlFlow.Scope scope, List<String> values) {
    flow.count(node, values.size() / 64);
    members.put(scope.define(node, node.outputs().getFirst()), List.copyOf(values));
  }

  /** Input 0. */
  private List<String> sequence(OnnxNode node) {
    List<String> all = members.get(decisions.input(node, 0));
    if (all == null) {
      throw decisions.fault(node, "input 0 is no sequence; export the model again");
    }
    return all;
  }

  /**
   * The place that input i names, which may count from the end of so many members; the last one
   * where there is no such input.
   *
   * @param behind 1 where the place behind the last is one too
   */
  private int place(OnnxNode node, int i, int size, int behind) {
    long at = node.has(i) ? decisions.number(node, i, "a place in a sequence") : size - 1 + behind;
    long from = at < 0 ? at + size : at;
    if (from < 0 || from >= size + behind) {
      throw decisions.fault(node, "place " + at + " is outside a sequence of " + size);
    }
    return (int) from;
  }

  private void insert(OnnxNode node, ControlFlow.Scope scope) {
    List<String> all = new ArrayList<>(sequence(node));
    all.add(place(node, 2, all.size(), 1), decisions.input(node, 1));
    keep(node, scope, all);
  }

  private void erase(OnnxNode node, ControlFlow.Scope scope) {
    List<String> all = new ArrayList<>(sequence(node));
    all.remove(place(node, 1, all.size(), 0));
    keep(node, scope, all);
  }

  private void concat(OnnxNode node, ControlFlow.Scope scope) {
    List<String> all = sequence(node);
    if (all.isEmpty()) {
      throw decisions.fault(node, "the sequence is empty; one value at least expected");
    }
    long axis = decisions.integer(node, "axis", 0);
    boolean stacked = decisions.integer(node, "new_axis", 0) != 0;
    flow.join(node, all, axis, stacked, scope.define(node, node.outputs().getFirst()));
  }

  /**
   * Into parts of given lengths, or of one length, a scalar, by default 1. Where that is 1, their
   * axis may go: by the text only where it is not given, but PyTorch gives it, and ONNX Runtime
   * complies.
   */
  private void split(OnnxNode node, ControlFlow.Scope scope) {
    String x = decisions.input(node, 0);
    long axis = decisions.integer(node, "axis", 0);
    long[] given =
        node.has(1)
            ? decisions.integers(node, node.inputs().get(1), "the length of a part")
            : new long[] {1};
    boolean alike = !node.has(1) || decisions.isScalar(node, node.inputs().get(1));
    long[] lengths = alike ? even(node, given[0], decisions.length(node, x, axis)) : given;
    String y = scope.define(node, node.outputs().getFirst());
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < lengths.length; i++) {
      parts.add(flow.fresh(node, y + "/" + i));
    }
    if (alike && given[0] == 1 && decisions.integer(node, "keepdims", 1) == 0) {
      for (int i = 0; i < lengths.length; i++) {
        flow.pick(node, x, i, axis, parts.get(i));
      }
    } else {
      flow.part(node, x, lengths, axis, parts);
    }
    members.put(y, List.copyOf(parts));
  }

  /** Parts of one length, the last one as long as what is left. */
  private long[] even(OnnxNode node, long part, int length) {
    if (part < 1) {
      throw decisions.fault(node, "parts of length " + part + "; 1 or more expected");
    }
    long count = Math.ceilDiv(length, part);
    flow.count(node, count);
    long[] lengths = new long[(int) count];
    Arrays.setAll(lengths, i -> Math.min(part, length - i * part));
    return lengths;
  }
}
