package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Surrounds a tensor with a value; before and after have one entry an axis, none negative. */
public record PadConstant(int[] before, int[] after, float value) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    int[] d = inputs.get(0).shape().dims();
    for (int i = 0; i < d.length; i++) {
      d[i] = Math.addExact(d[i], Math.addExact(before[i], after[i]));
    }
    return List.of(Strides.checked(Shape.of(d)));
  }

  private MemorySegment inner(Tensor y) {
    int[] strides = y.shape().strides();
    long at = 0;
    for (int i = 0; i < strides.length; i++) {
      at += (long) strides[i] * before[i];
    }
    return y.data().asSlice(y.storage().bytes(at));
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device().kernels().elementwise().fill(s.y().storage(), s.y().count(), value, s.y().data());
    if (x.count() > 0) {
      s.device()
          .kernels()
          .move()
          .copyStrided(
              s.x().storage(),
              false,
              x.rank(),
              x.dims(),
              x.strides(),
              s.y().shape().strides(),
              s.x().data(),
              inner(s.y()));
    }
  }

  @Override
  public void backward(Step s) {
    Shape x = s.dx().shape();
    if (x.count() > 0) {
      s.device()
          .kernels()
          .move()
          .copyStrided(
              s.dx().storage(),
              s.accumulate(0),
              x.rank(),
              x.dims(),
              s.dy().shape().strides(),
              x.strides(),
              inner(s.dy()),
              s.dx().data());
    }
  }

  @Override
  public Width width(Node node) {
    return Width.AS_INPUT;
  }

  @Override
  public boolean byRows(Node node) {
    return before[0] == 0 && after[0] == 0;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return new PadConstant(Strides.permuted(before, perm), Strides.permuted(after, perm), value);
  }
}
