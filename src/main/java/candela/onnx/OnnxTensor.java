package candela.onnx;

import candela.onnx.proto.TensorProto;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A constant: dense, row-major, little-endian; float32 for floating types, int64 for integers and
 * booleans.
 *
 * <p>Immutable and thread-safe. Data that the file already holds as float32 or int64 is a view, at
 * any alignment: of the file's bytes on the Java heap, or of a mapped external data file, which
 * must not be changed in place while something refers to it.
 *
 * @param type what the file holds; not necessarily what data holds
 */
public record OnnxTensor(String name, ElementType type, Shape shape, MemorySegment data) {
  /** Values that are looked at in one go. */
  private static final int PIECE = 4096;

  public OnnxTensor {
    long bytes = (long) shape.count() * (type.isFloating() ? Float.BYTES : Long.BYTES);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "tensor " + shape + " needs " + bytes + " bytes, not " + data.byteSize());
    }
    data = data.asReadOnly();
  }

  /** A float32 constant; the values are copied. */
  public static OnnxTensor of(String name, Shape shape, float... values) {
    ByteBuffer bytes = bytes((long) values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    return new OnnxTensor(name, ElementType.FLOAT, shape, MemorySegment.ofBuffer(bytes));
  }

  /** A float32 constant of one value everywhere. */
  public static OnnxTensor filled(String name, Shape shape, float value) {
    ByteBuffer bytes = bytes((long) shape.count() * Float.BYTES);
    for (int i = 0; value != 0 && i < bytes.capacity(); i += Float.BYTES) {
      bytes.putFloat(i, value);
    }
    return new OnnxTensor(name, ElementType.FLOAT, shape, MemorySegment.ofBuffer(bytes));
  }

  /** An int64 constant; the values are copied. */
  public static OnnxTensor of(String name, Shape shape, long... values) {
    ByteBuffer bytes = bytes((long) values.length * Long.BYTES);
    bytes.asLongBuffer().put(values);
    return new OnnxTensor(name, ElementType.INT64, shape, MemorySegment.ofBuffer(bytes));
  }

  /**
   * Reads a file that holds one TensorProto.
   *
   * @throws candela.tensor.CandelaException when it does not, or when the tensor cannot be read
   */
  public static OnnxTensor read(Path file) {
    var source = new OnnxFile(file);
    TensorProto tensor =
        source.parse(TensorProto.getDescriptor(), TensorProto::parseFrom, "tensor");
    return new TensorReader(source.name(), new ExternalData(source.name(), file)).read(tensor);
  }

  /** Whether data is int64; else it is float32. */
  public boolean isInteger() {
    return !type.isFloating();
  }

  /** A copy of the elements; integers are rounded to float32. */
  public float[] floats() {
    float[] values = new float[shape.count()];
    ByteBuffer bytes = data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    if (isInteger()) {
      for (int i = 0; i < values.length; i++) {
        values[i] = bytes.getLong(i * Long.BYTES);
      }
    } else {
      bytes.asFloatBuffer().get(values);
    }
    return values;
  }

  /** A copy of the elements of an integer or boolean tensor. */
  public long[] longs() {
    if (!isInteger()) {
      throw new IllegalStateException("tensor '" + name + "' holds float32");
    }
    long[] values = new long[shape.count()];
    data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
    return values;
  }

  /**
   * As one of another type: integers and booleans as {@link ElementType#wrap} says, floats as they
   * are.
   */
  public OnnxTensor as(ElementType other) {
    if (!isInteger() && other.isFloating()) {
      return new OnnxTensor(name, other, shape, data);
    }
    OnnxTensor t = of(name, shape, Arrays.stream(longs()).map(other::wrap).toArray());
    return new OnnxTensor(name, other, shape, t.data);
  }

  /** Where the first value lies that is not a number; -1 where all are. */
  int firstNaN() {
    if (isInteger()) {
      return -1;
    }
    FloatBuffer values = data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] some = new float[Math.min(PIECE, values.capacity())];
    for (int from = 0; from < values.capacity(); from += some.length) {
      int n = Math.min(some.length, values.capacity() - from);
      values.get(from, some, 0, n);
      for (int i = 0; i < n; i++) {
        if (Float.isNaN(some[i])) {
          return from + i;
        }
      }
    }
    return -1;
  }

  static ByteBuffer bytes(long count) {
    return ByteBuffer.allocate(Math.toIntExact(count)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
