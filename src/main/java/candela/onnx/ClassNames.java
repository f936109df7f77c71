package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.ValueInfoProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Takes out of a classifier what some exporters add to tell a class by its name: text, what is made
 * of text, and the table that holds each score under its class's name (ZipMap), which becomes the
 * scores.
 */
final class ClassNames {
  private static final String LEARNING = "ai.onnx.ml";

  private final GraphProto graph;

  /** Values that are text, or made of it. */
  private final Set<String> texts = new HashSet<>();

  private ClassNames(GraphProto graph) {
    this.graph = graph;
  }

  /** The graph of numbers; itself where it has no names, or no outputs beside them. */
  static GraphProto removed(GraphProto graph) {
    boolean named =
        graph.getNodeList().stream().anyMatch(n -> n.getDomain().equals(LEARNING))
            || graph.getInitializerList().stream().anyMatch(ClassNames::isText)
            || graph.getOutputList().stream().anyMatch(ClassNames::isText);
    return named ? new ClassNames(graph).numbers() : graph;
  }

  private static boolean isText(TensorProto t) {
    return t.getDataType() == TensorProto.DataType.STRING_VALUE;
  }

  private static boolean isText(ValueInfoProto v) {
    return v.getType().getTensorType().getElemType() == TensorProto.DataType.STRING_VALUE;
  }

  private GraphProto numbers() {
    graph.getInitializerList().stream()
        .filter(ClassNames::isText)
        .forEach(t -> texts.add(t.getName()));
    graph.getOutputList().stream().filter(ClassNames::isText).forEach(v -> texts.add(v.getName()));
    follow();
    if (graph.getOutputList().stream().allMatch(v -> texts.contains(v.getName()))) {
      return graph;
    }
    GraphProto.Builder g = graph.toBuilder().clearNode().clearInitializer().clearOutput();
    Set<String> tables = new HashSet<>();
    List<NodeProto> nodes = new ArrayList<>();
    for (NodeProto n : graph.getNodeList()) {
      if (n.getOutputList().stream().anyMatch(texts::contains)) {
        continue;
      }
      boolean table = n.getDomain().equals(LEARNING) && n.getOpType().equals("ZipMap");
      if (table) {
        tables.addAll(n.getOutputList());
      }
      nodes.add(
          table ? n.toBuilder().setDomain("").setOpType("Identity").clearAttribute().build() : n);
    }
    graph.getInitializerList().stream().filter(t -> !isText(t)).forEach(g::addInitializer);
    for (ValueInfoProto v : graph.getOutputList()) {
      if (tables.contains(v.getName())) {
        g.addOutput(v.toBuilder().clearType());
      } else if (!texts.contains(v.getName())) {
        g.addOutput(v);
      }
    }
    return g.addAllNode(nodes).build();
  }

  /** What a node makes of text is taken for text; nodes may come in any order. */
  private void follow() {
    Map<String, List<NodeProto>> readers = new HashMap<>();
    for (NodeProto n : graph.getNodeList()) {
      n.getInputList().forEach(x -> readers.computeIfAbsent(x, k -> new ArrayList<>()).add(n));
      if (n.getOpType().equals("Constant")
          && n.getAttributeList().stream().anyMatch(ClassNames::isText)) {
        texts.addAll(n.getOutputList());
      }
    }
    Deque<String> open = new ArrayDeque<>(texts);
    while (!open.isEmpty()) {
      for (NodeProto n : readers.getOrDefault(open.pop(), List.of())) {
        n.getOutputList().stream().filter(texts::add).forEach(open::add);
      }
    }
  }

  private static boolean isText(AttributeProto a) {
    return a.getName().equals("value_string")
        || a.getName().equals("value_strings")
        || a.getName().equals("value") && isText(a.getT());
  }
}
