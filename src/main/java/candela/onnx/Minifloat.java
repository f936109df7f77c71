package candela.onnx;

import candela.tensor.CandelaException;
import java.util.Optional;

/**
 * A float of at most 8 bits: sign, exponent and mantissa, as ONNX's pages on floats of 8 and 4 bits
 * have them after Micikevicius and others (2022), Noune and others (2022) and the Open Compute
 * Project's MX formats (2023).
 *
 * @param bits all of them
 * @param mantissa bits behind the leading one
 * @param bias exponent's code of the numbers from 1 to 2
 * @param most largest number; codes beyond it stand for none
 * @param infinite whether the first code beyond the largest number is infinity
 * @param unsignedZero whether the code of -0 stands for NaN
 */
public record Minifloat(
    int bits, int mantissa, int bias, float most, boolean infinite, boolean unsignedZero) {
  static Optional<Minifloat> of(ElementType type) {
    return Optional.ofNullable(
        switch (type) {
          case FLOAT8E4M3FN -> new Minifloat(8, 3, 7, 448, false, false);
          case FLOAT8E4M3FNUZ -> new Minifloat(8, 3, 8, 240, false, true);
          case FLOAT8E5M2 -> new Minifloat(8, 2, 15, 57_344, true, false);
          case FLOAT8E5M2FNUZ -> new Minifloat(8, 2, 16, 57_344, false, true);
          case FLOAT4E2M1 -> new Minifloat(4, 1, 1, 6, false, false);
          default -> null;
        });
  }

  /** Distance of the smallest numbers from each other. */
  public float step() {
    return Math.scalb(1f, 1 - bias - mantissa);
  }

  /** Distance of neighbours over the power of two below them, where that is more than a step. */
  public float relativeStep() {
    return Math.scalb(1f, -mantissa);
  }

  /** Distance of the largest number from the one below it. */
  public float lastStep() {
    return Math.scalb(1f, Math.getExponent(most) - mantissa);
  }

  /** The number of a code, whose bits are the last ones. */
  public float number(long code) {
    int sign = 1 << bits - 1;
    int magnitude = (int) code & sign - 1;
    boolean negative = (code & sign) != 0;
    if (unsignedZero && negative && magnitude == 0) {
      return Float.NaN;
    }
    int digits = magnitude & (1 << mantissa) - 1;
    int exponent = magnitude >> mantissa;
    int leading = exponent == 0 ? 0 : 1 << mantissa;
    float v = Math.scalb((float) (leading + digits), Math.max(exponent, 1) - bias - mantissa);
    if (v > most) {
      v = infinite && digits == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
    }
    return negative ? -v : v;
  }

  /**
   * The code of a number that has one.
   *
   * @throws CandelaException when it has none
   */
  int code(float number) {
    for (int code = 0; code < 1 << bits; code++) {
      if (Float.compare(number(code), number) == 0) {
        return code;
      }
    }
    throw CandelaException.of(
        "%s is none of the numbers of a float of %d bits; keep it as float", number, bits);
  }
}
