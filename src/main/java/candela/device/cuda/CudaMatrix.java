package candela.device.cuda;

import candela.device.Dense.Activation;
import candela.device.Dense.MatrixPlan;
import candela.device.cuda.CublasLt.Epilogue;
import candela.device.cuda.CublasLt.Problem;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/** A product with a constant matrix, its bias, residual and ReLU in the same pass. */
final class CudaMatrix implements MatrixPlan {
  private static final MemorySegment NONE = MemorySegment.NULL;

  private final CudaDense dense;
  private final Storage storage;
  private final long k;
  private final long n;
  private final boolean transposed;
  private final MemorySegment weights;
  private final MemorySegment bias;
  private final Activation activation;
  private final long wide;
  private final long group;

  /**
   * @param storage of x, y, weights and bias
   * @param transposed weights are [n,k]
   * @param wide elements from a row of y and dy to the next
   * @param group rows that belong together
   */
  CudaMatrix(
      CudaDense dense,
      Storage storage,
      long k,
      long n,
      boolean transposed,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long wide,
      long group) {
    this.dense = dense;
    this.storage = storage;
    this.k = k;
    this.n = n;
    this.transposed = transposed;
    this.weights = weights;
    this.bias = bias;
    this.activation = activation;
    this.wide = wide;
    this.group = group;
  }

  @Override
  public void forward(long m, MemorySegment x, MemorySegment y, MemorySegment bits) {
    Sizes.group("matrix_forward", m, group);
    forward(m, m, x, NONE, y, bits);
  }

  /**
   * y[m,n] = act(x[m,k] * weights + bias + residual), bits for m rows in so many groups, each of
   * which begins at a byte.
   *
   * @return whether it could be done, as it always can in float32
   */
  boolean forward(
      long m,
      long groups,
      MemorySegment x,
      MemorySegment residual,
      MemorySegment y,
      MemorySegment bits) {
    if (m == 0 || n == 0) {
      return true;
    }
    boolean relu = activation.kind() == Activation.RELU.kind();
    boolean adds = !residual.equals(NONE);
    int alignment = CudaDense.alignment(storage, wide | k, x, weights, y, residual);
    Problem problem =
        Problem.of(m, k, n, transposed, k, wide, adds, epilogue(relu), alignment, storage);
    if (!product(problem, x, weights, adds ? residual : y, y, bias)) {
      return false;
    }
    boolean none = activation.kind() == Activation.NONE.kind();
    if (!none && (!relu || !bits.equals(NONE))) {
      dense
          .device()
          .kernels()
          .gate()
          .gateForward(storage, activation, !relu, groups, m / groups * n, n, wide, y, bits);
    }
    return true;
  }

  /** Whether there is one; must be in float32. */
  private boolean product(
      Problem p,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      MemorySegment bias) {
    if (storage == Storage.FLOAT32) {
      dense.product(p, a, b, c, d, bias);
      return true;
    }
    return dense.tryProduct(p, a, b, c, d, bias);
  }

  /**
   * Bits are left to our kernels: products that write them were measured to be several times
   * slower.
   */
  private Epilogue epilogue(boolean relu) {
    boolean biased = !bias.equals(NONE);
    if (relu) {
      return biased ? Epilogue.RELU_BIAS : Epilogue.RELU;
    }
    return biased ? Epilogue.BIAS : Epilogue.NONE;
  }

  @Override
  public void backward(
      long m, MemorySegment dy, MemorySegment bits, boolean accumulate, MemorySegment dx) {
    Sizes.group("matrix_backward", m, group);
    if (m == 0 || n == 0) {
      return;
    }
    MemorySegment g = dy;
    if (activation.kind() != Activation.NONE.kind() && !bits.equals(NONE)) {
      g = dense.scratch(storage.bytes(m * n));
      dense.device().kernels().gate().gateBackward(storage, activation, m, n, n, wide, dy, bits, g);
    }
    transpose(m, g.equals(dy) ? wide : n, g, accumulate, dx);
  }

  /**
   * dx[m,k] (+)= g[m,n] * transposed weights, g's rows so many elements apart.
   *
   * @return whether it could be done, as it always can in float32
   */
  boolean transpose(long m, long gWide, MemorySegment g, boolean accumulate, MemorySegment dx) {
    int alignment = CudaDense.alignment(storage, gWide | k | n, g, weights, dx);
    Problem problem =
        Problem.of(m, n, k, !transposed, gWide, k, accumulate, Epilogue.NONE, alignment, storage);
    return product(problem, g, weights, dx, dx, NONE);
  }

  /** Weights and bias are read where they are at every run. */
  @Override
  public void update() {}

  @Override
  public void close() {}
}
