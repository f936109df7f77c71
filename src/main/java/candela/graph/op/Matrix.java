package candela.graph.op;

import candela.device.Dense;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Product with a constant matrix: x[…,K], weights[K,N] (transposed: [N,K]), bias[N] if any. */
public record Matrix(boolean transposed, Activation activation) implements Linear {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    Shape w = inputs.get(1).shape();
    if (x.rank() < 1 || w.rank() != 2 || x.dim(-1) != w.dim(transposed ? 1 : 0)) {
      throw CandelaException.of("operands %s and %s do not fit", x, w);
    }
    int n = w.dim(transposed ? 0 : 1);
    if (inputs.size() > 2 && inputs.get(2).shape().count() != n) {
      throw CandelaException.of("bias %s does not fit %d columns", inputs.get(2).shape(), n);
    }
    return List.of(x.with(-1, n));
  }

  private Dense.MatrixPlan plan(Step s) {
    return s.plan(
        () ->
            s.device()
                .dense()
                .matrix(
                    s.x().shape().dim(-1),
                    s.y().shape().dim(-1),
                    transposed,
                    s.x(1).data(),
                    s.node().inputs().size() > 2 ? s.x(2).data() : MemorySegment.NULL,
                    activation.dense(),
                    group(s)));
  }

  /** Rows of one image; 1 where that is not known. */
  private static int group(Step s) {
    int rows = rows(s.node().output().shape());
    return s.batch() > 0 && rows % s.batch() == 0 ? Math.max(1, rows / s.batch()) : 1;
  }

  private static int rows(Shape y) {
    return y.count(0, y.rank() - 1);
  }

  @Override
  public void forward(Step s) {
    plan(s).forward(rows(s.y().shape()), s.x().data(), s.y().data(), bits(s));
  }

  @Override
  public void backward(Step s) {
    plan(s).backward(rows(s.y().shape()), s.dy().data(), bits(s), s.accumulate(0), s.dx().data());
  }

  private MemorySegment bits(Step s) {
    return activation.bits(s, group(s), s.node().output().shape().dim(-1));
  }

  /** The product with changed weights, its activation left out. */
  private Dense.MatrixPlan plan(Step s, Weights w) {
    boolean biased = s.node().inputs().size() > 2;
    if (activation.kind() == Activation.Kind.NONE && w.equals(Weights.ORIGINAL)) {
      return plan(s);
    }
    int k = s.node().input(0).shape().dim(-1);
    int n = s.node().output().shape().dim(-1);
    return Packed.plan(
        s,
        w,
        biased,
        (weights, bias) ->
            s.device().dense().matrix(k, n, transposed, weights, bias, Dense.Activation.NONE));
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    plan(s, w).forward(rows(z.shape()), a.data(), z.data(), MemorySegment.NULL);
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    plan(s, w).backward(rows(r.shape()), r.data(), MemorySegment.NULL, false, c.data());
  }

  @Override
  public boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return i == 0 && down == 1 ? Reach.PIXEL : null;
  }

  /** Not where an image is a single row: its weights would be read for every part of the batch. */
  @Override
  public boolean byRows(Node node) {
    return node.output().shape().rank() > 2;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public long keptBytes(Node node) {
    Shape y = node.output().shape();
    return activation.bytes(rows(y), y.dim(-1));
  }

  @Override
  public long flops(Node node) {
    return 2L * node.output().shape().count() * node.input(0).shape().dim(-1);
  }

  @Override
  public Op permuted(int[] perm) {
    return perm[perm.length - 1] == perm.length - 1 ? this : null;
  }

  @Override
  public boolean isPermuted(int i) {
    return i == 0;
  }
}
