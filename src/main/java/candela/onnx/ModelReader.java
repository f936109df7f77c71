package candela.onnx;

import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.SparseTensorProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Checks a ModelProto and turns it into records. */
final class ModelReader {
  /** IR 3 brought operator set versions. */
  private static final int OLDEST_IR = 3;

  /** Of onnx 1.23, with opset 28. */
  private static final int NEWEST_IR = 14;

  private static final int OLDEST_OPSET = 1;

  private static final int NEWEST_OPSET = 28;

  private final Path file;
  private final OnnxFile source;
  private final String where;
  private final ExternalData external;
  private final TensorReader tensors;

  ModelReader(Path file) {
    this.file = file;
    this.source = new OnnxFile(file);
    this.where = source.name();
    this.external = new ExternalData(where, file);
    this.tensors = new TensorReader(where, external);
  }

  OnnxModel read() {
    ModelProto model = source.parse(ModelProto.getDescriptor(), ModelProto::parseFrom, "model");
    if (!model.hasGraph()) {
      throw new CandelaException(source.notA("model", "no graph"));
    }
    if (model.getIrVersion() < OLDEST_IR || model.getIrVersion() > NEWEST_IR) {
      throw CandelaException.of(
          "%s: IR versions %d to %d can be read, came %d; export the model with another version",
          where, OLDEST_IR, NEWEST_IR, model.getIrVersion());
    }
    Map<String, Integer> domains = domains(model);
    int opset = opset(domains.remove(""));
    model = model.toBuilder().setGraph(Older.renewed(where, model.getGraph(), opset)).build();
    GraphProto graph = ClassNames.removed(Functions.inlined(where, model, opset));
    Map<String, OnnxTensor> initialisers = initialisers(graph);
    List<OnnxValue> inputs = inputs(graph, initialisers.keySet());
    if (Quantized.isDynamic(model)) {
      // scales that follow from all images of a batch would let each depend on the others
      inputs.replaceAll(this::single);
    }
    if (graph.getNodeCount() == 0) {
      throw CandelaException.of("%s: the graph has no nodes; export the model again", where);
    }
    List<OnnxNode> nodes = nodes(graph);
    Set<String> given = new HashSet<>(initialisers.keySet());
    inputs.forEach(i -> given.add(i.name()));
    Order order = new Order(where, given, nodes);
    List<OnnxValue> outputs = outputs(graph, order);
    List<Path> files = new ArrayList<>(List.of(file));
    files.addAll(external.files());
    return new OnnxModel(
        where,
        Names.plain((model.getProducerName() + " " + model.getProducerVersion()).strip()),
        opset,
        domains,
        inputs,
        outputs,
        order.sorted(),
        initialisers,
        files,
        metadata(model));
  }

  /** Of two with one key the last counts. */
  private static Map<String, String> metadata(ModelProto model) {
    Map<String, String> all = new HashMap<>();
    model.getMetadataPropsList().forEach(p -> all.put(p.getKey(), p.getValue()));
    return all;
  }

  private Map<String, Integer> domains(ModelProto model) {
    var domains = new HashMap<String, Integer>();
    for (OperatorSetIdProto id : model.getOpsetImportList()) {
      long version = id.getVersion();
      int known = version < 0 || version > Integer.MAX_VALUE ? -1 : (int) version;
      Integer other = domains.put(Names.domain(id.getDomain()), known);
      if (other != null && other != known) {
        throw CandelaException.of(
            "%s: operator set %s has two versions, %d and %d; export the model again",
            where, Names.quote(id.getDomain()), other, version);
      }
    }
    return domains;
  }

  private int opset(Integer version) {
    if (version == null || version < OLDEST_OPSET || version > NEWEST_OPSET) {
      throw CandelaException.of(
          "%s: opsets %d to %d are supported, came %s; export the model with one of them",
          where, OLDEST_OPSET, NEWEST_OPSET, version == null ? "none" : version);
    }
    return version;
  }

  private Map<String, OnnxTensor> initialisers(GraphProto graph) {
    for (SparseTensorProto sparse : graph.getSparseInitializerList()) {
      throw CandelaException.of(
          "%s: tensor %s: sparse initialisers are not supported; export it dense",
          where, Names.quote(sparse.getValues().getName()));
    }
    var initialisers = new LinkedHashMap<String, OnnxTensor>();
    for (TensorProto t : graph.getInitializerList()) {
      if (t.getName().isEmpty() || initialisers.put(t.getName(), tensors.read(t)) != null) {
        throw CandelaException.of(
            "%s: tensor %s: each initialiser needs a name of its own; export the model again",
            where, Names.quote(t.getName()));
      }
    }
    return initialisers;
  }

