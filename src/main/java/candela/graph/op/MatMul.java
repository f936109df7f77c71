package candela.graph.op;

import candela.device.Dense;
import candela.device.Memory;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/**
 * Batched product of two run-time operands: a[…,m,k] and b[…,k,n], equal batch dimensions, or no
 * batch larger than one in a or in b.
 */
public record MatMul() implements Linear {
  private record Sizes(long batch, long m, long k, long n, long aStride, long bStride) {}

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape a = inputs.get(0).shape();
    Shape b = inputs.get(1).shape();
    int r = a.rank();
    if (r < 2 || b.rank() != r || a.dim(-1) != b.dim(-2)) {
      throw CandelaException.of("operands %s and %s do not fit", a, b);
    }
    Shape batchA = a.with(-1, 1).with(-2, 1);
    Shape batchB = b.with(-1, 1).with(-2, 1);
    if (!batchA.equals(batchB) && batchA.count() != 1 && batchB.count() != 1) {
      throw CandelaException.of("batches of operands %s and %s differ", a, b);
    }
    return List.of(Shape.broadcast(batchA, batchB).with(-2, a.dim(-2)).with(-1, b.dim(-1)));
  }

  private static Sizes sizes(Shape a, Shape b) {
    int r = a.rank();
    long batchA = a.count(0, r - 2);
    long batchB = b.count(0, r - 2);
    long m = a.dim(-2);
    long k = a.dim(-1);
    long n = b.dim(-1);
    if (batchB == 1) {
      return new Sizes(1, batchA * m, k, n, 0, 0);
    }
    return new Sizes(batchB, m, k, n, batchA == 1 ? 0 : m * k, k * n);
  }

  @Override
  public void forward(Step s) {
    multiply(s, s.x(0), s.x(1), s.y());
  }

  @Override
  public void backward(Step s) {
    if (s.dx(0) != null) {
      backwardA(s, s.x(1), s.dy(), s.accumulate(0), s.dx(0));
    }
    if (s.dx(1) != null) {
      backwardB(s, s.x(0), s.dy(), s.accumulate(1), s.dx(1));
    }
  }

  private static void multiply(Step s, Tensor a, Tensor b, Tensor y) {
    Sizes z = sizes(a.shape(), b.shape());
    s.device()
        .dense()
        .multiply(
            z.batch, z.m, z.k, z.n, false, false, z.aStride, z.bStride, 1, false, a.data(),
            b.data(), y.data());
  }

  private static void backwardA(Step s, Tensor b, Tensor dy, boolean accumulate, Tensor da) {
    Sizes z = sizes(da.shape(), b.shape());
    Dense dense = s.device().dense();
    long y = z.m * z.n;
    if (z.batch == 1 || z.aStride != 0) {
      dense.multiply(
          z.batch,
          z.m,
          z.n,
          z.k,
          false,
          true,
          y,
          z.bStride,
          1,
          accumulate,
          dy.data(),
          b.data(),
          da.data());
      return;
    }
    for (long i = 0; i < z.batch; i++) {
      dense.multiply(
          1,
          z.m,
          z.n,
          z.k,
          false,
          true,
          0,
          0,
          1,
          i > 0 || accumulate,
          dy.data().asSlice(i * y * 4),
          b.data().asSlice(i * z.bStride * 4),
          da.data());
    }
  }

  private static void backwardB(Step s, Tensor a, Tensor dy, boolean accumulate, Tensor db) {
    Sizes z = sizes(a.shape(), db.shape());
    s.device()
        .dense()
        .multiply(
            z.batch,
            z.k,
            z.m,
            z.n,
            true,
            false,
            z.aStride,
            z.m * z.n,
            1,
            accumulate,
            a.data(),
            dy.data(),
            db.data());
  }

  @Override
  public boolean isLinear(Node node) {
    return node.input(0).isConstant() || node.input(1).isConstant();
  }

  @Override
  public int operand(Node node) {
    return node.input(0).isConstant() ? 1 : 0;
  }

  /** The constant operand, changed. */
  private Tensor constant(Step s, Weights w) {
    int i = 1 - operand(s.node());
    if (w.part() == Weights.Part.ALL) {
      return s.x(i);
    }
    Memory changed = s.plan(w.withoutBias(), () -> Packed.changed(s, i, w));
    return new Tensor(s.x(i).shape(), changed.segment());
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    Tensor other = constant(s, w);
    multiply(s, operand(s.node()) == 0 ? a : other, operand(s.node()) == 0 ? other : a, z);
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    if (operand(s.node()) == 0) {
      backwardA(s, constant(s, w), r, false, c);
    } else {
      backwardB(s, constant(s, w), r, false, c);
    }
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
    return 2L * node.output().shape().count() * node.input(0).shape().dim(-1);
  }
}
