package candela.graph.op;

import candela.device.Dense;
import candela.graph.Step;
import java.lang.foreign.MemorySegment;

/**
 * What a convolution or matrix product applies to its sum.
 *
 * @param lo CLIP: lower end; LEAKY: slope below 0
 * @param hi CLIP: upper end
 */
public record Activation(Kind kind, float lo, float hi) {
  public static final Activation NONE = new Activation(Kind.NONE, 0, 0);

  /** Those whose gradient one bit of the output tells. */
  public enum Kind {
    NONE,
    RELU,
    CLIP,
    LEAKY
  }

  Dense.Activation dense() {
    return switch (kind) {
      case NONE -> Dense.Activation.NONE;
      case RELU -> Dense.Activation.RELU;
      case CLIP -> Dense.Activation.clip(lo, hi);
      case LEAKY -> Dense.Activation.leaky(lo);
    };
  }

  /** Bytes that forward keeps for backward. */
  long bytes(long rows, long n) {
    return kind == Kind.NONE ? 0 : Dense.Activation.bytes(rows, n);
  }

  /**
   * Where the bits of the step's images are, each of so many rows of n; NULL without an activation,
   * which has none.
   */
  MemorySegment bits(Step s, long rows, long n) {
    return kind == Kind.NONE ? MemorySegment.NULL : s.kept(bytes(rows, n));
  }
}
