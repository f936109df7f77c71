package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/**
 * Batched product of two run-time operands: a[…,m,k] and b[…,k,n], equal batch dimensions, or no
 * batch larger than one in a or in b.
 */
public record MatMul() implements Op {
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
    Sizes z = sizes(s.x(0).shape(), s.x(1).shape());
    s.device()
        .dense()
        .multiply(
            z.batch,
            z.m,
            z.k,
            z.n,
            false,
            false,
            z.aStride,
            z.bStride,
            1,
            false,
            s.x(0).data(),
            s.x(1).data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Sizes z = sizes(s.x(0).shape(), s.x(1).shape());
    Dense dense = s.device().dense();
    long y = z.m * z.n;
    if (s.dx(0) != null && (z.batch == 1 || z.aStride != 0)) {
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
          s.accumulate(0),
          s.dy().data(),
          s.x(1).data(),
          s.dx(0).data());
    } else if (s.dx(0) != null) {
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
            i > 0 || s.accumulate(0),
            s.dy().data().asSlice(i * y * 4),
            s.x(1).data().asSlice(i * z.bStride * 4),
            s.dx(0).data());
      }
    }
    if (s.dx(1) != null) {
      dense.multiply(
          z.batch,
          z.k,
          z.m,
          z.n,
          true,
          false,
          z.aStride,
          y,
          1,
          s.accumulate(1),
          s.x(0).data(),
          s.dy().data(),
          s.dx(1).data());
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
