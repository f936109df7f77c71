package candela.device.cpu;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.device.ConvertedConvolution;
import candela.device.Dense;
import candela.device.Device;
import candela.device.Entry;
import candela.device.Kernels;
import candela.device.Library;
import candela.device.Scratch;
import candela.tensor.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The dense entries of libcandela_cpu.so, over oneDNN.
 *
 * <p>For the thread that uses the device.
 */
final class CpuDense implements Dense, AutoCloseable {
  /**
   * Calls with fewer images than threads after which the work of an image is cut: that takes the
   * time that some six calls save.
   */
  static final int CALLS = 6;

  private final Device device;
  private final Kernels kernels;
  private final Scratch scratch;
  private final Entry convCreate;
  private final Entry convDestroy;
  private final Entry convCut;
  private final Entry convForward;
  private final Entry convBackward;
  private final Entry matrixCreate;
  private final Entry matrixDestroy;
  private final Entry matrixCut;
  private final Entry matrixForward;
  private final Entry matrixBackward;
  private final Entry matmul;
  private final Entry convUpdate;
  private final Entry matrixUpdate;
  private final Entry convWeightsCreate;
  private final Entry convWeightsDestroy;
  private final Entry convWeightsBackward;
  private final Entry matrixWeightsBackward;

  CpuDense(Device device, Library library, Kernels kernels) {
    this.device = device;
    this.kernels = kernels;
    scratch = new Scratch(device);
    convCreate =
        library.entry(
            "cd_conv_create",
            POINTER,
            POINTER,
            POINTER,
            INT,
            FLOAT,
            FLOAT,
            INT,
            LONG,
            INT,
            POINTER);
    convDestroy = library.entry("cd_conv_destroy", POINTER);
    convCut = library.entry("cd_conv_cut", POINTER, POINTER, INT, POINTER);
    convForward =
        library.entry(
            "cd_conv_forward", POINTER, POINTER, LONG, POINTER, POINTER, POINTER, POINTER);
    convBackward =
        library.entry(
            "cd_conv_backward",
            POINTER,
            POINTER,
            LONG,
            POINTER,
            POINTER,
            INT,
            POINTER,
            INT,
            POINTER);
    matrixCreate =
        library.entry(
            "cd_matrix_create",
            LONG,
            LONG,
            INT,
            POINTER,
            POINTER,
            INT,
            FLOAT,
            FLOAT,
            LONG,
            POINTER);
    matrixDestroy = library.entry("cd_matrix_destroy", POINTER);
    matrixCut = library.entry("cd_matrix_cut", POINTER, POINTER, INT, POINTER);
    matrixForward =
        library.entry("cd_matrix_forward", POINTER, POINTER, LONG, POINTER, POINTER, POINTER);
    matrixBackward =
        library.entry("cd_matrix_backward", POINTER, POINTER, LONG, POINTER, POINTER, INT, POINTER);
    matmul =
        library.entry(
            "cd_matmul",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            INT,
            INT,
            LONG,
            LONG,
            FLOAT,
            INT,
            POINTER,
            POINTER,
            POINTER);
    convUpdate = library.entry("cd_conv_update", POINTER);
    matrixUpdate = library.entry("cd_matrix_update", POINTER);
    convWeightsCreate = library.entry("cd_conv_weights_create", POINTER, POINTER);
    convWeightsDestroy = library.entry("cd_conv_weights_destroy", POINTER);
    convWeightsBackward =
        library.entry(
            "cd_conv_weights_backward",
            POINTER,
            POINTER,
            LONG,
            POINTER,
            POINTER,
            INT,
            POINTER,
            INT,
            POINTER);
    matrixWeightsBackward =
        library.entry(
            "cd_matrix_weights_backward",
            POINTER,
            LONG,
            LONG,
            LONG,
            INT,
            POINTER,
            POINTER,
            INT,
            POINTER,
            INT,
            POINTER);
  }

  @Override
  public boolean isSameAtAnySize() {
    return true;
  }

  @Override
  public ConvolutionPlan convolution(
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      boolean residual,
      long wide,
      boolean exact,
      Storage storage) {
    if (storage != Storage.FLOAT32) {
      return new ConvertedConvolution(
          device, scratch, storage, shape, weights, bias, activation, wide, exact);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      convCreate.call(
          shape.shape(),
          weights,
          bias,
          activation.kind(),
          activation.alpha(),
          activation.beta(),
          residual,
          wide,
          exact,
          out);
      return new Conv(out.get(ValueLayout.ADDRESS, 0), (long) shape.h() * shape.w() * shape.c());
    }
  }

