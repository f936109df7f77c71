package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Activations behind a convolution or product, and the bits by which their gradients pass. The
 * entries of kernels/gate.cu.
 *
 * <p>Rows are pixels of {@code channels} elements, n in all, that begin {@code wide} elements
 * apart. For the thread that uses the device.
 */
public final class Gate {
  private final Kernels kernels;
  private final Entry forward;
  private final Entry backward;
  private final Entry sift;

  Gate(Kernels kernels) {
    this.kernels = kernels;
    forward =
        kernels.entry(
            "cd_gate_forward",
            POINTER,
            INT,
            INT,
            FLOAT,
            FLOAT,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER);
    backward =
        kernels.entry(
            "cd_gate_backward",
            POINTER,
            INT,
            INT,
            FLOAT,
            FLOAT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER);
    sift = kernels.entry("cd_gate_sift", POINTER, INT, INT, FLOAT, FLOAT, LONG, POINTER, POINTER);
  }

  /**
   * y becomes its activation.
   *
   * @param apply false where y already is what the activation leaves, and only bits are wanted
   * @param bits [rows,ceil(n/8)] or NULL
   */
  public void gateForward(
      Storage type,
      Dense.Activation activation,
      boolean apply,
      long rows,
      long n,
      long channels,
      long wide,
      MemorySegment y,
      MemorySegment bits) {
    kernels.run(
        forward,
        type.code(),
        activation.kind(),
        activation.alpha(),
        activation.beta(),
        apply,
        rows,
        n,
        channels,
        wide,
        y,
        bits);
  }

  /**
   * g[rows,n] = dy, seen as y above, where the bit is set, slope times dy elsewhere. g may be dy
   * where wide is channels.
   */
  public void gateBackward(
      Storage type,
      Dense.Activation activation,
      long rows,
      long n,
      long channels,
      long wide,
      MemorySegment dy,
      MemorySegment bits,
      MemorySegment g) {
    kernels.run(
        backward,
        type.code(),
        activation.kind(),
        activation.alpha(),
        activation.beta(),
        rows,
        n,
        channels,
        wide,
        dy,
        bits,
        g);
  }

  /**
   * g[n] = g where what the gating's activation left has the bit set, slope times g elsewhere; as
   * it is where there is no gating. No overlap.
   */
  public void gateSift(Storage type, Dense.Gating gating, long n, MemorySegment g) {
    if (gating.isNone()) {
      return;
    }
    Dense.Activation by = gating.activation();
    kernels.run(sift, type.code(), by.kind(), by.alpha(), by.beta(), n, gating.values(), g);
  }
}
