package candela.onnx;

import java.util.Locale;
import java.util.Optional;

/** Element types of ONNX tensors that can be read; everything else is refused where it comes in. */
public enum ElementType {
  /** A graph output whose type the file does not tell. */
  UNDEFINED(0, 0, false),
  FLOAT(1, 32, true),
  UINT8(2, 8, false),
  INT8(3, 8, false),
  UINT16(4, 16, false),
  INT16(5, 16, false),
  INT32(6, 32, false),
  INT64(7, 64, false),
  BOOL(9, 8, false),
  FLOAT16(10, 16, true),
  DOUBLE(11, 64, true),
  UINT32(12, 32, false),
  UINT64(13, 64, false),
  BFLOAT16(16, 16, true),
  FLOAT8E4M3FN(17, 8, true),
  FLOAT8E4M3FNUZ(18, 8, true),
  FLOAT8E5M2(19, 8, true),
  FLOAT8E5M2FNUZ(20, 8, true),
  UINT4(21, 4, false),
  INT4(22, 4, false),
  FLOAT4E2M1(23, 4, true),
  FLOAT8E8M0(24, 8, true),
  UINT2(25, 2, false),
  INT2(26, 2, false);

  private static final ElementType[] BY_CODE = new ElementType[27];

  static {
    for (ElementType type : values()) {
      BY_CODE[type.code] = type;
    }
  }

  private final int code;
  private final int bits;
  private final boolean floating;

  ElementType(int code, int bits, boolean floating) {
    this.code = code;
    this.bits = bits;
    this.floating = floating;
  }

  /** The readable type with ONNX's number code, if there is one. */
  public static Optional<ElementType> of(int code) {
    return code <= 0 || code >= BY_CODE.length
        ? Optional.empty()
        : Optional.ofNullable(BY_CODE[code]);
  }

  /** ONNX's number. */
  public int code() {
    return code;
  }

  /**
   * Bits of one element in the file: of fewer than 8, several share a byte, the first in its low
   * bits.
   */
  public int bits() {
    return bits;
  }

  /** Bytes of so many elements in the file. */
  long bytes(long count) {
    return (count * bits + Byte.SIZE - 1) / Byte.SIZE;
  }

  /** What a value of this type holds of an integer: its last bits. */
  public long wrap(long v) {
    int unused = Long.SIZE - bits;
    return switch (this) {
      case INT2, INT4, INT8, INT16, INT32 -> v << unused >> unused;
      case UINT2, UINT4, UINT8, UINT16, UINT32 -> v << unused >>> unused;
      default -> v;
    };
  }

  /** How a floating type of at most 8 bits stores numbers, if it is one. */
  public Optional<Minifloat> minifloat() {
    return Minifloat.of(this);
  }

  /** Read as float32; all others are read as int64. */
  public boolean isFloating() {
    return floating;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
