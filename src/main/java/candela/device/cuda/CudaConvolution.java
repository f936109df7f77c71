package candela.device.cuda;

import candela.device.Binary;
import candela.device.ConvertedConvolution;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Dense.ConvolutionPlan;
import candela.device.Dense.Gating;
import candela.device.Device;
import candela.device.Memory;
import candela.device.cuda.CudnnGraph.Direction;
import candela.device.cuda.CudnnGraph.Problem;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * One convolution: by cuDNN, with bias, residual and ReLU in the same pass where it has an engine
 * for that, else one after the other; one of 1×1 with stride 1 is a product of cuBLASLt's. In TF32
 * kernels of our own do it where they were measured to be faster. In 16 bits what cuDNN has no
 * engine for is done in float32 between conversions.
 */
final class CudaConvolution implements ConvolutionPlan {
  private static final MemorySegment NONE = MemorySegment.NULL;

  private final CudaDense dense;
  private final Device device;
  private final Storage storage;
  private final Convolution shape;

  private final Plain plain;
  private final MemorySegment given;
  private final PackedWeights packed;
  private final MemorySegment givenBias;
  private final Memory packedBias;
  private final MemorySegment bias;
  private final Activation activation;
  private final long wide;
  private final CudaMatrix product;
  private final PreparedConvolutions prepared;

  /** Null where it is none of few channels. */
  private final FewChannels few;

  /** Null where only the libraries can. */
  private final ConvolutionOutput output;

  /** Null where the convolution is transposed: a plain one is its gradient. */
  private final InputGradient gradient;

  private ConvertedConvolution converted;
  private Memory ones;

