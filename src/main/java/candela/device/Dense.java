package candela.device;

import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Convolutions and matrix products with their gradients. Images are channels-last [rows,h,w,c],
 * matrices row-major, all float32 unless said otherwise. No bit of a row depends on how many rows
 * there are, where it stands among them, or on the number of threads.
 *
 * <p>For the thread that uses the device.
 */
public interface Dense {
  /**
   * Whether no bit of a pixel depends on how large its image is: minimal filtering apart, and
   * convolutions with more padding than their kernel reaches over. A card takes another algorithm
   * for another size.
   */
  default boolean isSameAtAnySize() {
    return false;
  }

  /**
   * Whether a convolution's gradient passes the activation before it at once ({@link Gating}) with
   * less work than that activation's own convolution would have with it.
   */
  default boolean isGating() {
    return false;
  }

  /**
   * Prepares a convolution.
   *
   * @param weights [oc,c/groups,kh,kw], transposed: [c,oc/groups,kh,kw]; must stay until the plan
   *     is closed
   * @param bias [oc] or {@link MemorySegment#NULL}; must stay until the plan is closed
   * @param residual whether forward adds a tensor before the activation
   * @param wide elements from a pixel of y and dy to the next: oc, or more where the channels stand
   *     among others; then neither transposed nor residual
   * @param exact forward sums plainly, as it must where a gradient depends on which side of zero a
   *     sum is; else it may filter minimally, with rounding some times larger
   * @param storage of x, residual, y and their gradients, to which weights and bias are rounded,
   *     too; these are float32 where they are given
   */
  ConvolutionPlan convolution(
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      boolean residual,
      long wide,
      boolean exact,
      Storage storage);

  /** An exact convolution in float32 whose channels stand alone. */
  default ConvolutionPlan convolution(
      Convolution shape,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      boolean residual) {
    return convolution(
        shape, weights, bias, activation, residual, shape.oc(), true, Storage.FLOAT32);
  }

  /**
   * Prepares a product with a constant matrix.
   *
   * @param weights [k,n], transposed: [n,k]; must stay until the plan is closed
   * @param bias [n] or {@link MemorySegment#NULL}; must stay until the plan is closed
   * @param group rows that belong together, as the tokens of an image: the number of rows is a
   *     multiple of it
   */
  MatrixPlan matrix(
      long k,
      long n,
      boolean transposed,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation,
      long group);

  /** A product of rows that come singly. */
  default MatrixPlan matrix(
      long k,
      long n,
      boolean transposed,
      MemorySegment weights,
      MemorySegment bias,
      Activation activation) {
    return matrix(k, n, transposed, weights, bias, activation, 1);
  }

  /**
   * c[batch,m,n] (+)= alpha * a[m,k] * b[k,n] for each of batch; transA: a[k,m], transB: b[n,k]. No
   * overlap.
   *
   * @param aStride elements from one matrix to the next, 0 to repeat it
   * @param bStride elements from one matrix to the next, 0 to repeat it
   */
  void multiply(
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
      MemorySegment c);

  /** Prepares the gradient of the weights of a convolution, for training. */
  ConvolutionWeights convolutionWeights(Convolution shape);

  /**
   * dweights[k,n], transposed: [n,k], (+)= gradient from x[m,k] and dy[m,n] (no activation);
   * dbias[n] (or NULL) (+)= sum of dy. No overlap. No bit depends on the number of threads.
   */
  void matrixWeights(
      long m,
      long k,
      long n,
      boolean transposed,
      MemorySegment x,
      MemorySegment dy,
      boolean accumulate,
      MemorySegment dweights,
      boolean accumulateBias,
      MemorySegment dbias);

  /** The gradient of the weights of a convolution. Close it before the device. */
  interface ConvolutionWeights extends AutoCloseable {
    /**
     * dweights, of the shape of the convolution's, (+)= gradient from x[rows,h,w,c] and
     * dy[rows,oh,ow,oc] (no activation); dbias[oc] (or NULL) (+)= sum of dy. No overlap. No bit
     * depends on the number of threads.
     */
    void backward(
        long rows,
        MemorySegment x,
        MemorySegment dy,
        boolean accumulate,
        MemorySegment dweights,
        boolean accumulateBias,
        MemorySegment dbias);

    @Override
    void close();
  }

  /**
   * A convolution with its packed weights. Close it with the session that made it, before the
   * device.
   */
  interface ConvolutionPlan extends AutoCloseable {
    /**
     * y[rows,oh,ow,oc] = act(conv(x[rows,h,w,c]) + bias + residual[rows,oh,ow,oc]). y may be the
     * residual, not x.
     *
     * @param residual NULL if and only if the plan was made without
     * @param bits {@link Activation#bytes} of oh*ow*oc elements a row, or NULL when no backward
     *     will follow
     */
    void forward(
        long rows, MemorySegment x, MemorySegment residual, MemorySegment y, MemorySegment bits);