  private List<OnnxValue> inputs(GraphProto graph, Set<String> initialisers) {
    var inputs = new ArrayList<OnnxValue>();
    var names = new HashSet<String>();
    for (ValueInfoProto v : graph.getInputList()) {
      String label = where + ": input " + Names.quote(v.getName());
      if (v.getName().isEmpty() || !names.add(v.getName())) {
        throw new CandelaException(
            label + ": each input needs a name of its own; export the model again");
      }
      if (!initialisers.contains(v.getName())) {
        OnnxValue value = value(label, v);
        if (value.type() == ElementType.UNDEFINED) {
          throw new CandelaException(
              label + ": has no element type; export the model with types of its inputs");
        }
        inputs.add(value);
      }
    }
    return inputs;
  }

  /** For one image at a time where the file leaves their number open. */
  private OnnxValue single(OnnxValue v) {
    if (v.dims().isEmpty()) {
      throw CandelaException.of(
          "%s: input %s: has no shape, which dynamic quantisation needs; export the model with it",
          where, Names.quote(v.name()));
    }
    List<Dim> dims = new ArrayList<>(v.dims().get());
    if (!dims.isEmpty() && dims.getFirst() instanceof Dim.Named) {
      dims.set(0, new Dim.Fixed(1));
    }
    return new OnnxValue(v.name(), v.type(), dims);
  }

  private List<OnnxValue> outputs(GraphProto graph, Order order) {
    if (graph.getOutputCount() == 0) {
      throw CandelaException.of("%s: the graph has no output; export the model again", where);
    }
    var outputs = new ArrayList<OnnxValue>();
    var names = new HashSet<String>();
    boolean tensors = graph.getOutputList().stream().anyMatch(ModelReader::isTensor);
    for (ValueInfoProto v : graph.getOutputList()) {
      String label = where + ": output " + Names.quote(v.getName());
      if (!order.defines(v.getName())) {
        throw new CandelaException(label + ": no node computes it; export the model again");
      }
      if (!names.add(v.getName())) {
        throw new CandelaException(label + ": is listed twice; export the model again");
      }
      if (isTensor(v) || !tensors) {
        outputs.add(value(label, v));
      }
    }
    return outputs;
  }

  /** Scores are none of the sequences and tables that a model may give beside them. */
  private static boolean isTensor(ValueInfoProto v) {
    return v.getType().getValueCase() == TypeProto.ValueCase.VALUE_NOT_SET
        || v.getType().hasTensorType();
  }

  private static OnnxValue value(String label, ValueInfoProto v) {
    TypeProto type = v.getType();
    if (type.getValueCase() == TypeProto.ValueCase.VALUE_NOT_SET) {
      return new OnnxValue(v.getName(), ElementType.UNDEFINED, Optional.empty());
    }
    if (!type.hasTensorType()) {
      throw CandelaException.of(
          "%s: must be a tensor, is of kind %s; export the model without it",
          label, type.getValueCase().name().toLowerCase(Locale.ROOT));
    }
    TypeProto.Tensor t = type.getTensorType();
    ElementType element =
        t.getElemType() == 0 ? ElementType.UNDEFINED : TensorReader.type(label, t.getElemType());
    return new OnnxValue(
        v.getName(),
        element,
        t.hasShape() ? Optional.of(dims(label, t.getShape())) : Optional.empty());
  }

  private static List<Dim> dims(String label, TensorShapeProto shape) {
    var dims = new ArrayList<Dim>();
    for (TensorShapeProto.Dimension d : shape.getDimList()) {
      if (d.hasDimValue() && (d.getDimValue() < 0 || d.getDimValue() > Integer.MAX_VALUE)) {
        throw CandelaException.of(
            "%s: dimension %d must lie from 0 to 2^31 - 1; give it a name where it is dynamic",
            label, d.getDimValue());
      }
      dims.add(
          d.hasDimValue() ? new Dim.Fixed((int) d.getDimValue()) : new Dim.Named(d.getDimParam()));
    }
    return dims;
  }

  private List<OnnxNode> nodes(GraphProto graph) {
    var attributes = new AttributeReader(where, tensors, this::graph);
    var nodes = new ArrayList<OnnxNode>(graph.getNodeCount());
    for (NodeProto n : graph.getNodeList()) {
      String op = n.getOpType();
      String name = n.getName().isEmpty() ? op + "_" + nodes.size() : n.getName();
      var node =
          new OnnxNode(
              name, op, Names.domain(n.getDomain()), n.getInputList(), n.getOutputList(), Map.of());
      if (op.isEmpty() || node.outputs().stream().allMatch(String::isEmpty)) {
        throw CandelaException.of(
            "%s: %s: needs an operator and an output; export the model again", where, node.label());
      }
      nodes.add(
          new OnnxNode(
              name,
              op,
              node.domain(),
              node.inputs(),
              node.outputs(),
              attributes.read(node, n.getAttributeList())));
    }
    return nodes;
  }

  private OnnxAttribute graph(GraphProto graph) {
    return new OnnxAttribute.Graph(
        names(graph.getInputList()),
        nodes(graph),
        initialisers(graph),
        names(graph.getOutputList()));
  }

  private static List<String> names(List<ValueInfoProto> values) {
    return values.stream().map(ValueInfoProto::getName).toList();
  }
}
