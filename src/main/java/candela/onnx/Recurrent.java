package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.NodeProto;
import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Recurrent layers, as in classifiers that read an image row by row: for each direction the
 * products of all steps with the weights, and a Scan over them.
 */
final class Recurrent extends Composed {
  private static final Set<String> ACTIVATIONS =
      Set.of("HardSigmoid", "Relu", "Sigmoid", "Softplus", "Softsign", "Tanh");

  private static final Set<String> DIRECTIONS = Set.of("forward", "reverse", "bidirectional");

  /** Those of one direction, where a node names none. */
  private static final Map<String, List<String>> USUAL =
      Map.of(
          "RNN", List.of("Tanh"),
          "GRU", List.of("Sigmoid", "Tanh"),
          "LSTM", List.of("Sigmoid", "Tanh", "Tanh"));

  private final NodeProto n;
  private final boolean memory;

  /** Whether images come before steps. */
  private final boolean imagesFirst;

  private Recurrent(NodeProto n) {
    super(n.getOpType(), "X W R B sequence_lens initial_h initial_c P");
    this.n = n;
    memory = n.getOpType().equals("LSTM");
    imagesFirst = integer(n, "layout", 0) != 0;
  }

  static void list(Map<String, Function<NodeProto, Composed>> all) {
    USUAL.keySet().forEach(op -> all.put(op, n -> new Recurrent(n).layer()));
  }

  /**
   * Whether images have steps of their own number, gates are coupled, an activation or a direction
   * is none that is known, or there is no Scan yet.
   */
  static boolean isOther(NodeProto n, int opset) {
    return USUAL.containsKey(name(n))
        && (opset < 9
            || has(n, 4)
            || integer(n, "hidden_size", 0) < 1
            || !DIRECTIONS.contains(direction(n))
            || attribute(n, "clip") != null
            || attribute(n, "activation_alpha") != null
            || attribute(n, "activation_beta") != null
            || integer(n, "input_forget", 0) != 0
            || activations(n).size() != directions(n) * USUAL.get(n.getOpType()).size()
            || !ACTIVATIONS.containsAll(activations(n)));
  }

  /** Those that are known. */
  static String activations() {
    return String.join(", ", new TreeSet<>(ACTIVATIONS));
  }

  /** Of one direction after the other. */
  private static List<String> activations(NodeProto n) {
    AttributeProto given = attribute(n, "activations");
    if (given != null) {
      return given.getStringsList().stream().map(ByteString::toStringUtf8).toList();
    }
    List<String> usual = USUAL.get(n.getOpType());
    String[] all = new String[directions(n) * usual.size()];
    Arrays.setAll(all, i -> usual.get(i % usual.size()));
    return List.of(all);
  }

  private static String direction(NodeProto n) {
    AttributeProto a = attribute(n, "direction");
    return a == null ? "forward" : a.getS().toStringUtf8();
  }

  private static int directions(NodeProto n) {
    return direction(n).equals("bidirectional") ? 2 : 1;
  }

  private Recurrent layer() {
    String steps = stepsFirst("X");
    if (!has(n, 5) || memory && !has(n, 6)) {
      zeros(steps);
    }
    String h = has(n, 5) ? stepsFirst("initial_h") : "";
    String c = memory && has(n, 6) ? stepsFirst("initial_c") : "";
    for (int d = 0; d < directions(n); d++) {
      direction(d, steps, h, c);
    }
    result("Y", 1, 2, 0, 1, 3);
    result("Y_h", 0, 1, 0, 2);
    if (memory) {
      result("Y_c", 0, 1, 0, 2);
    }
    outputs(memory ? "Y Y_h Y_c" : "Y Y_h");
    return this;
  }

  private String stepsFirst(String x) {
    return imagesFirst ? turned(x, x + "_turned", 1, 0, 2) : x;
  }

  private String turned(String x, String y, long... axes) {
    node("Transpose", x, y).given("perm", Arrays.stream(axes).boxed().toList());
    return y;
  }

  /** What every image begins with. */
  private void zeros(String steps) {
    integers("one", 1);
    integers("units", integer(n, "hidden_size", 0));
    node("Shape", steps, "shape");
    node("Gather", "shape one", "images").given("axis", 0);
    node("Concat", "images units", "state").given("axis", 0);
    node("ConstantOfShape", "state", "zeros");
  }

  /** Results of a direction, which has number d, are Y_d, Y_h_d and Y_c_d. */
  private void direction(int d, String steps, String h, String c) {
    integer("place" + d, d);
    var cell = new Cell(n, d);
    String sums = "products" + d;
    node("MatMul", steps + " " + turned(picked("W", d), "weights" + d, 1, 0), sums);
    if (has(n, 3)) {
      node("Split", picked("B", d), "bias" + d + " " + cell.bias).given("axis", 0);
      node("Add", sums + " bias" + d, sums + "_biased");
      sums += "_biased";
    }
    if (has(n, 3) && !cell.late) {
      node("Add", sums + " " + cell.bias, "sums" + d);
      sums = "sums" + d;
    }
    turned(picked("R", d), cell.weights, 1, 0);
    if (n.getOpType().equals("GRU") && !cell.late) {
      long units = integer(n, "hidden_size", 0);
      integers("parts" + d, 2 * units, units);
      node("Split", cell.weights + " parts" + d, cell.gates + " " + cell.candidate);
      given("axis", 1);
    }
    if (has(n, 7)) {
      node("Split", picked("P", d), cell.peepholes).given("axis", 0);
    }
    String begins = h.isEmpty() ? "zeros" : picked(h, d);
    if (memory) {
      begins += " " + (c.isEmpty() ? "zeros" : picked(c, d));
    }
    boolean back = d == 1 || direction(n).equals("reverse");
    List<Long> way = List.of(back ? 1L : 0L);
    node("Scan", begins + " " + sums, "Y_h_" + d + (memory ? " Y_c_" + d : "") + " Y_" + d);
    given("num_scan_inputs", 1).given("body", cell.step());
    given("scan_input_directions", way).given("scan_output_directions", way);
  }

