package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.GraphProto;
import candela.tensor.CandelaException;
import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Turns the attributes of a node into records. */
final class AttributeReader {
  /** Entries of a list; longer ones belong in a tensor. */
  private static final int LONGEST = 1_000_000;

  private static final Set<String> CONTROL_FLOW = Set.of("If", "Loop", "Scan");

  private final String where;
  private final TensorReader tensors;
  private final Function<GraphProto, OnnxAttribute> graphs;

  /**
   * @param graphs reads the branches of an If, and bodies
   */
  AttributeReader(String where, TensorReader tensors, Function<GraphProto, OnnxAttribute> graphs) {
    this.where = where;
    this.tensors = tensors;
    this.graphs = graphs;
  }

  /** Those of a node, which has none yet. */
  Map<String, OnnxAttribute> read(OnnxNode node, List<AttributeProto> attributes) {
    boolean flow = CONTROL_FLOW.contains(node.op()) && node.domain().isEmpty();
    var read = new HashMap<String, OnnxAttribute>();
    for (AttributeProto a : attributes) {
      String label = where + ": " + node.label() + ": attribute " + Names.quote(a.getName());
      OnnxAttribute value =
          flow && kind(a) == AttributeType.GRAPH ? graphs.apply(a.getG()) : read(label, a);
      if (read.put(a.getName(), value) != null) {
        throw new CandelaException(label + ": is given twice; export the model again");
      }
    }
    return read;
  }

  private OnnxAttribute read(String label, AttributeProto a) {
    if (Math.max(a.getIntsCount(), a.getFloatsCount()) > LONGEST) {
      throw CandelaException.of(
          "%s: lists up to %d entries can be read; use a tensor instead", label, LONGEST);
    }
    return switch (kind(a)) {
      case INT -> new OnnxAttribute.Int(a.getI());
      case INTS -> new OnnxAttribute.Ints(a.getIntsList());
      case FLOAT -> new OnnxAttribute.Float(a.getF());
      case FLOATS -> new OnnxAttribute.Floats(a.getFloatsList());
      case STRING -> new OnnxAttribute.Text(a.getS().toStringUtf8());
      case STRINGS ->
          new OnnxAttribute.Texts(
              a.getStringsList().stream().map(ByteString::toStringUtf8).toList());
      case TENSOR -> new OnnxAttribute.Tensor(tensors.read(a.getT()));
      case GRAPH, GRAPHS ->
          throw new CandelaException(
              label
                  + ": is a graph, which only If, Loop and Scan may have; export the model without"
                  + " it");
      default ->
          throw CandelaException.of(
              "%s: kind %s is not supported, only numbers, texts, lists of them and one tensor are;"
                  + " export the model without it",
              label, kind(a).name().toLowerCase(Locale.ROOT));
    };
  }

  /** The declared kind, or that of the only field set: files of IR 1 declare none. */
  private static AttributeType kind(AttributeProto a) {
    if (a.hasRefAttrName() || a.getType() != AttributeType.UNDEFINED) {
      return a.hasRefAttrName() ? AttributeType.UNDEFINED : a.getType();
    }
    if (a.hasI()) {
      return AttributeType.INT;
    }
    if (a.hasF()) {
      return AttributeType.FLOAT;
    }
    if (a.hasS()) {
      return AttributeType.STRING;
    }
    if (a.hasT()) {
      return AttributeType.TENSOR;
    }
    if (a.hasG()) {
      return AttributeType.GRAPH;
    }
    if (a.getIntsCount() > 0) {
      return AttributeType.INTS;
    }
    if (a.getFloatsCount() > 0) {
      return AttributeType.FLOATS;
    }
    return a.getStringsCount() > 0 ? AttributeType.STRINGS : AttributeType.UNDEFINED;
  }
}
