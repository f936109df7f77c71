package candela.graph.op;

import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Reduces the axes from (inclusive) to to (exclusive); each stays with length 1. */
public record Reduce(Reduction kind, int from, int to) implements Linear {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape y = inputs.get(0).shape();
    for (int i = from; i < to; i++) {
      y = y.with(i, 1);
    }
    return List.of(y);
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .reduce()
        .reduceForward(
            kind,
            x.count(0, from),
            x.count(from, to),
            x.count(to, x.rank()),
            s.x().data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape x = s.dx().shape();
    s.device()
        .kernels()
        .reduce()
        .reduceBackward(
            kind,
            s.accumulate(0),
            x.count(0, from),
            x.count(from, to),
            x.count(to, x.rank()),
            needsY() ? s.x().data() : MemorySegment.NULL,
            needsY() ? s.y().data() : MemorySegment.NULL,
            s.dy().data(),
            s.dx().data());
  }

  /** What every input counts: 1 or 1/n, changed. */
  private float weight(Shape x, Weights w) {
    return w.of(kind == Reduction.MEAN ? 1f / x.count(from, to) : 1);
  }

  private static void scale(Step s, Tensor y, float by) {
    s.device()
        .kernels()
        .elementwise()
        .unaryForward(Unary.LINEAR, by, 0, y.count(), y.data(), y.data());
  }

  @Override
  public boolean isLinear(Node node) {
    return kind == Reduction.SUM || kind == Reduction.MEAN;
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    Shape x = a.shape();
    s.device()
        .kernels()
        .reduce()
        .reduceForward(
            Reduction.SUM,
            x.count(0, from),
            x.count(from, to),
            x.count(to, x.rank()),
            a.data(),
            z.data());
    scale(s, z, weight(x, w));
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    Shape x = c.shape();
    s.device()
        .kernels()
        .reduce()
        .reduceBackward(
            Reduction.SUM,
            false,
            x.count(0, from),
            x.count(from, to),
            x.count(to, x.rank()),
            MemorySegment.NULL,
            MemorySegment.NULL,
            r.data(),
            c.data());
    scale(s, c, weight(x, w));
  }

  @Override
  public boolean byRows(Node node) {
    return from > 0;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return needsY();
  }

  @Override
  public boolean needsY() {
    return kind != Reduction.SUM && kind != Reduction.MEAN;
  }

  @Override
  public Op permuted(int[] perm) {
    int lowest = perm.length;
    int highest = -1;
    for (int axis = from; axis < to; axis++) {
      lowest = Math.min(lowest, Strides.position(perm, axis));
      highest = Math.max(highest, Strides.position(perm, axis));
    }
    return highest - lowest == to - from - 1 ? new Reduce(kind, lowest, highest + 1) : null;
  }
}