  @Override
  public MatrixPlan matrix(
      long k,
      long n,
      boolean transposed,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long group) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      matrixCreate.call(
          k,
          n,
          transposed,
          weights,
          bias,
          activation.kind(),
          activation.alpha(),
          activation.beta(),
          group,
          out);
      return new Matrix(out.get(ValueLayout.ADDRESS, 0), group);
    }
  }

  @Override
  public void multiply(
      long batch,
      long m,
      long k,
      long n,
      boolean transA,
      boolean transB,
      long aStride,
      long bStride,
      float alpha,
      boolean accumulate,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c) {
    kernels.run(
        matmul, batch, m, k, n, transA, transB, aStride, bStride, alpha, accumulate, a, b, c);
  }

  @Override
  public ConvolutionWeights convolutionWeights(Convolution shape) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      convWeightsCreate.call(shape.shape(), out);
      return new ConvWeights(out.get(ValueLayout.ADDRESS, 0));
    }
  }

  @Override
  public void matrixWeights(
      long m,
      long k,
      long n,
      boolean transposed,
      MemorySegment x,
      MemorySegment dy,
      boolean accumulate,
      MemorySegment dweights,
      boolean accumulateBias,
      MemorySegment dbias) {
    kernels.run(
        matrixWeightsBackward,
        m,
        k,
        n,
        transposed,
        x,
        dy,
        accumulate,
        dweights,
        accumulateBias,
        dbias);
  }

  @Override
  public void close() {
    scratch.close();
  }

  private final class ConvWeights implements ConvolutionWeights {
    private MemorySegment handle;

    ConvWeights(MemorySegment handle) {
      this.handle = handle;
    }

    @Override
    public void backward(
        long rows,
        MemorySegment x,
        MemorySegment dy,
        boolean accumulate,
        MemorySegment dweights,
        boolean accumulateBias,
        MemorySegment dbias) {
      kernels.run(
          convWeightsBackward, handle, rows, x, dy, accumulate, dweights, accumulateBias, dbias);
    }

    @Override
    public void close() {
      convWeightsDestroy.call(handle);
      handle = MemorySegment.NULL;
    }
  }

  /** The work of an image, which threads share once few images have come often enough. */
  private final class Sharing {
    private final Entry entry;
    private final int[] calls = new int[2];

    Sharing(Entry entry) {
      this.entry = entry;
    }

    void count(MemorySegment plan, long images, boolean backward) {
      int i = backward ? 1 : 0;
      if (images < device.threads() && calls[i] < CALLS && ++calls[i] == CALLS) {
        cut(plan, backward);
      }
    }

    /** Cuts the work at once; gives into how many parts, 1 where threads cannot share it. */
    int cut(MemorySegment plan, boolean backward) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment parts = arena.allocate(ValueLayout.JAVA_INT);
        kernels.run(entry, plan, backward, parts);
        return parts.get(ValueLayout.JAVA_INT, 0);
      }
    }

    /** Of weights that have changed. */
    void begin() {
      Arrays.fill(calls, 0);
    }
  }

  final class Conv implements ConvolutionPlan {
    private final Sharing sharing = new Sharing(convCut);
    private MemorySegment handle;

    /** Elements of an image of x. */
    private final long image;

    Conv(MemorySegment handle, long image) {
      this.handle = handle;
      this.image = image;
    }

    @Override
    public void forward(
        long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
      sharing.count(handle, rows, false);
      kernels.run(convForward, handle, rows, x, residual, y, bits);
    }

    @Override
    public void backward(
        long rows,
        MemorySegment dy,
        MemorySegment bits,
        boolean accumulate,
        MemorySegment dx,
        Gating gating,
        boolean accumulateResidual,
        MemorySegment dresidual) {
      sharing.count(handle, rows, true);
      kernels.run(
          convBackward, handle, rows, dy, bits, accumulate, dx, accumulateResidual, dresidual);
      kernels.gate().gateSift(Storage.FLOAT32, gating, rows * image, dx);
    }

    int cut(boolean backward) {
      return sharing.cut(handle, backward);
    }

    @Override
    public void update() {
      sharing.begin();
      convUpdate.call(handle);
    }

    @Override
    public void close() {
      convDestroy.call(handle);
      handle = MemorySegment.NULL;
    }
  }

  final class Matrix implements MatrixPlan {
    private final Sharing sharing = new Sharing(matrixCut);
    private final long group;
    private MemorySegment handle;

    Matrix(MemorySegment handle, long group) {
      this.handle = handle;
      this.group = group;
    }

    @Override
    public void forward(long m, MemorySegment x, MemorySegment y, MemorySegment bits) {
      sharing.count(handle, m / group, false);
      kernels.run(matrixForward, handle, m, x, y, bits);
    }

    @Override
    public void backward(
        long m, MemorySegment dy, MemorySegment bits, boolean accumulate, MemorySegment dx) {
      sharing.count(handle, m / group, true);
      kernels.run(matrixBackward, handle, m, dy, bits, accumulate, dx);
    }

    int cut(boolean backward) {
      return sharing.cut(handle, backward);
    }

    @Override
    public void update() {
      matrixUpdate.call(handle);
    }

    @Override
    public void close() {
      matrixDestroy.call(handle);
      handle = MemorySegment.NULL;
    }
  }
}
