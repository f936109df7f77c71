package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Steps of adversarial attacks. The entries of kernels/attack.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Attack {
  /** Which way a step goes; codes as in native/candela.h. */
  public enum Kind {
    SIGN,
    UNIT,
    PLAIN
  }

  /** The ball that it stays in; codes as in native/candela.h. */
  public enum Ball {
    LINF,
    L2
  }

  private final Kernels kernels;
  private final Entry attackStep;

  Attack(Kernels kernels) {
    this.kernels = kernels;
    attackStep =
        kernels.entry(
            "cd_attack_step",
            POINTER,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            FLOAT,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /**
   * y[rows,channels,pixels] += step * direction by kind, then projected into the ball of radius
   * epsilon around x and into lo..hi. All lengths are of pixel values: a value of channel c is
   * deviation[c] times as long; lo, hi, deviation[channels]. No overlap.
   */
  @SuppressWarnings("EnumOrdinal")
  public void attackStep(
      Kind kind,
      Ball ball,
      long rows,
      long channels,
      long pixels,
      float step,
      float epsilon,
      MemorySegment deviation,
      MemorySegment lo,
      MemorySegment hi,
      MemorySegment x,
      MemorySegment direction,
      MemorySegment y) {
    kernels.run(
        attackStep,
        kind.ordinal(),
        ball.ordinal(),
        rows,
        channels,
        pixels,
        step,
        epsilon,
        deviation,
        lo,
        hi,
        x,
        direction,
        y);
  }
}