  CudaConvolution(
      CudaDense dense,
      Storage storage,
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long wide) {
    this.dense = dense;
    this.device = dense.device();
    this.shape = shape;
    this.storage = storage;
    this.given = weights;
    givenBias = bias;
    prepared = new PreparedConvolutions(dense);
    try {
      packedBias =
          isFloat() || bias.equals(NONE) ? null : device.allocate(storage.bytes(shape.oc()));
      this.bias = packedBias == null ? bias : packedBias.segment();
      this.activation = activation;
      this.wide = wide;
      plain = Plain.of(dense, storage, shape);
      boolean pointwise =
          !shape.transposed()
              && shape.kh() * shape.kw() == 1
              && shape.strideH() * shape.strideW() == 1
              && shape.groups() == 1
              && !shape.isPadded();
      packed = new PackedWeights(dense, storage, shape, plain, given);
      product =
          pointwise && (isFloat() || !plain.pads())
              ? new CudaMatrix(
                  dense,
                  storage,
                  shape.c(),
                  shape.oc(),
                  true,
                  isFloat() && !packed.areInPlace() ? weights : packed.segment(),
                  this.bias,
                  activation,
                  wide,
                  1)
              : null;
      few =
          product == null && FewChannels.fits(dense, storage, shape, wide)
              ? new FewChannels(dense, shape, given)
              : null;
      output =
          Tiles.fit(dense, storage, shape) && (few != null || !plain.pads())
              ? new ConvolutionOutput(
                  dense,
                  shape,
                  packed::segment,
                  this.bias,
                  activation,
                  wide,
                  this::byLibraries,
                  plain.pads() ? null : new Tiles(dense, shape),
                  few)
              : null;
      gradient =
          shape.transposed()
              ? null
              : new InputGradient(
                  dense,
                  storage,
                  shape,
                  plain,
                  packed::segment,
                  weights,
                  prepared,
                  product,
                  this::converted);
      pack();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private boolean isFloat() {
    return storage == Storage.FLOAT32;
  }

  @Override
  public void update() {
    pack();
    if (gradient != null) {
      gradient.update();
    }
    if (few != null) {
      few.update();
    }
    if (ones != null) {
      widenBias();
    }
    if (converted != null) {
      converted.update();
    }
  }

  /** The weights and the bias as the libraries take them. */
  private void pack() {
    packed.update();
    if (packedBias != null) {
      device
          .kernels()
          .convert()
          .convert(Storage.FLOAT32, storage, false, 1, shape.oc(), givenBias, packedBias.segment());
    }
  }

  private ConvertedConvolution converted() {
    if (converted == null) {
      converted = dense.converted(storage, shape, given, givenBias, activation, wide);
    }
    return converted;
  }

  @Override
  public void forward(
      long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    if (rows == 0 || pixels(rows) == 0) {
      return;
    }
    if (output != null) {
      output.run(rows, x, residual, y, bits);
    } else {
      byLibraries(rows, x, residual, y, bits);
    }
  }

  private void byLibraries(
      long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    if (product != null) {
      if (!product.forward(pixels(rows), rows, x, residual, y, bits)) {
        converted().forward(rows, x, residual, y, bits);
      }
      return;
    }
    MemorySegment in = shape.transposed() ? x : plain.pad(rows, x);
    if (!shape.transposed() && fused(rows, in, residual, y)) {
      gate(rows, !isRelu(), y, bits);
    } else if (!isFloat()) {
      if (!rounded(rows, in, residual, y, bits)) {
        converted().forward(rows, x, residual, y, bits);
      }
    } else {
      convolve(rows, in, residual, y, bits);
    }
  }

  private boolean isRelu() {
    return activation.kind() == Activation.RELU.kind();
  }

  /** Whether cuDNN could do all in one pass. */
  private boolean fused(long rows, MemorySegment x, MemorySegment residual, MemorySegment y) {
    boolean aligned = CudaDense.alignment(storage, wide, x, residual, y) == 16;
    boolean adds = !residual.equals(NONE);
    boolean biased = !bias.equals(NONE);
    Problem whole =
        new Problem(
            Direction.FORWARD,
            plain.shape(),
            rows,
            wide,
            adds,
            biased,
            isRelu(),
            false,
            false,
            aligned,
            storage);
    return prepared.run(whole, x, packed.segment(), y, residual, bias);
  }

  /**
   * In 16 bits: the sum, then what follows it, each rounded. False where cuDNN has no engine for
   * the sum alone either.
   */
  private boolean rounded(
      long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    long n = pixels(rows) * shape.oc();
    boolean apart = wide != shape.oc() || residual.equals(y);
    MemorySegment sum = apart ? dense.gated(storage.bytes(n)) : y;
    if (!plainly(rows, x, sum)) {
      return false;
    }
    if (!bias.equals(NONE)) {
      MemorySegment ones = ones();
      device
          .kernels()
          .broadcast()
          .affineForward(
              storage, pixels(rows), shape.oc(), sum, ones, ones.asSlice(4L * shape.oc()), sum);
    }
    if (!residual.equals(NONE)) {
      device.kernels().elementwise().add(storage, n, sum, residual, sum);
    }
    if (apart) {
      copy(rows, sum, shape.oc(), y, wide);
    }
    gate(rows, true, y, bits);
    return true;
  }

  /** A one for each channel, then its rounded bias, in float32. */
  private MemorySegment ones() {
    if (ones == null) {
      ones = device.allocate(8L * shape.oc());
      device.kernels().elementwise().fill(shape.oc(), 1, ones.segment());
      widenBias();
    }
    return ones.segment();
  }

  private void widenBias() {
    MemorySegment to = ones.segment().asSlice(4L * shape.oc());
    device.kernels().convert().convert(storage, Storage.FLOAT32, false, 1, shape.oc(), bias, to);
  }

  /** The sum, then what follows it, step by step. */
  private void convolve(
      long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    long n = pixels(rows) * shape.oc();
    boolean apart = wide != shape.oc() || residual.equals(y);
    MemorySegment sum = apart ? dense.scratch(plain.bytes(rows) + n * 4) : y;
    if (apart) {
      sum = sum.asSlice(plain.bytes(rows));
    }
    if (shape.transposed()) {
      transpose(rows, x, sum);
    } else if (!plainly(rows, x, sum)) {
      throw none();
    }
    if (!bias.equals(NONE)) {
      int[] dims = {Math.toIntExact(pixels(rows)), shape.oc()};
      device
          .kernels()
          .broadcast()
          .binaryForward(
              Binary.ADD, 2, dims, new int[] {shape.oc(), 1}, new int[] {0, 1}, sum, bias, sum);
    }
    if (!residual.equals(NONE)) {
      device.kernels().elementwise().add(n, sum, residual, sum);
    }
    if (apart) {
      copy(rows, sum, shape.oc(), y, wide);
    }
    gate(rows, true, y, bits);
  }

  private void gate(long rows, boolean apply, MemorySegment y, MemorySegment bits) {
    boolean none = activation.kind() == Activation.NONE.kind();
    if (!none && (apply || !bits.equals(NONE))) {
      long n = (long) shape.oh() * shape.ow() * shape.oc();
      device
          .kernels()
          .gate()
          .gateForward(storage, activation, apply, rows, n, shape.oc(), wide, y, bits);
    }
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
    if (rows == 0) {
      return;
    }
    if (pixels(rows) == 0) {
      if (!dx.equals(NONE) && !accumulate) {
        device.kernels().elementwise().fill(storage, inputs(rows), 0, dx);
      }
      sift(rows, dx, gating);
      return;
    }
    MemorySegment g = passed(rows, dy, bits, accumulateResidual, dresidual);
    if (!dx.equals(NONE)) {
      if (gradient != null) {
        gradient.run(rows, g, g.equals(dy) ? wide : shape.oc(), accumulate, dx, gating);
      } else {
        transposedGradient(rows, g, accumulate, dx);
        sift(rows, dx, gating);
      }
    }
    if (!dresidual.equals(NONE) && !g.equals(dresidual)) {
      long n = pixels(rows) * shape.oc();
      if (accumulateResidual) {
        device.kernels().elementwise().add(storage, n, g, dresidual, dresidual);
      } else {
        copy(rows, g, shape.oc(), dresidual, shape.oc());
      }
    }
  }

  /**
   * The gradient before the activation, its channels together: dy itself, or in dresidual where
   * that is overwritten, or in working memory. A product takes it as it is.
   */
  private MemorySegment passed(
      long rows,
      MemorySegment dy,
      MemorySegment bits,
      boolean accumulateResidual,
      MemorySegment dresidual) {
    boolean active = activation.kind() != Activation.NONE.kind() && !bits.equals(NONE);
    if (!active && (wide == shape.oc() || product != null)) {
      return dy;
    }
    boolean shared = !dresidual.equals(NONE) && !accumulateResidual;
    long n = (long) shape.oh() * shape.ow() * shape.oc();
    MemorySegment g = shared ? dresidual : working(rows, rows * n);
    if (active) {
      device
          .kernels()
          .gate()
          .gateBackward(storage, activation, rows, n, shape.oc(), wide, dy, bits, g);
    } else {
      copy(rows, dy, wide, g, shape.oc());
    }
    return g;
  }

  /** So many elements beside padded images. */
  private MemorySegment working(long rows, long n) {
    if (!isFloat()) {
      return dense.gated(storage.bytes(n));
    }
    long skip = plain.bytes(rows);
    return dense.scratch(skip + 4 * n).asSlice(skip);
  }

  private void sift(long rows, MemorySegment dx, Gating gating) {
    device.kernels().gate().gateSift(storage, gating, inputs(rows), dx);
  }

  /** The gradient of a transposed convolution is the plain one. */
  private void transposedGradient(
      long rows, MemorySegment g, boolean accumulate, MemorySegment dx) {
    MemorySegment in = plain.pad(rows, g);
    long n = inputs(rows);
    MemorySegment to = accumulate ? dense.products(n * 4) : dx;
    if (!plainly(rows, in, to)) {
      throw none();
    }
    if (accumulate) {
      device.kernels().elementwise().add(n, to, dx, dx);
    }
  }

  /** The plain convolution alone; whether cuDNN could. */
  private boolean plainly(long rows, MemorySegment x, MemorySegment y) {
    Problem p = Problem.plain(Direction.FORWARD, plain.shape(), rows, false, storage, x, y);
    return prepared.run(p, x, packed.segment(), y);
  }

  /** y = transpose of the plain convolution on x: what a transposed one computes. */
  private void transpose(long rows, MemorySegment x, MemorySegment y) {
    MemorySegment whole = plain.pads() ? dense.scratch(plain.bytes(rows)) : y;
    Problem p = Problem.plain(Direction.DATA, plain.shape(), rows, false, storage, whole, x);
    if (!prepared.run(p, whole, packed.segment(), x)) {
      throw none();
    }
    if (plain.pads()) {
      plain.crop(rows, false, whole, y);
    }
  }

  private CandelaException none() {
    return CandelaException.of("%s has no engine for %s", dense.describe(), plain.shape());
  }

  private long pixels(long rows) {
    return rows * shape.oh() * shape.ow();
  }

  /** Elements of x. */
  private long inputs(long rows) {
    return rows * shape.h() * shape.w() * shape.c();
  }

  private void copy(long rows, MemorySegment from, long fromWide, MemorySegment to, long toWide) {
    device
        .kernels()
        .move()
        .copyStrided(storage, false, pixels(rows), shape.oc(), fromWide, toWide, from, to);
  }

  @Override
  public void close() {
    prepared.close();
    if (packed != null) {
      packed.close();
    }
    if (packedBias != null) {
      packedBias.close();
    }
    if (ones != null) {
      ones.close();
    }
    if (converted != null) {
      converted.close();
    }
    if (gradient != null) {
      gradient.close();
    }
    if (few != null) {
      few.close();
    }
  }
}
