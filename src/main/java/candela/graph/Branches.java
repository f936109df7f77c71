package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts, in place of each If whose condition is a constant or follows from shapes, the branch that
 * is taken. Exporters write them where code asks for the length of an axis that a file leaves open.
 * Where that is the number of images, there are two.
 */
final class Branches {
  private final OnnxModel model;
  private final Import reading;
  private final Map<String, OnnxTensor> initialisers;
  private final Set<String> defined;
  private final List<OnnxNode> nodes = new ArrayList<>();

  private Branches(OnnxModel model) {
    this.model = model;
    reading = Import.inputs(model, 2);
    initialisers = new LinkedHashMap<>(model.initialisers());
    defined = new HashSet<>(initialisers.keySet());
    model.inputs().forEach(v -> defined.add(v.name()));
    model.nodes().forEach(n -> defined.addAll(n.outputs()));
  }

  /**
   * The model without If.
   *
   * @throws CandelaException when a condition depends on the image, or what comes before it cannot
   *     be read
   */
  static OnnxModel taken(OnnxModel model) {
    if (model.nodes().stream().noneMatch(Branches::isIf)) {
      return model;
    }
    var branches = new Branches(model);
    model.nodes().forEach(branches::add);
    return model.with(branches.nodes, branches.initialisers);
  }

  private static boolean isIf(OnnxNode n) {
    return n.op().equals("If") && n.domain().isEmpty();
  }

  private void add(OnnxNode node) {
    if (!isIf(node)) {
      reading.read(node);
      nodes.add(node);
      return;
    }
    OnnxAttribute.Graph branch = branch(node);
    // a branch may call what it gives as the If does
    defined.removeAll(node.outputs());
    for (var initialiser : branch.initialisers().entrySet()) {
      define(node, initialiser.getKey());
      initialisers.put(initialiser.getKey(), initialiser.getValue());
      reading.bind(initialiser.getKey(), initialiser.getValue());
    }
    for (OnnxNode inner : branch.nodes()) {
      inner.outputs().stream().filter(v -> !v.isEmpty()).forEach(v -> define(node, v));
      add(inner);
    }
    if (branch.outputs().size() != node.outputs().size()) {
      throw fault(node, "its branch and itself have different outputs; export the model again");
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      String from = branch.outputs().get(i);
      String to = node.outputs().get(i);
      if (!to.isEmpty() && !to.equals(from)) {
        define(node, to);
        add(new OnnxNode(node.name(), "Identity", "", List.of(from), List.of(to), Map.of()));
      }
    }
  }

  private OnnxAttribute.Graph branch(OnnxNode node) {
    try {
      Value condition = reading.known(node, 0);
      if (!condition.isConstant() || condition.shape().count() != 1) {
        throw CandelaException.of(
            "which branch is taken depends on the image; supported are conditions that follow from"
                + " shapes and constants");
      }
      return node.graph(condition.constant().floats()[0] != 0 ? "then_branch" : "else_branch");
    } catch (CandelaException e) {
      throw fault(node, e.getMessage());
    }
  }

  private void define(OnnxNode node, String value) {
    if (!defined.add(value)) {
      throw fault(
          node, "'" + value + "' of its branch is defined elsewhere; export the model again");
    }
  }

  private CandelaException fault(OnnxNode node, String what) {
    return new CandelaException(model.name() + ": " + node.label() + ": " + what);
  }
}
