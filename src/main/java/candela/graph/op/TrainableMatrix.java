package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Product as {@link Matrix} with weights and bias that may change from run to run and have
 * gradients, for training.
 */
public record TrainableMatrix(boolean transposed) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return new Matrix(transposed, Activation.NONE).shapes(inputs);
  }

  /** The packed weights. */
  private static final class Plan implements AutoCloseable {
    private final Dense.MatrixPlan matrix;
    private boolean fresh = true;

    Plan(Dense.MatrixPlan matrix) {
      this.matrix = matrix;
    }

    @Override
    public void close() {
      matrix.close();
    }
  }

  private Plan plan(Step s) {
    MemorySegment bias = s.node().inputs().size() > 2 ? s.x(2).data() : MemorySegment.NULL;
    return s.plan(
        () ->
            new Plan(
                s.device()
                    .dense()
                    .matrix(
                        s.x().shape().dim(-1),
                        s.node().output().shape().dim(-1),
                        transposed,
                        s.x(1).data(),
                        bias,
                        Dense.Activation.NONE)));
  }

  private static int rows(Shape x) {
    return x.count(0, x.rank() - 1);
  }

  @Override
  public void forward(Step s) {
    Plan p = plan(s);
    if (!p.fresh) {
      p.matrix.update();
    }
    p.fresh = false;
    p.matrix.forward(rows(s.x().shape()), s.x().data(), s.y().data(), MemorySegment.NULL);
  }

  @Override
  public void backward(Step s) {
    int rows = rows(s.x().shape());
    if (s.dx(1) != null) {
      boolean bias = s.node().inputs().size() > 2 && s.dx(2) != null;
      s.device()
          .dense()
          .matrixWeights(
              rows,
              s.x().shape().dim(-1),
              s.dy().shape().dim(-1),
              transposed,
              s.x().data(),
              s.dy().data(),
              s.accumulate(1),
              s.dx(1).data(),
              bias && s.accumulate(2),
              bias ? s.dx(2).data() : MemorySegment.NULL);
    }
    if (s.dx(0) != null) {
      plan(s)
          .matrix
          .backward(rows, s.dy().data(), MemorySegment.NULL, s.accumulate(0), s.dx(0).data());
    }
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return i == 0;
  }

  @Override
  public long flops(Node node) {
    return new Matrix(transposed, Activation.NONE).flops(node);
  }
}
