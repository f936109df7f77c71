package candela.tensor;

import java.lang.foreign.MemorySegment;

/**
 * An array with a shape, somewhere in a device's memory, row-major and dense; float32 but where a
 * session holds activations in 16 bits.
 *
 * <p>A view: it never owns its memory and is valid as long as the memory it points into.
 *
 * @param data address on the device; only a CPU tensor's may be read by Java. NULL where only the
 *     shape is known
 */
public record Tensor(Shape shape, MemorySegment data, Storage storage) {
  /** Bytes of one float32 element. */
  public static final int BYTES = Float.BYTES;

  public Tensor {
    if (data.address() != 0 && data.byteSize() < storage.bytes(shape.count())) {
      throw new IllegalArgumentException(
          "tensor " + shape + " needs more than " + data.byteSize() + " bytes");
    }
  }

  /** In float32. */
  public Tensor(Shape shape, MemorySegment data) {
    this(shape, data, Storage.FLOAT32);
  }

  public int count() {
    return shape.count();
  }

  /** The same elements under another shape of equal count. */
  public Tensor as(Shape other) {
    if (other.count() != shape.count()) {
      throw new IllegalArgumentException(shape + " cannot be seen as " + other);
    }
    return new Tensor(other, data, storage);
  }

  /** Rows from (inclusive) to to (exclusive) of the leading dimension. */
  public Tensor rows(int from, int to) {
    long row = storage.bytes(shape.count(1, shape.rank()));
    return new Tensor(
        shape.with(0, to - from), data.asSlice(from * row, (to - from) * row), storage);
  }
}
