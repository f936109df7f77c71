package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Functions of one element. The entries of kernels/elementwise.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Elementwise {
  private final Kernels kernels;
  private final Entry unaryForward;
  private final Entry unaryBackward;
  private final Entry rectifyForward;
  private final Entry rectifyBackward;
  private final Entry add;
  private final Entry fill;

  Elementwise(Kernels kernels) {
    this.kernels = kernels;
    unaryForward =
        kernels.entry("cd_unary_forward", POINTER, INT, FLOAT, FLOAT, LONG, POINTER, POINTER);
    unaryBackward =
        kernels.entry(
            "cd_unary_backward",
            POINTER,
            INT,
            FLOAT,
            FLOAT,
            INT,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    rectifyForward =
        kernels.entry(
            "cd_rectify_forward",
            POINTER,
            INT,
            LONG,
            LONG,
            FLOAT,
            FLOAT,
            POINTER,
            POINTER,
            POINTER);
    rectifyBackward =
        kernels.entry(
            "cd_rectify_backward", POINTER, INT, LONG, LONG, INT, POINTER, POINTER, POINTER);
    add = kernels.entry("cd_add", POINTER, INT, LONG, POINTER, POINTER, POINTER);
    fill = kernels.entry("cd_fill", POINTER, INT, LONG, FLOAT, POINTER);
  }

  /** y[n] = kind(x[n]) with parameters alpha and beta. y may alias x. */
  public void unaryForward(
      Unary kind, float alpha, float beta, long n, MemorySegment x, MemorySegment y) {
    kernels.run(unaryForward, kind.code(), alpha, beta, n, x, y);
  }

  /**
   * dx[n] (+)= dy[n] * kind'(x[n]). x or y may be NULL where the kind does not read it; dx may
   * alias dy.
   */
  public void unaryBackward(
      Unary kind,
      float alpha,
      float beta,
      boolean accumulate,
      long n,
      MemorySegment x,
      MemorySegment y,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(unaryBackward, kind.code(), alpha, beta, accumulate, n, x, y, dy, dx);
  }

  /**
   * y[rows,n] = x clamped to lo..hi, NaN kept; bits[rows,ceil(n/8)] (or NULL): lo &lt; x &lt; hi,
   * lowest bit first. y may alias x.
   */
  public void rectifyForward(
      Storage type,
      long rows,
      long n,
      float lo,
      float hi,
      MemorySegment x,
      MemorySegment y,
      MemorySegment bits) {
    kernels.run(rectifyForward, type.code(), rows, n, lo, hi, x, y, bits);
  }

  /**
   * dx[rows,n] (+)= dy[rows,n] where the bit of bits[rows,ceil(n/8)] is set, else 0. dx may alias
   * dy.
   */
  public void rectifyBackward(
      Storage type,
      long rows,
      long n,
      boolean accumulate,
      MemorySegment bits,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(rectifyBackward, type.code(), rows, n, accumulate, bits, dy, dx);
  }

  /** y[n] = a[n] + b[n]. y may alias a or b. */
  public void add(Storage type, long n, MemorySegment a, MemorySegment b, MemorySegment y) {
    kernels.run(add, type.code(), n, a, b, y);
  }

  /** In float32. */
  public void add(long n, MemorySegment a, MemorySegment b, MemorySegment y) {
    add(Storage.FLOAT32, n, a, b, y);
  }

  /** y[n] = value. */
  public void fill(Storage type, long n, float value, MemorySegment y) {
    kernels.run(fill, type.code(), n, value, y);
  }

  /** In float32. */
  public void fill(long n, float value, MemorySegment y) {
    fill(Storage.FLOAT32, n, value, y);
  }
}
