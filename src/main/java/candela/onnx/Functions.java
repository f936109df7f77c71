package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.FunctionProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
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
 * Puts the nodes of a function, which a file may define, in place of each node that calls it, and
 * so those of operators on quantised tensors. Their values and nodes are named after the call:
 * {@code call/value}.
 */
final class Functions {
  /**
   * Nodes of all calls, their values, and every 64 letters of a name: a file of a few hundred bytes
   * may call for any number.
   */
  private static final long MOST = 2_000_000;

  /** Calls within calls. */
  private static final int DEEPEST = 64;

  private final String where;
  private final int opset;
  private final Map<String, FunctionProto> functions = new HashMap<>();

  /** Names of values, of the graph and made so far. */
  private final Set<String> taken = new HashSet<>();

  /** Of calls so far. With one of its own, a call's values are new at the first try. */
  private final Set<String> prefixes = new HashSet<>();

  private long made;

  private Functions(String where, ModelProto model, int opset) {
    this.where = where;
    this.opset = opset;
    for (FunctionProto f : model.getFunctionsList()) {
      functions.put(key(f.getDomain(), f.getName(), f.getOverload()), f);
    }
    GraphProto graph = model.getGraph();
    graph.getInputList().forEach(v -> taken.add(v.getName()));
    graph.getInitializerList().forEach(t -> taken.add(t.getName()));
    graph.getNodeList().forEach(n -> taken.addAll(n.getOutputList()));
  }

  /**
   * The model's graph, without calls.
   *
   * @param opset of ONNX's own operators
   */
  static GraphProto inlined(String where, ModelProto model, int opset) {
    List<NodeProto> nodes = model.getGraph().getNodeList();
    boolean composed = Composed.any(nodes, n -> Compositions.isListed(n, opset));
    if (model.getFunctionsCount() == 0 && !composed) {
      return model.getGraph();
    }
    var functions = new Functions(where, model, opset);
    return functions.graph(model.getGraph(), functions.new Call(""), 0);
  }

  /** What the node calls; null where it is an operator. */
  private FunctionProto called(NodeProto n) {
    FunctionProto f = functions.get(key(n.getDomain(), n.getOpType(), n.getOverload()));
    return f == null ? Compositions.of(n, opset) : f;
  }

  private static String key(String domain, String name, String overload) {
    return Names.domain(domain) + "\n" + name + "\n" + overload;
  }

  /** What names mean in the body of a function that is being put in place. */
  private final class Call {
    private final String prefix;
    private final Map<String, String> values = new HashMap<>();
    private final Map<String, AttributeProto> attributes = new HashMap<>();

    /**
     * @param prefix of names; empty outside of all functions
     */
    Call(String prefix) {
      this.prefix = prefix;
    }

    boolean isOutside() {
      return prefix.isEmpty();
    }

    String value(String name) {
      return isOutside() || name.isEmpty() ? name : values.computeIfAbsent(name, this::unique);
    }

    private String unique(String name) {
      String own = own(name);
      while (!taken.add(own)) {
        own += "'";
      }
      return own;
    }

    String own(String name) {
      count((prefix.length() + name.length()) / 64);
      return prefix + name;
    }
  }

  private GraphProto graph(GraphProto graph, Call call, int depth) {
    count(graph.getInputCount() + graph.getInitializerCount() + graph.getOutputCount());
    GraphProto.Builder g = graph.toBuilder().clearNode();
    for (int i = 0; i < g.getInputCount(); i++) {
      ValueInfoProto v = g.getInput(i);
      g.setInput(i, v.toBuilder().setName(call.value(v.getName())));
    }
    for (int i = 0; i < g.getInitializerCount(); i++) {
      TensorProto t = g.getInitializer(i);
      g.setInitializer(i, t.toBuilder().setName(call.value(t.getName())));
    }
    g.addAllNode(nodes(graph.getNodeList(), call, depth));
    for (int i = 0; i < g.getOutputCount(); i++) {
      ValueInfoProto v = g.getOutput(i);
      g.setOutput(i, v.toBuilder().setName(call.value(v.getName())));
    }
    return g.build();
  }

