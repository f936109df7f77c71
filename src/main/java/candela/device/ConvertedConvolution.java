package candela.device;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Dense.ConvolutionPlan;
import candela.device.Dense.Gating;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * A convolution of values in 16 bits by one in float32, between conversions. It defines what such a
 * convolution gives, weights and bias rounded to 16 bits once, the sum rounded when it is written;
 * the CPU runs it as the reference, a card where its libraries have no engine.
 *
 * <p>Owns its weights, not the working memory.
 */
public final class ConvertedConvolution implements ConvolutionPlan {
  private static final MemorySegment NONE = MemorySegment.NULL;
  private static final long ALIGNMENT = 64;

  private final Device device;
  private final Scratch scratch;
  private final Storage storage;
  private final Convolution shape;
  private final MemorySegment givenWeights;
  private final MemorySegment givenBias;
  private final Activation activation;
  private final long wide;
  private final Memory weights;
  private final Memory bias;
  private final ConvolutionPlan plan;

  /**
   * @param scratch that nothing else uses meanwhile
   * @param wide as {@link Dense#convolution} has it, and the others alike
   */
  public ConvertedConvolution(
      Device device,
      Scratch scratch,
      Storage storage,
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long wide,
      boolean exact) {
    this.device = device;
    this.scratch = scratch;
    this.storage = storage;
    this.shape = shape;
    this.activation = activation;
    this.wide = wide;
    givenWeights = weights;
    givenBias = bias;
    try {
      this.weights = device.allocate(4 * weights());
      this.bias = device.allocate(4L * shape.oc());
      round();
      plan =
          device
              .dense()
              .convolution(
                  shape,
                  this.weights.segment(),
                  bias.equals(NONE) ? NONE : this.bias.segment(),
                  Activation.NONE,
                  false,
                  shape.oc(),
                  exact,
                  Storage.FLOAT32);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private long weights() {
    return (long) shape.oc() * (shape.c() / shape.groups()) * shape.kh() * shape.kw();
  }

  @Override
  public void update() {
    round();
    plan.update();
  }

  private void round() {
    round(weights(), givenWeights, weights.segment());
    if (!givenBias.equals(NONE)) {
      round(shape.oc(), givenBias, bias.segment());
    }
  }

  private void round(long n, MemorySegment from, MemorySegment to) {
    MemorySegment bits = scratch.bytes(storage.bytes(n));
    convert(Storage.FLOAT32, storage, false, n, from, bits);
    convert(storage, Storage.FLOAT32, false, n, bits, to);
  }

  private void convert(
      Storage from, Storage to, boolean accumulate, long n, MemorySegment x, MemorySegment y) {
    device.kernels().convert().convert(from, to, accumulate, 1, n, x, y);
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private long pixels(long rows) {
    return rows * shape.oh() * shape.ow();
  }

  /** Elements of x. */
  private long inputs(long rows) {
    return rows * shape.h() * shape.w() * shape.c();
  }

  /** Elements of y. */
  private long outputs(long rows) {
    return pixels(rows) * shape.oc();
  }

  @Override
  public void forward(
      long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits) {
    long n = outputs(rows);
    long image = n / Math.max(rows, 1);
    long whole = aligned(4 * n);
    MemorySegment in = scratch.bytes(2 * whole + aligned(4 * inputs(rows)));
    MemorySegment other = in.asSlice(aligned(4 * inputs(rows)));
    MemorySegment sum = other.asSlice(whole);
    convert(storage, Storage.FLOAT32, false, inputs(rows), x, in);
    plan.forward(rows, in, NONE, sum, NONE);
    if (!residual.equals(NONE)) {
      convert(storage, Storage.FLOAT32, true, n, residual, sum);
    }
    boolean active = activation.kind() != Activation.NONE.kind();
    Gate gate = device.kernels().gate();
    if (active) {
      gate.gateForward(
          Storage.FLOAT32, activation, true, rows, image, shape.oc(), shape.oc(), sum, NONE);
    }
    MemorySegment to = wide == shape.oc() ? y : other;
    convert(Storage.FLOAT32, storage, false, n, sum, to);
    if (wide != shape.oc()) {
      copy(rows, false, to, shape.oc(), y, wide);
    }
    if (active && !bits.equals(NONE)) {
      gate.gateForward(storage, activation, false, rows, image, shape.oc(), wide, y, bits);
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
    long n = outputs(rows);
    MemorySegment g = scratch.bytes(working(rows));
    if (activation.kind() != Activation.NONE.kind() && !bits.equals(NONE)) {
      device
          .kernels()
          .gate()
          .gateBackward(
              storage, activation, rows, n / Math.max(rows, 1), shape.oc(), wide, dy, bits, g);
    } else {
      copy(rows, false, dy, wide, g, shape.oc());
    }
    if (!dx.equals(NONE)) {
      transpose(rows, g, g.asSlice(aligned(storage.bytes(n))), accumulate, dx);
    }
    device.kernels().gate().gateSift(storage, gating, inputs(rows), dx);
    if (!dresidual.equals(NONE)) {
      copy(rows, accumulateResidual, g, shape.oc(), dresidual, shape.oc());
    }
  }

  /** dx[rows,h,w,c] (+)= transpose of the convolution on g[rows,oh,ow,oc], without activation. */
  public void transpose(long rows, MemorySegment g, boolean accumulate, MemorySegment dx) {
    transpose(rows, g, scratch.bytes(working(rows)), accumulate, dx);
  }

  private long working(long rows) {
    return 2 * aligned(4 * outputs(rows)) + aligned(4 * inputs(rows));
  }

  private void transpose(
      long rows, MemorySegment g, MemorySegment working, boolean accumulate, MemorySegment dx) {
    MemorySegment up = working.asSlice(aligned(4 * inputs(rows)));
    convert(storage, Storage.FLOAT32, false, outputs(rows), g, up);
    plan.backward(rows, up, NONE, false, working, false, NONE);
    convert(Storage.FLOAT32, storage, accumulate, inputs(rows), working, dx);
  }

  private void copy(
      long rows,
      boolean accumulate,
      MemorySegment from,
      long fromWide,
      MemorySegment to,
      long toWide) {
    device
        .kernels()
        .move()
        .copyStrided(storage, accumulate, pixels(rows), shape.oc(), fromWide, toWide, from, to);
  }

  @Override
  public void close() {
    if (plan != null) {
      plan.close();
    }
    if (weights != null) {
      weights.close();
    }
    if (bias != null) {
      bias.close();
    }
  }
}
