package candela.tensor;

import java.util.Locale;

/**
 * How the elements of a tensor lie in memory. Sixteen bits are read as float32, computed with as
 * float32, and rounded to nearest, ties to even, when they are written: by at most 2⁻⁹ (bf16) or
 * 2⁻¹² (fp16) of the value.
 */
public enum Storage {
  FLOAT32(4, 1),

  /** Eight significant bits at the range of float32. */
  BF16(2, 1),

  /**
   * Eleven significant bits between 2⁻¹⁴ and 65504: below, down to 2⁻²⁴, bits are lost one by one;
   * beyond is infinity. Gradients lie low there, so they are held {@link #gradientScale} times as
   * large.
   */
  FP16(2, 1024);

  private final int bytes;
  private final float gradientScale;

  Storage(int bytes, float gradientScale) {
    this.bytes = bytes;
    this.gradientScale = gradientScale;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  public long bytes(long elements) {
    return bytes * elements;
  }

  /** The constant of native/candela.h. */
  public int code() {
    return ordinal();
  }

  /**
   * What a gradient is multiplied by while it is held so: a power of two, so that nothing is
   * rounded by it. Gradients between 6e-8 and 64 keep all their bits in FP16, smaller ones lose
   * some below and are 0 from 3e-11 on.
   */
  public float gradientScale() {
    return gradientScale;
  }

  /** The value of 16 bits. */
  public float decode(short bits) {
    return switch (this) {
      case FP16 -> Float.float16ToFloat(bits);
      case BF16 -> Float.intBitsToFloat(bits << 16);
      case FLOAT32 -> throw new IllegalStateException("float32 has 32 bits");
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
