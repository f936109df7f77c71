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
