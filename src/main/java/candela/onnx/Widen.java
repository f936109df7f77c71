package candela.onnx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Undoes what {@link ModelWriter} does to store weights as float16. */
public final class Widen {
  private Widen() {}

  /** The model with float32 initialisers in place of float16 ones and their Cast nodes. */
  public static OnnxModel of(OnnxModel model) {
    Map<String, OnnxTensor> initialisers = new LinkedHashMap<>(model.initialisers());
    List<OnnxNode> nodes = new ArrayList<>();
    for (OnnxNode n : model.nodes()) {
      OnnxTensor t = n.op().equals("Cast") ? model.initialisers().get(n.inputs().getFirst()) : null;
      boolean half = t != null && t.type() == ElementType.FLOAT16;
      if (half && n.integer("to", 0) == ElementType.FLOAT.code()) {
        String name = n.outputs().getFirst();
        initialisers.remove(t.name());
        initialisers.put(name, new OnnxTensor(name, ElementType.FLOAT, t.shape(), t.data()));
      } else {
        nodes.add(n);
      }
    }
    return model.with(nodes, initialisers);
  }
}
