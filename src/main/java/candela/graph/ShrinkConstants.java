package candela.graph;

import candela.graph.op.BinaryOp;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Lets sums, products and the like read a constant once that repeats itself for every image of the
 * batch, as a class token does: what later passes make of it must not depend on the batch's size,
 * or else the bits would.
 */
final class ShrinkConstants implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Rewrite r = new Rewrite(graph);
    for (Node old : graph.nodes()) {
      Node n = r.now(old);
      if (n.op() instanceof BinaryOp && n.output().shape().rank() > 0) {
        List<Value> inputs = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          boolean read = n.input(1 - i).shape().equals(n.output().shape());
          inputs.add(read ? shrunk(n.input(i), n.output().shape()) : n.input(i));
        }
        n = inputs.equals(n.inputs()) ? n : new Node(n.name(), n.op(), inputs, n.outputs());
      }
      r.add(n);
    }
    return r.finish();
  }

  /** v, or its first row where all rows are that. */
  private static Value shrunk(Value v, Shape y) {
    Shape s = v.shape();
    boolean rows = s.rank() == y.rank() && !v.integer() && v.isRepeated() && s.dim(0) > 1;
    if (!rows) {
      return v;
    }
    MemorySegment data = v.constant().data();
    MemorySegment first = data.asSlice(0, data.byteSize() / s.dim(0));
    OnnxTensor one = new OnnxTensor(v.name(), v.constant().type(), s.with(0, 1), first);
    return Value.constant(v.name(), one);
  }
}
