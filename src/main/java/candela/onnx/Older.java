package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.ValueInfoProto;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Nodes of opsets 1 to 6 as opset 7 has them: before it, attributes told along which axes an
 * operand broadcasts, and whether a network is trained, and types and paddings were written
 * otherwise. And the one operator that opset 11 has under another name.
 */
final class Older {
  /** The first without what this class brings into another form, but one operator's name. */
  static final int RENEWED = 7;

  private static final int LAST_RENAMED = 10;

  private static final Set<String> BROADCASTING =
      Set.of("Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor");

  private final String where;
  private final int opset;

  /** How many axes values have, where the file tells. */
  private final Map<String, Integer> ranks = new HashMap<>();

  private final Set<String> taken = new HashSet<>();

  private Older(String where, int opset) {
    this.where = where;
    this.opset = opset;
  }

  /** The graph in the form of opset 7, or its own where that is later. */
  static GraphProto renewed(String where, GraphProto graph, int opset) {
    return opset <= LAST_RENAMED ? new Older(where, opset).graph(graph) : graph;
  }

  private GraphProto graph(GraphProto graph) {
    graph.getInitializerList().forEach(t -> ranks.put(t.getName(), t.getDimsCount()));
    graph.getInputList().forEach(this::rank);
    graph.getValueInfoList().forEach(this::rank);
    graph.getInputList().forEach(v -> taken.add(v.getName()));
    graph.getInitializerList().forEach(t -> taken.add(t.getName()));
    graph.getNodeList().forEach(n -> taken.addAll(n.getOutputList()));
    GraphProto.Builder g = graph.toBuilder().clearNode();
    graph.getNodeList().forEach(n -> g.addAllNode(nodes(n)));
    return g.build();
  }

  private void rank(ValueInfoProto v) {
    if (v.getType().getTensorType().hasShape()) {
      ranks.put(v.getName(), v.getType().getTensorType().getShape().getDimCount());
    }
  }

  private List<NodeProto> nodes(NodeProto node) {
    NodeProto.Builder n = node.toBuilder();
    for (int i = 0; i < n.getAttributeCount(); i++) {
      AttributeProto a = n.getAttribute(i);
      if (a.hasG()) {
        n.setAttribute(i, a.toBuilder().setG(graph(a.getG())));
      }
    }
    if (!Composed.name(node).equals(node.getOpType())) {
      return List.of(n.build());
    }
    if (node.getOpType().equals("Scatter")) {
      n.setOpType("ScatterElements");
    }
    return opset < RENEWED ? renewed(n) : List.of(n.build());
  }

  private List<NodeProto> renewed(NodeProto.Builder n) {
    NodeProto node = n.build();
    if (opset < 6) {
      drop(n, "consumed_inputs");
    }
    switch (node.getOpType()) {
      case "BatchNormalization", "Dropout" -> {
        if (Composed.integer(node, "is_test", 1) == 0) {
          throw CandelaException.of(
              "%s: node %s (%s): is_test 0, training, is not supported; export the model for"
                  + " inference",
              where, Names.quote(node.getName()), node.getOpType());
        }
        drop(n, "is_test");
      }
      case "Cast" -> cast(n);
      case "Concat" -> {
        if (opset < 4 && Composed.attribute(node, "axis") == null) {
          n.addAttribute(integer("axis", 1));
        }
      }
      case "Gemm" -> drop(n, "broadcast");
      case "GlobalLpPool", "LpPool" -> power(n);
      case "Pad" -> rename(n, "paddings", "pads");
      case "PRelu" -> {
        return aligned(n, 1);
      }
      case "Selu" -> {
        absent(n, "alpha", 1.6732f);
        absent(n, "gamma", 1.0507f);
      }
      case "Tile" -> {
        return opset < 6 && n.getInputCount() > 2 ? tiled(n) : List.of(node);
      }
      case "Upsample" -> scales(n);
      default -> {
        if (BROADCASTING.contains(node.getOpType())) {
          long axis = Composed.integer(node, "axis", -1);
          drop(n, "axis");
          drop(n, "broadcast");
          return axis < 0 ? List.of(n.build()) : aligned(n, axis);
        }
      }
    }
    return List.of(n.build());
  }

  private static void drop(NodeProto.Builder n, String attribute) {
    for (int i = n.getAttributeCount() - 1; i >= 0; i--) {
      if (n.getAttribute(i).getName().equals(attribute)) {
        n.removeAttribute(i);
      }
    }
  }

  private static void rename(NodeProto.Builder n, String from, String to) {
    for (AttributeProto.Builder a : n.getAttributeBuilderList()) {
      if (a.getName().equals(from)) {
        a.setName(to);
      }
    }
  }

  /** What an attribute was before opset 6 where a node has none. */
  private void absent(NodeProto.Builder n, String attribute, float value) {
    if (opset < 6 && Composed.attribute(n.build(), attribute) == null) {
      n.addAttributeBuilder().setName(attribute).setType(AttributeType.FLOAT).setF(value);
    }
  }

