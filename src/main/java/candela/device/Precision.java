package candela.device;

import candela.tensor.CandelaException;
import java.util.Locale;

/** How a card multiplies in convolutions and matrix products; sums are float32 in all of them. */
public enum Precision {
  /** Factors as they are. The only one of the CPU. */
  FLOAT32,
  /** Factors rounded to 10 bits behind the point, on tensor cores: the default on a card. */
  TF32,
  /**
   * Factors of matrix products and of 1×1 convolutions rounded to 7 bits behind the point
   * (bfloat16), those of other convolutions as in {@link #TF32}. What is in memory stays float32.
   */
  BF16;

  /** "float32", "tf32", "bf16". */
  public static Precision of(String name) {
    for (Precision p : values()) {
      if (p.toString().equals(name)) {
        return p;
      }
    }
    throw CandelaException.of("precision: '%s' is not known; it takes float32, tf32, bf16", name);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
