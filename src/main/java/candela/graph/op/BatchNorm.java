package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Batch normalisation with run-time parameters, for training: x[…,C], scale, shift, mean, variance
 * [C], then residual of x's shape if there is one; what comes out is rectified if relu.
 *
 * <p>Training uses the statistics of the batch and moves mean and variance, which are inputs of the
 * graph, towards them in place, the variance unbiased as PyTorch has it; else the node uses mean
 * and variance as they are.
 *
 * @param momentum share of the batch in the new mean and variance
 */
public record BatchNorm(
    boolean training, float epsilon, float momentum, boolean relu, boolean residual) implements Op {
  /** Rows that the kernel sums at a time, as native/candela.h has it. */
  private static final int SLICE = 128;

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    for (Value v : inputs.subList(1, 5)) {
      if (x.rank() < 2 || v.shape().count() != x.dim(-1)) {
        throw CandelaException.of("%d parameters for the channels of %s", v.shape().count(), x);
      }
    }
    if (residual && !inputs.get(5).shape().equals(x)) {
      throw CandelaException.of("residual %s does not fit %s", inputs.get(5).shape(), x);
    }
    return List.of(x);
  }

  private static int channels(Shape x) {
    return x.dim(-1);
  }

  private static int rows(Shape x) {
    return x.count(0, x.rank() - 1);
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .norm()
        .batchNormForward(
            training,
            relu,
            rows(x),
            channels(x),
            epsilon,
            momentum,
            s.x().data(),
            s.x(1).data(),
            s.x(2).data(),
            residual ? s.x(5).data() : MemorySegment.NULL,
            s.x(3).data(),
            s.x(4).data(),
            partial(s),
            s.y().data(),
            s.kept().equals(MemorySegment.NULL) ? stats(s) : s.kept());
  }

  @Override
  public void backward(Step s) {
    Shape x = s.x().shape();
    int accumulate = add(s, 0, 1) | add(s, 1, 4) | add(s, 2, 8) | (residual ? add(s, 5, 2) : 0);
    s.device()
        .kernels()
        .norm()
        .batchNormBackward(
            training,
            relu,
            accumulate,
            rows(x),
            channels(x),
            s.x().data(),
            relu ? s.y().data() : MemorySegment.NULL,
            s.x(1).data(),
            s.kept(),
            s.dy().data(),
            partial(s),
            gradient(s, 0),
            residual ? gradient(s, 5) : MemorySegment.NULL,
            gradient(s, 1),
            gradient(s, 2));
  }

  private static int add(Step s, int i, int bit) {
    return s.dx(i) != null && s.accumulate(i) ? bit : 0;
  }

  private static MemorySegment gradient(Step s, int i) {
    return s.dx(i) == null ? MemorySegment.NULL : s.dx(i).data();
  }

  /** Scratch holds partial sums, then the statistics of a forward that nothing follows. */
  private MemorySegment partial(Step s) {
    return s.scratch();
  }

  private MemorySegment stats(Step s) {
    return s.scratch().asSlice(partialBytes(s.x().shape()));
  }

  private static long partialBytes(Shape x) {
    return 8L * ((rows(x) + SLICE - 1) / SLICE + 1) * channels(x);
  }

  @Override
  public boolean updates(int i) {
    return training && (i == 3 || i == 4);
  }

  @Override
  public boolean differentiable(int i) {
    return i != 3 && i != 4;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  /** What is added may be overwritten by the sum, its gradient be that of the sum. */
  @Override
  public int inPlace(Node node) {
    return residual ? 5 : -1;
  }

  @Override
  public boolean needsX(int i) {
    return i == 0 || i == 1;
  }

  @Override
  public boolean needsY() {
    return relu;
  }

  @Override
  public long keptBytes(Node node) {
    return 8L * channels(node.output().shape());
  }

  @Override
  public long scratchBytes(Node node) {
    Shape x = node.input(0).shape();
    return partialBytes(x) + 8L * channels(x);
  }
}
