package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.util.List;

/** Softmax, or its logarithm, over the last axis. */
public record Softmax(boolean log) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape());
  }

  private static long rows(Shape y) {
    return y.count(0, y.rank() - 1);
  }

  @Override
  public void forward(Step s) {
    Shape y = s.y().shape();
    s.device()
        .kernels()
        .softmax()
        .softmaxForward(log, rows(y), y.dim(-1), s.x().data(), s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape y = s.y().shape();
    s.device()
        .kernels()
        .softmax()
        .softmaxBackward(
            log, s.accumulate(0), rows(y), y.dim(-1), s.y().data(), s.dy().data(), s.dx().data());
  }

  @Override
  public boolean byRows(Node node) {
    return node.output().shape().rank() > 1;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsY() {
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return perm[perm.length - 1] == perm.length - 1 ? this : null;
  }
}
