package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Normalisation with statistics of the input itself. The gradient is the input's only. The entries
 * of kernels/norm.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Norm {
  private final Kernels kernels;
  private final Entry layerNormForward;
  private final Entry layerNormBackward;
  private final Entry batchNormForward;
  private final Entry batchNormBackward;
  private final Entry instanceNormForward;
  private final Entry instanceNormBackward;
  private final Entry groupNormForward;
  private final Entry groupNormBackward;
  private final Entry lrnForward;
  private final Entry lrnBackward;

  Norm(Kernels kernels) {
    this.kernels = kernels;
    layerNormForward =
        kernels.entry(
            "cd_layer_norm_forward",
            POINTER,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    layerNormBackward =
        kernels.entry(
            "cd_layer_norm_backward",
            POINTER,
            INT,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    batchNormForward =
        kernels.entry(
            "cd_batch_norm_forward",
            POINTER,
            INT,
            INT,
            LONG,
            LONG,
            FLOAT,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    batchNormBackward =
        kernels.entry(
            "cd_batch_norm_backward",
            POINTER,
            INT,
            INT,
            INT,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    instanceNormForward =
        kernels.entry(
            "cd_instance_norm_forward",
            POINTER,
            LONG,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    instanceNormBackward =
        kernels.entry(
            "cd_instance_norm_backward",
            POINTER,
            INT,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    groupNormForward =
        kernels.entry(
            "cd_group_norm_forward",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    groupNormBackward =
        kernels.entry(
            "cd_group_norm_backward",
            POINTER,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    lrnForward =
        kernels.entry(
            "cd_lrn_forward", POINTER, LONG, LONG, LONG, FLOAT, FLOAT, FLOAT, POINTER, POINTER);
    lrnBackward =
        kernels.entry(
            "cd_lrn_backward",
            POINTER,
            INT,
            LONG,
            LONG,
            LONG,
            FLOAT,
            FLOAT,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /**
   * y[rows,n] = (x - mean) / sqrt(variance + epsilon) * scale[n] + shift[n]; stats[rows,2] = mean,
   * 1/deviation. scale, shift, stats may be NULL. y may alias x.
   */
  public void layerNormForward(
      long rows,
      long n,
      float epsilon,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment shift,
      MemorySegment y,
      MemorySegment stats) {
    kernels.run(layerNormForward, rows, n, epsilon, x, scale, shift, y, stats);
  }

  /**
   * dx[rows,n] (+)= gradient from x, stats[rows,2] and dy[rows,n]. scale may be NULL; dx may alias
   * dy.
   */
  public void layerNormBackward(
      boolean accumulate,
      long rows,
      long n,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment stats,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(layerNormBackward, accumulate, rows, n, x, scale, stats, dy, dx);
  }

  /**
   * Batch normalisation of x[m,channels]: y = (x - mean) / sqrt(variance + epsilon) * scale + shift
   * (+ residual, unless NULL), relu: where that is positive, else 0. training: with mean and
   * variance of x itself, after which mean[channels] and variance[channels] move by momentum
   * towards these, the variance times m/(m-1); else with mean and variance as they are.
   * stats[2,channels] = mean, 1/deviation that were used. scratch[2*(ceil(m/128)+1)*channels]. y
   * may alias residual; backward reads x.
   */
  public void batchNormForward(
      boolean training,
      boolean relu,
      long m,
      long channels,
      float epsilon,
      float momentum,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment shift,
      MemorySegment residual,
      MemorySegment mean,
      MemorySegment variance,
      MemorySegment scratch,
      MemorySegment y,
      MemorySegment stats) {
    kernels.run(
        batchNormForward,
        training,
        relu,
        m,
        channels,
        epsilon,
        momentum,
        x,
        scale,
        shift,
        residual,
        mean,
        variance,
        scratch,
        y,
        stats);
  }

  /**
   * g = dy[m,channels] where relu let it pass (y &gt; 0), dx (+)= gradient of x, training: through
   * mean and variance too; dresidual (+)= g, dscale, dshift[channels] (+)= gradients; each may be
   * NULL. accumulate: bits 1 dx, 2 dresidual, 4 dscale, 8 dshift. y is read with relu only.
   * dresidual may alias dy unless it accumulates.
   */
  public void batchNormBackward(
      boolean training,
      boolean relu,
      int accumulate,
      long m,
      long channels,
      MemorySegment x,
      MemorySegment y,
      MemorySegment scale,
      MemorySegment stats,
      MemorySegment dy,
      MemorySegment scratch,
      MemorySegment dx,
      MemorySegment dresidual,
      MemorySegment dscale,
      MemorySegment dshift) {
    kernels.run(
        batchNormBackward,
        training,
        relu,
        accumulate,
        m,
        channels,
        x,
        y,
        scale,
        stats,
        dy,
        scratch,
        dx,
        dresidual,
        dscale,
        dshift);
  }

  /**
   * As layer_norm over the pixels of each channel: x, y[images,pixels,channels], scale,
   * shift[channels], stats[images,channels,2].
   */
  public void instanceNormForward(
      long images,
      long pixels,
      long channels,
      float epsilon,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment shift,
      MemorySegment y,
      MemorySegment stats) {
    kernels.run(instanceNormForward, images, pixels, channels, epsilon, x, scale, shift, y, stats);
  }

  /** dx[images,pixels,channels] (+)= gradient. scale may be NULL; dx may alias dy. */
  public void instanceNormBackward(
      boolean accumulate,
      long images,
      long pixels,
      long channels,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment stats,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        instanceNormBackward, accumulate, images, pixels, channels, x, scale, stats, dy, dx);
  }

  /**
   * As layer_norm over the pixels and the channels of each group: x, y[images,pixels,channels],
   * scale, shift[channels], stats[images,groups,2].
   */
  public void groupNormForward(
      long images,
      long pixels,
      long channels,
      long groups,
      float epsilon,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment shift,
      MemorySegment y,
      MemorySegment stats) {
    kernels.run(
        groupNormForward, images, pixels, channels, groups, epsilon, x, scale, shift, y, stats);
  }

  /** dx[images,pixels,channels] (+)= gradient. scale may be NULL; dx may alias dy. */
  public void groupNormBackward(
      boolean accumulate,
      long images,
      long pixels,
      long channels,
      long groups,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment stats,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        groupNormBackward, accumulate, images, pixels, channels, groups, x, scale, stats, dy, dx);
  }

  /**
   * y[pixels,channels] = x / (bias + alpha / size * sum of x^2 over the size (1..63) channels
   * around)^beta, as ONNX defines it. No overlap.
   */
  public void lrnForward(
      long pixels,
      long channels,
      long size,
      float alpha,
      float beta,
      float bias,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(lrnForward, pixels, channels, size, alpha, beta, bias, x, y);
  }

  /** dx[pixels,channels] (+)= gradient from x, y and dy. No overlap. */
  public void lrnBackward(
      boolean accumulate,
      long pixels,
      long channels,
      long size,
      float alpha,
      float beta,
      float bias,
      MemorySegment x,
      MemorySegment y,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(lrnBackward, accumulate, pixels, channels, size, alpha, beta, bias, x, y, dy, dx);
  }
}