  private List<NodeProto> nodes(List<NodeProto> body, Call call, int depth) {
    List<NodeProto> all = new ArrayList<>();
    for (NodeProto n : body) {
      count(1 + n.getInputCount() + n.getOutputCount() + n.getAttributeCount());
      NodeProto here = bound(n, call, depth);
      FunctionProto f = called(here);
      if (f == null) {
        all.add(here);
      } else {
        all.addAll(body(f, here, depth));
      }
    }
    return all;
  }

  private void count(long parts) {
    made += parts;
    if (made > MOST) {
      throw CandelaException.of(
          "%s: its functions make more than %d nodes and values; export with them inlined",
          where, MOST);
    }
  }

  /** A node of a body with the names and attributes of its call. */
  private NodeProto bound(NodeProto node, Call call, int depth) {
    NodeProto.Builder n = node.toBuilder().clearInput().clearOutput().clearAttribute();
    node.getInputList().forEach(v -> n.addInput(call.value(v)));
    node.getOutputList().forEach(v -> n.addOutput(call.value(v)));
    n.setName(node.getName().isEmpty() ? "" : call.own(node.getName()));
    for (AttributeProto a : node.getAttributeList()) {
      if (!call.isOutside() && !a.getRefAttrName().isEmpty()) {
        AttributeProto given = call.attributes.get(a.getRefAttrName());
        if (given != null) {
          n.addAttribute(given.toBuilder().setName(a.getName()));
        }
      } else if (a.hasG() || a.getType() == AttributeType.GRAPH) {
        n.addAttribute(a.toBuilder().setG(graph(a.getG(), call, depth)));
      } else {
        n.addAttribute(a);
      }
    }
    return n.build();
  }

  private List<NodeProto> body(FunctionProto f, NodeProto node, int depth) {
    if (depth == DEEPEST) {
      throw fault(f, "calls itself");
    }
    for (OperatorSetIdProto id : f.getOpsetImportList()) {
      if (Names.domain(id.getDomain()).isEmpty() && id.getVersion() != opset) {
        throw fault(f, "is written in opset " + id.getVersion() + ", the model in " + opset);
      }
    }
    if (node.getInputCount() > f.getInputCount() || node.getOutputCount() > f.getOutputCount()) {
      throw fault(
          f,
          String.format(
              "%d inputs and %d outputs expected, it is called with %d and %d",
              f.getInputCount(), f.getOutputCount(), node.getInputCount(), node.getOutputCount()));
    }
    String name = node.getName().isEmpty() ? f.getName() : node.getName();
    Call call = new Call(prefixes.add(name) ? name + "/" : name + "_" + made + "/");
    for (int i = 0; i < f.getInputCount(); i++) {
      call.values.put(f.getInput(i), i < node.getInputCount() ? node.getInput(i) : "");
    }
    List<NodeProto> passed = new ArrayList<>();
    for (int i = 0; i < node.getOutputCount(); i++) {
      String output = node.getOutput(i);
      if (output.isEmpty()) {
        continue;
      }
      String given = call.values.putIfAbsent(f.getOutput(i), output);
      if (given != null) {
        passed.add(
            NodeProto.newBuilder()
                .setOpType("Identity")
                .setName(call.prefix + f.getOutput(i))
                .addInput(given)
                .addOutput(output)
                .build());
      }
    }
    f.getAttributeProtoList().forEach(a -> call.attributes.put(a.getName(), a));
    node.getAttributeList().forEach(a -> call.attributes.put(a.getName(), a));
    List<NodeProto> all = new ArrayList<>(nodes(f.getNodeList(), call, depth + 1));
    all.addAll(passed);
    return all;
  }

  private CandelaException fault(FunctionProto f, String what) {
    return CandelaException.of(
        "%s: function %s: %s; export with functions inlined",
        where, Names.quote(f.getName()), what);
  }
}
