package candela.onnx;

import java.util.Locale;
import java.util.Optional;

/** Element types of ONNX tensors that can be read; everything else is refused where it comes in. */
public enum ElementType {
  /** A graph output whose type the file does not tell. */
  UNDEFINED(0, 0, false),
  FLOAT(1, 4, true),
  UINT8(2, 1, false),
  INT8(3, 1, false),
  UINT16(4, 2, false),
  INT16(5, 2, false),
  INT32(6, 4, false),
  INT64(7, 8, false),
  BOOL(9, 1, false),
  FLOAT16(10, 2, true),
  DOUBLE(11, 8, true),
  UINT32(12, 4, false),
  UINT64(13, 8, false),
  BFLOAT16(16, 2, true);

  private static final ElementType[] BY_CODE = new ElementType[17];

  static {
    for (ElementType type : values()) {
      BY_CODE[type.code] = type;
    }
  }

  private final int code;
  private final int bytes;
  private final boolean floating;

  ElementType(int code, int bytes, boolean floating) {
    this.code = code;
    this.bytes = bytes;
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

  /** Bytes of one element in the file. */
  public int bytes() {
    return bytes;
  }

  /** What a value of this type holds of an integer: its last bits. */
  public long wrap(long v) {
    return switch (this) {
      case INT8 -> (byte) v;
      case UINT8 -> v & 0xff;
      case INT16 -> (short) v;
      case UINT16 -> v & 0xffff;
      case INT32 -> (int) v;
      case UINT32 -> v & 0xffffffffL;
      default -> v;
    };
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
