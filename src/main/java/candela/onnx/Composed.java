package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.FunctionProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** An operator that is read as a function of ONNX's own, put together node by node. */
abstract class Composed {
  /** ONNX Runtime's domain. */
  static final String RUNTIME = "com.microsoft";

  private final FunctionProto.Builder function = FunctionProto.newBuilder();

  Composed(String name, String inputs) {
    function.setName(name).addAllInput(names(inputs));
  }

  FunctionProto function() {
    return function.build();
  }

  /** Whether one of the nodes, or of those in their branches and bodies, is such. */
  static boolean any(List<NodeProto> nodes, Predicate<NodeProto> which) {
    return nodes.stream()
        .anyMatch(
            n ->
                which.test(n)
                    || n.getAttributeList().stream()
                        .anyMatch(a -> any(a.getG().getNodeList(), which)));
  }

  /** The operator's, with a domain that is not ONNX's. */
  static String name(NodeProto n) {
    String domain = Names.domain(n.getDomain());
    return domain.isEmpty() ? n.getOpType() : domain + "." + n.getOpType();
  }

  static boolean has(NodeProto n, int input) {
    return n.getInputCount() > input && !n.getInput(input).isEmpty();
  }

  /** An attribute of a node; null where it has none of the name. */
  static AttributeProto attribute(NodeProto n, String name) {
    return n.getAttributeList().stream()
        .filter(a -> a.getName().equals(name))
        .findFirst()
        .orElse(null);
  }

  static long integer(NodeProto n, String name, long absent) {
    AttributeProto a = attribute(n, name);
    return a == null ? absent : a.getI();
  }

  static float real(NodeProto n, String name, float absent) {
    AttributeProto a = attribute(n, name);
    return a == null ? absent : a.getF();
  }

  static List<String> names(String names) {
    return Arrays.asList(names.split(" "));
  }

  /** More inputs of the function. */
  void inputs(String names) {
    function.addAllInput(names(names));
  }

  /** The function's outputs. */
  void outputs(String names) {
    function.addAllOutput(names(names));
  }

  Composed node(String op, String inputs, String outputs) {
    function
        .addNodeBuilder()
        .setOpType(op)
        .setName(names(outputs).getFirst())
        .addAllInput(names(inputs))
        .addAllOutput(names(outputs));
    return this;
  }

  /** The last node's operator is ONNX Runtime's. */
  void ofRuntime() {
    last().setDomain(RUNTIME);
  }

  private NodeProto.Builder last() {
    return function.getNodeBuilder(function.getNodeCount() - 1);
  }

  private AttributeProto.Builder attribute(String name, AttributeType type) {
    return last().addAttributeBuilder().setName(name).setType(type);
  }

  /** An attribute of the last node. */
  Composed given(String attribute, long value) {
    attribute(attribute, AttributeType.INT).setI(value);
    return this;
  }

  Composed given(String attribute, float value) {
    attribute(attribute, AttributeType.FLOAT).setF(value);
    return this;
  }

  Composed given(String attribute, List<Long> values) {
    attribute(attribute, AttributeType.INTS).addAllInts(values);
    return this;
  }

  Composed given(String attribute, String value) {
    attribute(attribute, AttributeType.STRING).setS(ByteString.copyFromUtf8(value));
    return this;
  }

  /** A body, which reads what is around it too. */
  Composed given(String attribute, Composed body) {
    GraphProto.Builder g = GraphProto.newBuilder().setName(attribute);
    FunctionProto f = body.function();
    f.getInputList().forEach(x -> g.addInput(ValueInfoProto.newBuilder().setName(x)));
    f.getOutputList().forEach(y -> g.addOutput(ValueInfoProto.newBuilder().setName(y)));
    attribute(attribute, AttributeType.GRAPH).setG(g.addAllNode(f.getNodeList()));
    return this;
  }

  /** Attributes that the last node has where the call has them. */
  void passed(String... attributes) {
    for (String a : attributes) {
      last().addAttribute(AttributeProto.newBuilder().setName(a).setRefAttrName(a));
    }
  }

  /** What an attribute is where the call has none. */
  void absent(String attribute, long value) {
    function.addAttributeProtoBuilder().setName(attribute).setType(AttributeType.INT).setI(value);
  }

  /** A constant. */
  void number(String name, float value) {
    node("Constant", "", name).given("value_float", value);
    last().clearInput();
  }

  /** A constant. */
  void integer(String name, long value) {
    node("Constant", "", name).given("value_int", value);
    last().clearInput();
  }

  /** A constant list. */
  void numbers(String name, List<Float> values) {
    node("Constant", "", name);
    attribute("value_floats", AttributeType.FLOATS).addAllFloats(values);
    last().clearInput();
  }

  /** A constant list. */
  void integers(String name, long... values) {
    node("Constant", "", name).given("value_ints", Arrays.stream(values).boxed().toList());
    last().clearInput();
  }
}
