package candela.graph;

import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * An edge of the graph: what one node computes, an input, or a constant. Equal only to itself.
 *
 * <p>At run time every value is float32, or held in 16 bits where {@link Narrow} says so; integers
 * and booleans (0 and 1) are kept exactly in constants only, as int64.
 */
public final class Value {
  private final String name;
  private final Shape shape;
  private final boolean integer;
  private final OnnxTensor constant;
  private final Storage storage;

  private Value(String name, Shape shape, boolean integer, OnnxTensor constant, Storage storage) {
    this.name = name;
    this.shape = shape;
    this.integer = integer;
    this.constant = constant;
    this.storage = storage;
  }

  /** A value known only at run time; integer says that it holds integers or booleans. */
  public static Value of(String name, Shape shape, boolean integer) {
    return new Value(name, shape, integer, null, Storage.FLOAT32);
  }

  public static Value constant(String name, OnnxTensor constant) {
    return new Value(name, constant.shape(), constant.isInteger(), constant, Storage.FLOAT32);
  }

  /** Another value of the same name and shape, held so. */
  Value in(Storage other) {
    return new Value(name, shape, integer, null, other);
  }

  public String name() {
    return name;
  }

  public Shape shape() {
    return shape;
  }

  /** How the device holds it. */
  public Storage storage() {
    return storage;
  }

  public boolean integer() {
    return integer;
  }

  public boolean isConstant() {
    return constant != null;
  }

  /** Whether it is a constant of one element. */
  boolean isNumber() {
    return constant != null && shape.count() == 1;
  }

  /** Whether it is a constant of zeros. */
  boolean isZero() {
    if (constant == null) {
      return false;
    }
    for (float f : constant.floats()) {
      if (f != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether it is a constant that is the same for every index of its first axis. */
  public boolean isRepeated() {
    if (constant == null || shape.rank() == 0 || shape.count() == 0) {
      return false;
    }
    MemorySegment data = constant.data();
    long row = data.byteSize() / shape.dim(0);
    return data.asSlice(row).mismatch(data.asSlice(0, data.byteSize() - row)) < 0;
  }

  /** The value, or null when it is known only at run time. */
  public OnnxTensor constant() {
    return constant;
  }

  @Override
  public String toString() {
    return name + shape;
  }
}
