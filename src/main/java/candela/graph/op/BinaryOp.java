package candela.graph.op;

import candela.device.Binary;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A function of two elements; operands broadcast. */
public record BinaryOp(Binary kind) implements Op {
  @Override
  public String type() {
    return kind.name();
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(Strides.checked(Shape.broadcast(inputs.get(0).shape(), inputs.get(1).shape())));
  }

  @Override
  public void forward(Step s) {
    Shape y = s.y().shape();
    s.device()
        .kernels()
        .broadcast()
        .binaryForward(
            kind,
            y.rank(),
            y.dims(),
            Strides.of(s.x(0).shape(), y),
            Strides.of(s.x(1).shape(), y),
            s.x(0).data(),
            s.x(1).data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape y = s.dy().shape();
    for (int i = 0; i < 2; i++) {
      if (s.dx(i) != null) {
        s.device()
            .kernels()
            .broadcast()
            .binaryBackward(
                kind,
                i,
                s.accumulate(i),
                y.rank(),
                y.dims(),
                Strides.of(s.node().input(0).shape(), y),
                Strides.of(s.node().input(1).shape(), y),
                kind.readsOperands() ? s.x(0).data() : MemorySegment.NULL,
                kind.readsOperands() ? s.x(1).data() : MemorySegment.NULL,
                s.dy().data(),
                s.dx(i).data());
      }
    }
  }

  @Override
  public boolean differentiable(int i) {
    return kind.differentiable();
  }

  @Override
  public boolean byRows(Node node) {
    return ofRows(node, 0) && ofRows(node, 1);
  }

  /** Whether all rows see the same of operand i, or each its own. */
  private static boolean ofRows(Node node, int i) {
    Shape x = node.input(i).shape();
    int rank = node.output().shape().rank();
    boolean shared = x.rank() < rank || x.dim(0) == 1;
    return node.input(i).isConstant() ? shared : !shared;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return kind.readsOperands();
  }

  /** Operands are images of the output's shape, or constants that do not tell pixels apart. */
  @Override
  public Reach reach(Node node, int i, int down) {
    Shape y = node.output().shape();
    for (Value v : node.inputs()) {
      boolean fits = v.isConstant() ? isUniform(v.shape(), y, down) : v.shape().equals(y);
      if (!fits) {
        return null;
      }
    }
    return Reach.PIXEL;
  }

  private static boolean isUniform(Shape x, Shape y, int down) {
    int missing = y.rank() - x.rank();
    for (int axis = down; axis < down + 2; axis++) {
      if (axis >= missing && x.dim(axis - missing) != 1) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return this;
  }
}