  /** The part of an input that is for direction d. */
  private String picked(String x, int d) {
    node("Gather", x + " place" + d, x + "_" + d).given("axis", 0);
    return x + "_" + d;
  }

  /** Output y of all directions along an axis, in the node's order of axes. */
  private void result(String y, long axis, long... order) {
    StringBuilder all = new StringBuilder();
    for (int d = 0; d < directions(n); d++) {
      node("Unsqueeze", y + "_" + d, y + "_apart" + d).given("axes", List.of(axis));
      all.append(d == 0 ? "" : " ").append(y).append("_apart").append(d);
    }
    node("Concat", all.toString(), imagesFirst ? y + "_steps" : y).given("axis", axis);
    if (imagesFirst) {
      turned(y + "_steps", y, order);
    }
  }

  /** One step of one direction: from its state, and the products of its input, to its state. */
  private static final class Cell extends Composed {
    private final NodeProto n;
    private final List<String> activations;

    /** Whether a GRU resets what has been multiplied already. */
    private final boolean late;

    // names of what it reads from around it
    private final String weights;
    private final String bias;
    private final String gates;
    private final String candidate;
    private final String peepholes;

    Cell(NodeProto n, int d) {
      super("step", n.getOpType().equals("LSTM") ? "h c x" : "h x");
      this.n = n;
      int each = USUAL.get(n.getOpType()).size();
      activations = activations(n).subList(d * each, (d + 1) * each);
      late = n.getOpType().equals("GRU") && integer(n, "linear_before_reset", 0) != 0;
      weights = "inner_weights" + d;
      bias = "inner_bias" + d;
      gates = "gate_weights" + d;
      candidate = "candidate_weights" + d;
      peepholes = "look_i" + d + " look_o" + d + " look_f" + d;
    }

    Cell step() {
      switch (n.getOpType()) {
        case "LSTM" -> lstm();
        case "GRU" -> gru();
        default -> rnn();
      }
      return this;
    }

    private void active(int which, String x, String y) {
      node(activations.get(which), x, y);
    }

    private void rnn() {
      node("MatMul", "h " + weights, "inner");
      node("Add", "x inner", "sum");
      active(0, "sum", "H");
      outputs("H H");
    }

    private void lstm() {
      node("MatMul", "h " + weights, "inner");
      node("Add", "x inner", "sum");
      node("Split", "sum", "i_sum o_sum f_sum c_sum").given("axis", -1);
      active(0, seen("i_sum", 0, "c"), "i");
      active(0, seen("f_sum", 2, "c"), "f");
      active(1, "c_sum", "candidate");
      node("Mul", "f c", "kept");
      node("Mul", "i candidate", "new");
      node("Add", "kept new", "C");
      active(0, seen("o_sum", 1, "C"), "o");
      active(2, "C", "squashed");
      node("Mul", "o squashed", "H");
      outputs("H C H");
    }

    /** A gate's sum, with what a peephole shows it of the memory. */
    private String seen(String sum, int peephole, String memory) {
      if (!has(n, 7)) {
        return sum;
      }
      node("Mul", names(peepholes).get(peephole) + " " + memory, sum + "_look");
      node("Add", sum + " " + sum + "_look", sum + "_seen");
      return sum + "_seen";
    }

    private void gru() {
      node("Split", "x", "x_z x_r x_h").given("axis", -1);
      if (late) {
        node("MatMul", "h " + weights, "inner");
        if (has(n, 3)) {
          node("Add", "inner " + bias, "inner_biased");
        }
        String inner = has(n, 3) ? "inner_biased" : "inner";
        node("Split", inner, "h_z h_r h_h").given("axis", -1);
      } else {
        node("MatMul", "h " + gates, "inner");
        node("Split", "inner", "h_z h_r").given("axis", -1);
      }
      node("Add", "x_z h_z", "z_sum");
      node("Add", "x_r h_r", "r_sum");
      active(0, "z_sum", "z");
      active(0, "r_sum", "r");
      if (late) {
        node("Mul", "r h_h", "rest");
      } else {
        node("Mul", "r h", "reset");
        node("MatMul", "reset " + candidate, "rest");
      }
      node("Add", "x_h rest", "sum");
      active(1, "sum", "new");
      // (1 - z) new + z h
      node("Sub", "h new", "apart");
      node("Mul", "z apart", "kept");
      node("Add", "new kept", "H");
      outputs("H H");
    }
  }
}
