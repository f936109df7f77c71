package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * The steps between the products of a relevance rule. The entries of kernels/relevance.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Relevance {
  private final Kernels kernels;
  private final Entry quotient;
  private final Entry product;

  Relevance(Kernels kernels) {
    this.kernels = kernels;
    quotient = kernels.entry("cd_quotient", POINTER, LONG, FLOAT, FLOAT, POINTER, POINTER, POINTER);
    product = kernels.entry("cd_product", POINTER, INT, LONG, FLOAT, POINTER, POINTER, POINTER);
  }

  /**
   * q[n] = scale * r[n] / (z[n] + epsilon * sign z[n]), sign 0 being 1; 0 where the divisor is 0. q
   * may alias r or z.
   */
  public void quotient(
      long n, float scale, float epsilon, MemorySegment r, MemorySegment z, MemorySegment q) {
    kernels.run(quotient, n, scale, epsilon, r, z, q);
  }

  /** y[n] (+)= scale * a[n] * b[n], b NULL for 1. y may alias a or b. */
  public void product(
      boolean accumulate, long n, float scale, MemorySegment a, MemorySegment b, MemorySegment y) {
    kernels.run(product, accumulate, n, scale, a, b, y);
  }
}
