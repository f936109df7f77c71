package candela.onnx;

import candela.onnx.proto.TensorProto;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/** Turns a TensorProto into float32 or int64, checking sizes before anything is allocated. */
final class TensorReader {
  /** As the kernels have it. */
  private static final int RANK = 8;

  /** Bits of element i in the file, extended to 64. */
  private interface Bits {
    long at(int i);
  }

  private final String where;
  private final ExternalData external;

  TensorReader(String where, ExternalData external) {
    this.where = where;
    this.external = external;
  }

  OnnxTensor read(TensorProto t) {
    String label = where + ": tensor " + Names.quote(t.getName());
    ElementType type = type(label, t.getDataType());
    Shape shape = shape(label, t);
    if (t.hasSegment()) {
      throw new CandelaException(
          label + ": is a segment of a tensor, which cannot be read; export it in one piece");
    }
    long width = type.isFloating() ? Float.BYTES : Long.BYTES;
    if (shape.count() * width > Integer.MAX_VALUE - 8) {
      throw CandelaException.of(
          "%s: shape %s needs %d bytes in memory, at most 2 GiB can be read; use a smaller model",
          label, shape, shape.count() * width);
    }
    return new OnnxTensor(t.getName(), type, shape, data(label, t, type, shape.count()));
  }

  static ElementType type(String label, int code) {
    return ElementType.of(code)
        .orElseThrow(
            () -> {
              TensorProto.DataType known = TensorProto.DataType.forNumber(code);
              return CandelaException.of(
                  "%s: element type %s is not supported; export it as a float of 4 to 64 bits, bool"
                      + " or an integer of 2 to 64 bits",
                  label, known == null ? code : known.name().toLowerCase(Locale.ROOT));
            });
  }

  private static Shape shape(String label, TensorProto t) {
    if (t.getDimsCount() > RANK) {
      throw CandelaException.of(
          "%s: has %d dimensions, at most %d can be read; reshape it",
          label, t.getDimsCount(), RANK);
    }
    int[] dims = new int[t.getDimsCount()];
    for (int i = 0; i < dims.length; i++) {
      long d = t.getDims(i);
      if (d < 0 || d > Integer.MAX_VALUE) {
        throw CandelaException.of(
            "%s: dimensions %s must lie from 0 to 2^31 - 1; export the model again",
            label, t.getDimsList());
      }
      dims[i] = (int) d;
    }
    return CandelaException.at(label, () -> Shape.of(dims));
  }

  private MemorySegment data(String label, TensorProto t, ElementType type, int count) {
    long expected = type.bytes(count);
    if (t.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
      return raw(label, type, count, external.read(t, expected));
    }
    boolean hasRaw = t.hasRawData() && (!t.getRawData().isEmpty() || typedCount(t, type) == 0);
    if (hasRaw) {
      if (t.getRawData().size() != expected) {
        throw CandelaException.of(
            "%s: %d elements of %s need %d bytes, the file has %d; export or copy it again",
            label, count, type, expected, t.getRawData().size());
      }
      return raw(label, type, count, t.getRawData().asReadOnlyByteBuffer());
    }
    long listed = type.bits() < Byte.SIZE ? expected : count;
    if (typedCount(t, type) != listed) {
      throw CandelaException.of(
          "%s: %d elements of %s were expected, the file has %d; export or copy it again",
          label, listed, type, typedCount(t, type));
    }
    Bits bits =
        switch (type) {
          case FLOAT -> i -> Float.floatToRawIntBits(t.getFloatData(i));
          case DOUBLE -> i -> Double.doubleToRawLongBits(t.getDoubleData(i));
          case INT64 -> t::getInt64Data;
          case UINT32, UINT64 -> t::getUint64Data;
          default -> t::getInt32Data;
        };
    return convert(label, type, count, type.bits() < Byte.SIZE ? packed(type, bits) : bits);
  }

  private static int typedCount(TensorProto t, ElementType type) {
    return switch (type) {
      case FLOAT -> t.getFloatDataCount();
      case DOUBLE -> t.getDoubleDataCount();
      case INT64 -> t.getInt64DataCount();
      case UINT32, UINT64 -> t.getUint64DataCount();
      default -> t.getInt32DataCount();
    };
  }

  private static MemorySegment raw(String label, ElementType type, int count, ByteBuffer bytes) {
    if (type == ElementType.FLOAT || type == ElementType.INT64) {
      return MemorySegment.ofBuffer(bytes);
    }
    ByteBuffer b = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    return switch (type.bits()) {
      case 2, 4 -> convert(label, type, count, packed(type, b::get));
      case 8 -> convert(label, type, count, b::get);
      case 16 -> convert(label, type, count, i -> b.getShort(2 * i));
      case 32 -> convert(label, type, count, i -> b.getInt(4 * i));
      default -> convert(label, type, count, i -> b.getLong(8 * i));
    };
  }

  /** Several elements in a byte: the last bits of what is given are the element's. */
  private static Bits packed(ElementType type, Bits bytes) {
    int each = Byte.SIZE / type.bits();
    return i -> bytes.at(i / each) >> i % each * type.bits();
  }

  private static MemorySegment convert(String label, ElementType type, int count, Bits bits) {
    ByteBuffer out = OnnxTensor.bytes((long) count * (type.isFloating() ? 4 : 8));
    if (type.isFloating()) {
      for (int i = 0; i < count; i++) {
        out.putFloat(4 * i, real(type, bits.at(i)));
      }
    } else {
      for (int i = 0; i < count; i++) {
        out.putLong(8 * i, integer(label, type, bits.at(i)));
      }
    }
    return MemorySegment.ofBuffer(out);
  }

  private static float real(ElementType type, long bits) {
    return switch (type) {
      case FLOAT16 -> Float.float16ToFloat((short) bits);
      case BFLOAT16 -> Float.intBitsToFloat((int) bits << 16);
      case DOUBLE -> (float) Double.longBitsToDouble(bits);
      case FLOAT -> Float.intBitsToFloat((int) bits);
      case FLOAT8E8M0 -> power((int) bits & 255);
      default -> type.minifloat().orElseThrow().number(bits);
    };
  }

  /** Of an exponent alone, as the scales of MX formats are stored. */
  private static float power(int code) {
    return code == 255 ? Float.NaN : Math.scalb(1f, code - 127);
  }

  private static long integer(String label, ElementType type, long bits) {
    if (type == ElementType.UINT64 && bits < 0) {
      throw CandelaException.of(
          "%s: holds %s, integers up to 2^63 - 1 can be read; use int64",
          label, Long.toUnsignedString(bits));
    }
    return type == ElementType.BOOL ? (bits == 0 ? 0 : 1) : type.wrap(bits);
  }
}
