package candela.device;

import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.util.Locale;

/**
 * How a card multiplies in convolutions and matrix products, and holds what lies between them; sums
 * are float32 in all of them.
 */
public enum Precision {
  /** Factors as they are. The only one of the CPU. */
  FLOAT32,
  /** Factors rounded to 10 bits behind the point, on tensor cores: the default on a card. */
  TF32,
  /**
   * What lies between convolutions is held in bfloat16, forward and back, and so are their weights
   * and biases: 7 bits behind the point, at half the memory. Factors of other matrix products are
   * rounded to that on their way, of other convolutions as in {@link #TF32}; scores, what is read
   * by name, and everything under other rules than the gradient stays float32.
   *
   * <p>Scores differ from those in float32 by about 1 %. A gradient differs by more, since a unit
   * within rounding of zero lets it through on one side alone: on photos by 20 to 30 % (L2) for
   * SqueezeNet 1.1, 40 to 55 % for MobileNetV2; a mean over 16 noisy ones by 10 to 30 %.
   */
  BF16,
  /**
   * The same in IEEE half precision: 10 bits behind the point, scores to about 0.1 %, gradients to
   * 4 to 20 %, means over 16 to 3 to 10 %; for networks whose activations stay below 65504, beyond
   * which they become infinite, and gradients below 64. Other products as in {@link #TF32}, which
   * rounds as far and has no such limits.
   */
  FP16;

  /** "float32", "tf32", "bf16", "fp16". */
  public static Precision of(String name) {
    for (Precision p : values()) {
      if (p.toString().equals(name)) {
        return p;
      }
    }
    throw CandelaException.of(
        "precision: '%s' is not known; it takes float32, tf32, bf16, fp16", name);
  }

  /** How a session holds what lies between convolutions. */
  public Storage storage() {
    return switch (this) {
      case FLOAT32, TF32 -> Storage.FLOAT32;
      case BF16 -> Storage.BF16;
      case FP16 -> Storage.FP16;
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
