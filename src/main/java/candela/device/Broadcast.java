package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Two operands that broadcast. rank &lt;= 8; dims[rank] and strides[rank] (in elements, 0 where an
 * operand is repeated) are read before the call returns. The entries of kernels/broadcast.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Broadcast {
  private final Kernels kernels;
  private final Entry binaryForward;
  private final Entry binaryBackward;
  private final Entry whereForward;
  private final Entry whereBackward;
  private final Entry affineForward;
  private final Entry affineBackward;

  Broadcast(Kernels kernels) {
    this.kernels = kernels;
    binaryForward =
        kernels.entry(
            "cd_binary_forward",
            POINTER,
            INT,
            INT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    binaryBackward =
        kernels.entry(
            "cd_binary_backward",
            POINTER,
            INT,
            INT,
            INT,
            INT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    whereForward =
        kernels.entry(
            "cd_where_forward",
            POINTER,
            INT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    whereBackward =
        kernels.entry(
            "cd_where_backward",
            POINTER,
            INT,
            INT,
            INT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    affineForward =
        kernels.entry(
            "cd_affine_forward", POINTER, INT, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
    affineBackward =
        kernels.entry(
            "cd_affine_backward", POINTER, INT, LONG, LONG, INT, POINTER, POINTER, POINTER);
  }

  /**
   * y[dims] = kind(a, b), each seen through its strides. y may alias an operand that is not
   * repeated.
   */
  public void binaryForward(
      Binary kind,
      int rank,
      int[] dims,
      int[] aStrides,
      int[] bStrides,
      MemorySegment a,
      MemorySegment b,
      MemorySegment y) {
    kernels.run(
        binaryForward,
        kind.code(),
        rank,
        Kernels.host("binary_forward", "dims", dims, rank),
        Kernels.host("binary_forward", "aStrides", aStrides, rank),
        Kernels.host("binary_forward", "bStrides", bStrides, rank),
        a,
        b,
        y);
  }

  /**
   * dx (+)= gradient of operand which (0 a, 1 b), summed over the positions that repeat it;
   * dy[dims]; dx is dense in that operand's own shape. a, b may be NULL where the kind does not
   * read them; dx may alias dy when no operand is repeated.
   */
  public void binaryBackward(
      Binary kind,
      int which,
      boolean accumulate,
      int rank,
      int[] dims,
      int[] aStrides,
      int[] bStrides,
      MemorySegment a,
      MemorySegment b,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        binaryBackward,
        kind.code(),
        which,
        accumulate,
        rank,
        Kernels.host("binary_backward", "dims", dims, rank),
        Kernels.host("binary_backward", "aStrides", aStrides, rank),
        Kernels.host("binary_backward", "bStrides", bStrides, rank),
        a,
        b,
        dy,
        dx);
  }

  /**
   * y[dims] = c != 0 ? a : b, each seen through its strides. y may alias an operand that is not
   * repeated.
   */
  public void whereForward(
      int rank,
      int[] dims,
      int[] cStrides,
      int[] aStrides,
      int[] bStrides,
      MemorySegment c,
      MemorySegment a,
      MemorySegment b,
      MemorySegment y) {
    kernels.run(
        whereForward,
        rank,
        Kernels.host("where_forward", "dims", dims, rank),
        Kernels.host("where_forward", "cStrides", cStrides, rank),
        Kernels.host("where_forward", "aStrides", aStrides, rank),
        Kernels.host("where_forward", "bStrides", bStrides, rank),
        c,
        a,
        b,
        y);
  }

  /**
   * dx (+)= dy[dims] where c chose operand which (1 a, 2 b), summed over the positions that repeat
   * it; oStrides[rank] are that operand's.
   */
  public void whereBackward(
      int which,
      boolean accumulate,
      int rank,
      int[] dims,
      int[] cStrides,
      int[] oStrides,
      MemorySegment c,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        whereBackward,
        which,
        accumulate,
        rank,
        Kernels.host("where_backward", "dims", dims, rank),
        Kernels.host("where_backward", "cStrides", cStrides, rank),
        Kernels.host("where_backward", "oStrides", oStrides, rank),
        c,
        dy,
        dx);
  }

  /** y[rows,channels] = x * scale[channels] + shift[channels]. y may alias x. */
  public void affineForward(
      Storage type,
      long rows,
      long channels,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment shift,
      MemorySegment y) {
    kernels.run(affineForward, type.code(), rows, channels, x, scale, shift, y);
  }

  /** dx[rows,channels] (+)= dy * scale[channels]. dx may alias dy. */
  public void affineBackward(
      Storage type,
      long rows,
      long channels,
      boolean accumulate,
      MemorySegment scale,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(affineBackward, type.code(), rows, channels, accumulate, scale, dy, dx);
  }
}
