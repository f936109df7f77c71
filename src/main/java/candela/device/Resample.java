package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Sparse weighted sums along one axis: resizing, padding, and their transposes. The entries of
 * kernels/resample.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Resample {
  private final Kernels kernels;
  private final Entry resample;

  Resample(Kernels kernels) {
    this.kernels = kernels;
    resample =
        kernels.entry(
            "cd_resample",
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
  }

  /**
   * y[outer,nOut,inner] (+)= sum over first[j] &lt;= t &lt; first[j+1] of weight[t] *
   * x[outer,nIn,inner] at index[t], in order of t; first[nOut+1], index[taps], weight[taps], each
   * index in 0..nIn-1. No overlap.
   */
  public void resample(
      boolean accumulate,
      long outer,
      long nIn,
      long nOut,
      long inner,
      MemorySegment first,
      MemorySegment index,
      MemorySegment weight,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(resample, accumulate, outer, nIn, nOut, inner, first, index, weight, x, y);
  }
}
