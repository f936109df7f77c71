package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/**
 * alpha times the batched product of two run-time operands of equal batch, either of which may lie
 * transposed: a[…,m,k], transA: [k,m]; b[…,k,n], transB: [n,k]. Made by simplification from {@link
 * MatMul}: the scores of an attention, without copies.
 */
public record Product(boolean transA, boolean transB, float alpha) implements Op {
  @Override
  public String type() {
    return "MatMul";
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape a = inputs.get(0).shape();
    Shape b = inputs.get(1).shape();
    boolean fits =
        a.rank() >= 2
            && b.rank() == a.rank()
            && a.dim(transA ? -2 : -1) == b.dim(transB ? -1 : -2)
            && a.with(-1, 1).with(-2, 1).equals(b.with(-1, 1).with(-2, 1));
    if (!fits) {
      throw CandelaException.of("operands %s and %s do not fit", a, b);
    }
    return List.of(a.with(-2, a.dim(transA ? -1 : -2)).with(-1, b.dim(transB ? -2 : -1)));
  }

  @Override
  public void forward(Step s) {
    multiply(s, s.x(0), transA, s.x(1), transB, false, s.y());
  }

  /** Of y = A B: dA = dy Bᵀ and dB = Aᵀ dy, each transposed where its operand is. */
  @Override
  public void backward(Step s) {
    if (s.dx(0) != null && transA) {
      multiply(s, s.x(1), transB, s.dy(), true, s.accumulate(0), s.dx(0));
    } else if (s.dx(0) != null) {
      multiply(s, s.dy(), false, s.x(1), !transB, s.accumulate(0), s.dx(0));
    }
    if (s.dx(1) != null && transB) {
      multiply(s, s.dy(), true, s.x(0), transA, s.accumulate(1), s.dx(1));
    } else if (s.dx(1) != null) {
      multiply(s, s.x(0), !transA, s.dy(), false, s.accumulate(1), s.dx(1));
    }
  }

  private void multiply(
      Step s, Tensor a, boolean ta, Tensor b, boolean tb, boolean accumulate, Tensor c) {
    Shape p = a.shape();
    Shape q = b.shape();
    s.device()
        .dense()
        .multiply(
            p.count(0, p.rank() - 2),
            p.dim(ta ? -1 : -2),
            p.dim(ta ? -2 : -1),
            q.dim(tb ? -2 : -1),
            ta,
            tb,
            (long) p.dim(-1) * p.dim(-2),
            (long) q.dim(-1) * q.dim(-2),
            alpha,
            accumulate,
            a.data(),
            b.data(),
            c.data());
  }

  @Override
  public boolean byRows(Node node) {
    return node.output().shape().rank() > 2 && node.inputs().stream().noneMatch(Value::isConstant);
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return true;
  }

  @Override
  public long flops(Node node) {
    return 2L * node.output().shape().count() * node.input(0).shape().dim(transA ? -2 : -1);
  }
}
