package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxNode;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Puts the body of a Loop or Scan in place as often as it runs. */
final class Loops {
  private final ControlFlow flow;
  private final Decisions decisions;

  Loops(ControlFlow flow, Decisions decisions) {
    this.flow = flow;
    this.decisions = decisions;
  }

  /** Inputs: how often at most, whether at all, then what goes from one run to the next. */
  void loop(OnnxNode node, ControlFlow.Scope scope) {
    OnnxAttribute.Graph body = decisions.graph(node, "body");
    int carried = Math.max(0, node.inputs().size() - 2);
    fits(node, body, 2 + carried, carried, 1);
    long most = node.has(0) ? decisions.number(node, 0, "how often its body runs") : Long.MAX_VALUE;
    boolean goes = !node.has(1) || decisions.number(node, 1, "whether its body runs") != 0;
    ControlFlow.Scope all = scope.inside(node.name() + "/");
    flow.initialise(node, body, all);
    List<String> state =
        node.inputs().subList(node.inputs().size() - carried, node.inputs().size());
    List<List<String>> collected = new ArrayList<>();
    for (long k = 0; k < most && goes; k++) {
      ControlFlow.Scope once = all.inside(node.name() + "/" + k + "/");
      once.alias(node, body.inputs().get(0), flow.integer(node, Shape.SCALAR, k));
      once.alias(node, body.inputs().get(1), flow.integer(node, Shape.SCALAR, 1));
      alias(node, once, body.inputs().subList(2, 2 + carried), state);
      List<String> results = flow.run(node, body, once);
      String on = results.getFirst();
      goes = k + 1 < most && decisions.number(node, on, "whether its body runs again") != 0;
      state = results.subList(1, 1 + carried);
      collected.add(results.subList(1 + carried, results.size()));
    }
    give(node, scope, state);
    for (int i = 0; i < body.outputs().size() - 1 - carried; i++) {
      stack(node, scope, carried + i, column(collected, i), 0);
    }
  }

  /** Inputs: what goes from one run to the next, then what is gone through along an axis. */
  void scan(OnnxNode node, ControlFlow.Scope scope) {
    if (flow.opset() < 9) {
      throw decisions.fault(
          node, "a Scan of opset 9 or later is supported; export the model with one");
    }
    OnnxAttribute.Graph body = decisions.graph(node, "body");
    long through = decisions.integer(node, "num_scan_inputs", 0);
    if (through < 1 || through > node.inputs().size()) {
      throw decisions.fault(node, "num_scan_inputs " + through + " do not fit its inputs");
    }
    int carried = node.inputs().size() - (int) through;
    fits(node, body, node.inputs().size(), carried, 0);
    List<String> given = node.inputs().subList(carried, node.inputs().size());
    long[] axes = decisions.list(node, "scan_input_axes", given.size());
    long[] reversed = decisions.list(node, "scan_input_directions", given.size());
    int runs = length(node, given, axes);
    ControlFlow.Scope all = scope.inside(node.name() + "/");
    flow.initialise(node, body, all);
    List<String> state = node.inputs().subList(0, carried);
    List<List<String>> collected = new ArrayList<>();
    for (int k = 0; k < runs; k++) {
      ControlFlow.Scope once = all.inside(node.name() + "/" + k + "/");
      alias(node, once, body.inputs().subList(0, carried), state);
      for (int i = 0; i < given.size(); i++) {
        long at = reversed[i] != 0 ? runs - 1 - k : k;
        String piece = once.define(node, body.inputs().get(carried + i));
        flow.pick(node, given.get(i), at, axes[i], piece);
      }
      List<String> results = flow.run(node, body, once);
      state = results.subList(0, carried);
      collected.add(results.subList(carried, results.size()));
    }
    give(node, scope, state);
    int made = body.outputs().size() - carried;
    long[] along = decisions.list(node, "scan_output_axes", made);
    long[] last = decisions.list(node, "scan_output_directions", made);
    for (int i = 0; i < made; i++) {
      List<String> parts = column(collected, i);
      stack(node, scope, carried + i, last[i] != 0 ? parts.reversed() : parts, along[i]);
    }
  }

  /**
   * Checks that a body and its node fit together.
   *
   * @param own outputs of the body before those that the node has too
   */
  private void fits(OnnxNode node, OnnxAttribute.Graph body, int inputs, int carried, int own) {
    int outputs = body.outputs().size() - own;
    if (body.inputs().size() != inputs || outputs < Math.max(carried, node.outputs().size())) {
      throw decisions.fault(
          node, "its body and itself have different inputs or outputs; export the model again");
    }
  }

  /** How long all axes are that are gone through together. */
  private int length(OnnxNode node, List<String> given, long[] axes) {
    int length = decisions.length(node, given.getFirst(), axes[0]);
    for (int i = 1; i < axes.length; i++) {
      if (decisions.length(node, given.get(i), axes[i]) != length) {
        throw decisions.fault(
            node, "goes through axes of different lengths; export the model again");
      }
    }
    return length;
  }

  private void alias(
      OnnxNode node, ControlFlow.Scope scope, List<String> names, List<String> values) {
    for (int i = 0; i < names.size(); i++) {
      scope.alias(node, names.get(i), values.get(i));
    }
  }

  private void give(OnnxNode node, ControlFlow.Scope scope, List<String> values) {
    for (int i = 0; i < values.size(); i++) {
      flow.give(node, scope, i, values.get(i));
    }
  }

  private static List<String> column(List<List<String>> rows, int i) {
    return rows.stream().map(r -> r.get(i)).toList();
  }

  /** Output i: what each run gives, along a new axis. */
  private void stack(OnnxNode node, ControlFlow.Scope scope, int i, List<String> parts, long axis) {
    if (i >= node.outputs().size() || node.outputs().get(i).isEmpty()) {
      return;
    }
    if (parts.isEmpty()) {
      throw decisions.fault(
          node, "its body never runs, and output " + i + " collects what it gives; leave it out");
    }
    flow.join(node, parts, axis, true, scope.define(node, node.outputs().get(i)));
  }
}
