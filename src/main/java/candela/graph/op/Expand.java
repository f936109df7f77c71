package candela.graph.op;

import candela.device.Binary;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Repeats axes of length 1; the input has the target's rank. */
public record Expand(Shape target) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    if (!Shape.broadcast(x, target).equals(target)) {
      throw CandelaException.of("%s does not expand to %s", x, target);
    }
    return List.of(Strides.checked(target));
  }

  @Override
  public void forward(Step s) {
    s.device()
        .kernels()
        .move()
        .copyStrided(
            false,
            target.rank(),
            s.y().shape().dims(),
            Strides.of(s.x().shape(), s.y().shape()),
            s.y().shape().strides(),
            s.x().data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    s.device()
        .kernels()
        .broadcast()
        .binaryBackward(
            Binary.ADD,
            0,
            s.accumulate(0),
            target.rank(),
            target.dims(),
            Strides.of(s.dx().shape(), target),
            target.strides(),
            MemorySegment.NULL,
            MemorySegment.NULL,
            s.dy().data(),
            s.dx().data());
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
  public Op permuted(int[] perm) {
    return perm.length == target.rank()
        ? new Expand(Shape.of(Strides.permuted(target.dims(), perm)))
        : null;
  }
}