  private static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  private static AttributeProto integers(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.INTS)
        .addInts(value)
        .build();
  }

  /** Types had their names for numbers. */
  private void cast(NodeProto.Builder n) {
    AttributeProto to = Composed.attribute(n.build(), "to");
    if (to == null || to.getType() != AttributeType.STRING) {
      return;
    }
    String name = to.getS().toStringUtf8();
    for (ElementType type : ElementType.values()) {
      if (type.name().equals(name)) {
        drop(n, "to");
        n.addAttribute(integer("to", type.code()));
        return;
      }
    }
    throw CandelaException.of(
        "%s: node %s (Cast): a cast to type %s is not supported",
        where, Names.quote(n.getName()), Names.quote(name));
  }

  /** A norm's power was a fraction, absent for 2. */
  private static void power(NodeProto.Builder n) {
    float p = Composed.real(n.build(), "p", 2);
    AttributeProto given = Composed.attribute(n.build(), "p");
    if (given != null && given.getType() == AttributeType.FLOAT && p == (long) p) {
      drop(n, "p");
      n.addAttribute(integer("p", (long) p));
    }
  }

  /** How often along which axis, instead of how often along each. */
  private List<NodeProto> tiled(NodeProto.Builder n) {
    List<NodeProto> all = new ArrayList<>();
    String shape = add(all, n, "Shape", "shape", n.getInput(0));
    String ones = add(all, n, "Div", "ones", shape, shape);
    String axis = listed(all, n, "axis", n.getInput(2));
    String times = listed(all, n, "times", n.getInput(1));
    String repeats = add(all, n, "ScatterElements", "repeats", ones, axis, times);
    String x = n.getInput(0);
    all.add(n.clearInput().addInput(x).addInput(repeats).build());
    return all;
  }

  /** A number as a list of one integer. */
  private String listed(List<NodeProto> all, NodeProto.Builder n, String name, String number) {
    String whole = add(all, n, "Cast", name, number);
    last(all, integer("to", ElementType.INT64.code()));
    return add(all, n, "Reshape", name, whole, constant(all, n, "one", 1));
  }

  private static void scales(NodeProto.Builder n) {
    NodeProto node = n.build();
    if (Composed.attribute(node, "scales") == null) {
      n.addAttributeBuilder()
          .setName("scales")
          .setType(AttributeType.FLOATS)
          .addFloats(1)
          .addFloats(1)
          .addFloats(Composed.real(node, "height_scale", 1))
          .addFloats(Composed.real(node, "width_scale", 1));
      drop(n, "height_scale");
      drop(n, "width_scale");
    }
  }

  /**
   * The node with axes of length 1 behind those of its second operand, whose first is that axis of
   * the first operand.
   */
  private List<NodeProto> aligned(NodeProto.Builder n, long axis) {
    if (n.getInputCount() < 2 || n.getOutputCount() == 0) {
      return List.of(n.build());
    }
    String first = n.getInput(0);
    String second = n.getInput(1);
    int rank = ranks.getOrDefault(second, -1);
    if (ranks.getOrDefault(first, -1) == axis + rank && rank >= 0) {
      return List.of(n.build());
    }
    List<NodeProto> all = new ArrayList<>();
    String whole = add(all, n, "Shape", "whole", first);
    String part = add(all, n, "Shape", "part", second);
    String rest;
    if (rank >= 0) {
      rest = add(all, n, "Slice", "rest", whole);
      last(all, integers("starts", axis + rank), integers("ends", Integer.MAX_VALUE));
    } else {
      String count = add(all, n, "Shape", "count", part);
      String from = add(all, n, "Add", "from", count, constant(all, n, "axis", axis));
      rest = add(all, n, "Slice", "rest", whole, from, constant(all, n, "end", Integer.MAX_VALUE));
    }
    String ones = add(all, n, "Div", "ones", rest, rest);
    String shape = add(all, n, "Concat", "shape", part, ones);
    last(all, integer("axis", 0));
    all.add(n.setInput(1, add(all, n, "Reshape", "aligned", second, shape)).build());
    return all;
  }

  private String constant(List<NodeProto> all, NodeProto.Builder n, String name, long value) {
    String y = add(all, n, "Constant", name);
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setDataType(TensorProto.DataType.INT64_VALUE)
            .addDims(1)
            .addInt64Data(value);
    last(
        all,
        AttributeProto.newBuilder().setName("value").setType(AttributeType.TENSOR).setT(t).build());
    return y;
  }

  /** Adds a node before another; gives the name of what it computes. */
  private String add(
      List<NodeProto> all, NodeProto.Builder before, String op, String name, String... inputs) {
    String own = before.getOutput(0) + "/" + name;
    while (!taken.add(own)) {
      own += "'";
    }
    all.add(
        NodeProto.newBuilder()
            .setOpType(op)
            .setName(own)
            .addAllInput(List.of(inputs))
            .addOutput(own)
            .build());
    return own;
  }

  /** Attributes of the last node. */
  private static void last(List<NodeProto> all, AttributeProto... attributes) {
    NodeProto.Builder n = all.removeLast().toBuilder();
    all.add(n.addAllAttribute(List.of(attributes)).build());
  }
}
