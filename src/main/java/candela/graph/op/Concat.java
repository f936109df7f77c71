package candela.graph.op;

import candela.device.Move;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Storage;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Tensors one after another along an axis. */
public record Concat(int axis) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape first = inputs.get(0).shape();
    long length = 0;
    for (Value v : inputs) {
      Shape x = v.shape();
      if (x.rank() != first.rank() || !x.with(axis, 1).equals(first.with(axis, 1))) {
        throw CandelaException.of("inputs %s and %s do not fit along axis %d", first, x, axis);
      }
      length += x.dim(axis);
    }
    return List.of(first.with(axis, Math.toIntExact(length)));
  }

  @Override
  public void forward(Step s) {
    move(s, s.y(), false);
  }

  @Override
  public void backward(Step s) {
    move(s, s.dy(), true);
  }

  private void move(Step s, Tensor whole, boolean back) {
    int row = whole.shape().count(axis, whole.shape().rank());
    int outer = whole.shape().count(0, axis);
    int at = 0;
    for (int i = 0; i < s.node().inputs().size(); i++) {
      Shape shape = s.node().input(i).shape();
      int part = shape.count(axis, shape.rank());
      Tensor x = back ? s.dx(i) : s.x(i);
      if (x != null && x.count() > 0) {
        Storage type = whole.storage();
        MemorySegment place = whole.data().asSlice(type.bytes(at));
        Move move = s.device().kernels().move();
        if (back) {
          move.copyStrided(type, s.accumulate(i), outer, part, row, part, place, x.data());
        } else {
          move.copyStrided(type, false, outer, part, part, row, x.data(), place);
        }
      }
      at += part;
    }
  }

  @Override
  public Width width(Node node) {
    return node.inputs().stream().anyMatch(Value::isConstant) ? Width.FLOAT32 : Width.AS_INPUT;
  }

  @Override
  public boolean byRows(Node node) {
    return axis > 0 && node.inputs().stream().allMatch(v -> !v.isConstant() || v.isRepeated());
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  /** A constant image would have to be cut. */
  @Override
  public Reach reach(Node node, int i, int down) {
    boolean channels = axis != 0 && axis != down && axis != down + 1;
    return channels && node.inputs().stream().noneMatch(Value::isConstant) ? Reach.PIXEL : null;
  }

  @Override
  public Op permuted(int[] perm) {
    return new Concat(Strides.position(perm, axis));
  }
}