    /**
     * g = dy[rows,oh,ow,oc] where the bits allow; dx[rows,h,w,c] (+)= transpose of the convolution
     * on g, and its sum passes the gating; then dresidual (+)= g. dresidual may be dy unless it
     * accumulates, and dx if it does.
     *
     * @param bits NULL without activation, or where dy has passed it
     * @param dx or NULL
     * @param gating NONE unless x has no other gradient to come
     * @param dresidual [rows,oh,ow,oc] or NULL
     */
    void backward(
        long rows,
        MemorySegment dy,
        MemorySegment bits,
        boolean accumulate,
        MemorySegment dx,
        Gating gating,
        boolean accumulateResidual,
        MemorySegment dresidual);

    /** The same, and what made x takes its gradient through its activation itself. */
    default void backward(
        long rows,
        MemorySegment dy,
        MemorySegment bits,
        boolean accumulate,
        MemorySegment dx,
        boolean accumulateResidual,
        MemorySegment dresidual) {
      backward(rows, dy, bits, accumulate, dx, Gating.NONE, accumulateResidual, dresidual);
    }

    /** Takes weights and bias again from where they are, after they have changed. */
    void update();

    @Override
    void close();
  }

  /**
   * A product with a constant matrix. Close it with the session that made it, before the device.
   */
  interface MatrixPlan extends AutoCloseable {
    /**
     * y[m,n] = act(x[m,k] * weights + bias). No overlap.
     *
     * @param bits {@link Activation#bytes} of n elements a row, or NULL when no backward will
     *     follow
     */
    void forward(long m, MemorySegment x, MemorySegment y, MemorySegment bits);

    /**
     * dx[m,k] (+)= g * transposed weights, g = dy[m,n] where the bits allow. No overlap.
     *
     * @param bits NULL only without activation
     */
    void backward(
        long m, MemorySegment dy, MemorySegment bits, boolean accumulate, MemorySegment dx);

    /** Takes weights and bias again from where they are, after they have changed. */
    void update();

    @Override
    void close();
  }

  /**
   * What follows the sum. A bit per element tells backward where the gradient passes.
   *
   * @param kind constant of native/candela.h
   * @param alpha CLIP: lower end; LEAKY: slope below 0, at least 0
   * @param beta CLIP: upper end
   */
  record Activation(int kind, float alpha, float beta) {
    private static final int LEAKY = 3;
    public static final Activation NONE = new Activation(0, 0, 0);
    public static final Activation RELU = new Activation(1, 0, 0);

    public static Activation clip(float lo, float hi) {
      return new Activation(2, lo, hi);
    }

    public static Activation leaky(float alpha) {
      return new Activation(LEAKY, alpha, 0);
    }

    /** Whether a part of the gradient passes where the activation is shut. */
    public boolean isSloped() {
      return kind == LEAKY;
    }

    /** Bytes of the bits: each row of n elements begins at a byte. */
    public static long bytes(long rows, long n) {
      return rows * ((n + 7) / 8);
    }
  }

  /**
   * The activation that made a convolution's input, for the gradient to pass at once.
   *
   * @param values of that input
   */
  record Gating(Activation activation, MemorySegment values) {
    public static final Gating NONE = new Gating(Activation.NONE, MemorySegment.NULL);

    public boolean isNone() {
      return activation.kind() == Activation.NONE.kind();
    }
  }

  /**
   * Sizes of a convolution; a 1-d one has h = kh = 1. {@code transposed}: an ONNX ConvTranspose.
   *
   * @param outputPadH rows added at the bottom, transposed only
   * @param outputPadW columns added at the right, transposed only
   */
  record Convolution(
      int h,
      int w,
      int c,
      int oc,
      int kh,
      int kw,
      int strideH,
      int strideW,
      int dilationH,
      int dilationW,
      int padTop,
      int padLeft,
      int padBottom,
      int padRight,
      int groups,
      boolean transposed,
      int outputPadH,
      int outputPadW) {
    public Convolution {
      if (strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1 || kh < 1 || kw < 1) {
        throw CandelaException.of(
            "convolution: kernel, strides and dilations must be 1 or more, are %dx%d, %dx%d, %dx%d",
            kh, kw, strideH, strideW, dilationH, dilationW);
      }
    }

    public int oh() {
      return length(h, kh, strideH, dilationH, padTop + padBottom, outputPadH);
    }

    public int ow() {
      return length(w, kw, strideW, dilationW, padLeft + padRight, outputPadW);
    }

    /** On any side. */
    public boolean isPadded() {
      return padTop != 0 || padLeft != 0 || padBottom != 0 || padRight != 0;
    }

    private int length(int in, int taps, int stride, int dilation, int pads, int outputPad) {
      int reach = (taps - 1) * dilation + 1;
      return transposed
          ? (in - 1) * stride + reach + outputPad - pads
          : (in + pads - reach) / stride + 1;
    }

    /** As native/candela.h wants it. */
    public int[] shape() {
      return new int[] {
        h,
        w,
        c,
        oc,
        kh,
        kw,
        strideH,
        strideW,
        dilationH,
        dilationW,
        padTop,
        padLeft,
        padBottom,
        padRight,
        groups,
        transposed ? 1 : 0,
        outputPadH,
        outputPadW
      };
    }
  }
}
