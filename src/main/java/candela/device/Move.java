package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Elements moved as they are. The entries of kernels/move.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Move {
  private final Kernels kernels;
  private final Entry copyStrided;
  private final Entry pickForward;
  private final Entry pickBackward;

  Move(Kernels kernels) {
    this.kernels = kernels;
    copyStrided =
        kernels.entry(
            "cd_copy_strided", POINTER, INT, INT, INT, POINTER, POINTER, POINTER, POINTER, POINTER);
    pickForward =
        kernels.entry(
            "cd_pick_forward", POINTER, LONG, LONG, LONG, LONG, POINTER, POINTER, POINTER);
    pickBackward =
        kernels.entry(
            "cd_pick_backward", POINTER, INT, LONG, LONG, LONG, LONG, POINTER, POINTER, POINTER);
  }

  /**
   * y[i * yStrides] (+)= x[i * xStrides] for all i below dims[rank &lt;= 8]; x strides may be 0 or
   * negative, pointers are at i = 0. Strides are in elements and read before the call returns. No
   * overlap.
   */
  public void copyStrided(
      Storage type,
      boolean accumulate,
      int rank,
      int[] dims,
      int[] xStrides,
      int[] yStrides,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(
        copyStrided,
        type.code(),
        accumulate,
        rank,
        Kernels.host("copy_strided", "dims", dims, rank),
        Kernels.host("copy_strided", "xStrides", xStrides, rank),
        Kernels.host("copy_strided", "yStrides", yStrides, rank),
        x,
        y);
  }

  /** y[rows,n] (+)= x[rows,n], whose rows begin so many elements apart. */
  public void copyStrided(
      Storage type,
      boolean accumulate,
      long rows,
      int n,
      long xWide,
      long yWide,
      MemorySegment x,
      MemorySegment y) {
    int[] dims = {Math.toIntExact(rows), n};
    int[] from = {Math.toIntExact(xWide), 1};
    int[] to = {Math.toIntExact(yWide), 1};
    copyStrided(type, accumulate, 2, dims, from, to, x, y);
  }

  /** In float32. */
  public void copyStrided(
      boolean accumulate,
      int rank,
      int[] dims,
      int[] xStrides,
      int[] yStrides,
      MemorySegment x,
      MemorySegment y) {
    copyStrided(Storage.FLOAT32, accumulate, rank, dims, xStrides, yStrides, x, y);
  }

  /**
   * y[outer,k,inner] = x[outer,n,inner] at index[outer,k,inner] over n, a whole number as float;
   * negative counts from the end, outside gives NaN. No overlap.
   */
  public void pickForward(
      long outer,
      long n,
      long inner,
      long k,
      MemorySegment index,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(pickForward, outer, n, inner, k, index, x, y);
  }

  /**
   * dx[outer,n,inner] (+)= sum of the dy[outer,k,inner] that took the element, in order of k. No
   * overlap.
   */
  public void pickBackward(
      boolean accumulate,
      long outer,
      long n,
      long inner,
      long k,
      MemorySegment index,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(pickBackward, accumulate, outer, n, inner, k, index, dy, dx);
  }
}
