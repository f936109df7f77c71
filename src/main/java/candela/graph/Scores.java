package candela.graph;

import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Reshape;
import candela.graph.op.Softmax;
import candela.graph.op.Transpose;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Map;

/** Finds the class scores of a graph: the logits, behind a final softmax where there is one. */
final class Scores {
  private Scores() {}

  /** The value named output, or the first output. */
  static Value output(Graph graph, String output) {
    if (output == null) {
      return graph.outputs().get(0);
    }
    for (Value v : graph.outputs()) {
      if (v.name().equals(output)) {
        return v;
      }
    }
    throw CandelaException.of(
        "%s: no output '%s'; it has %s",
        graph.name(), output, graph.outputs().stream().map(Value::name).toList());
  }

  /**
   * The logits that output comes from: the input of a softmax over the classes, seen through
   * reshapes and quantisation; else output itself.
   */
  static Value logits(Graph graph, Value output, int batch) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    Node n = producers.get(output);
    boolean rounded = false;
    while (n != null && (keepsOrder(n) || isRounding(n) || rounded && n.op() instanceof Rectify)) {
      rounded = isRounding(n);
      n = producers.get(n.input(0));
    }
    boolean softmax =
        n != null
            && n.op() instanceof Softmax
            && n.input(0).shape().dim(-1) == classes(output, batch);
    return softmax ? n.input(0) : output;
  }

  private static boolean keepsOrder(Node n) {
    return n.op() instanceof Reshape
        || (n.op() instanceof Transpose t
            && Transposition.keepsOrder(n.input(0).shape(), t.perm()));
  }

  private static boolean isRounding(Node n) {
    return n.op() instanceof Elementwise e && e.kind() == Unary.QUANTIZE;
  }

  /**
   * Elements of one image's scores; 0 where output has no row an image. A model for one image may
   * leave the batch axis out.
   */
  static int classes(Value output, int batch) {
    Shape s = output.shape();
    if (s.rank() > 0 && s.dim(0) == batch) {
      return s.count(1, s.rank());
    }
    return batch == 1 && s.rank() < 2 ? s.count() : 0;
  }
}
