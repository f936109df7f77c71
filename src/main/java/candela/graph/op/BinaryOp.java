package candela.graph.op;

import candela.device.Binary;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import candela.tensor.Storage;
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
    if (s.y().storage() != Storage.FLOAT32) {
      s.device()
          .kernels()
          .elementwise()
          .add(s.y().storage(), y.count(), s.x(0).data(), s.x(1).data(), s.y().data());
      return;
    }
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
    if (s.dy().storage() != Storage.FLOAT32) {
      passSum(s);
      return;
    }
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

  /** The gradient of a sum in 16 bits is that of both operands. */
  private static void passSum(Step s) {
    int[] one = {1};
    for (int i = 0; i < 2; i++) {
      if (s.dx(i) != null) {
        s.device()
            .kernels()
            .move()
            .copyStrided(
                s.dy().storage(),
                s.accumulate(i),
                1,
                new int[] {s.dy().count()},
                one,
                one,
                s.dy().data(),
                s.dx(i).data());
      }
    }
  }

  /** Sums of what two branches give. */
  @Override
  public Width width(Node node) {
    Value a = node.input(0);
    Value b = node.input(1);
    boolean sum = kind == Binary.ADD && !a.isConstant() && !b.isConstant();
    return sum && a.shape().equals(b.shape()) ? Width.AS_INPUT : Width.FLOAT32;
  }

  @Override
  public boolean differentiable(int i) {
    return kind.differentiable();
  }

  @Override
  public boolean byRows(Node node) {
    return Strides.ofRows(node);
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
