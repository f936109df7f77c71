package candela.graph;

import candela.onnx.OnnxTensor;
import candela.tensor.Shape;

/**
 * An edge of the graph: what one node computes, an input, or a constant. Equal only to itself.
 *
 * <p>At run time every value is float32; integers and booleans (0 and 1) are kept exactly in
 * constants only, as int64.
 */
public final class Value {
  private final String name;
  private final Shape shape;
  private final boolean integer;
  private final OnnxTensor constant;

  private Value(String name, Shape shape, boolean integer, OnnxTensor constant) {
    this.name = name;
    this.shape = shape;
    this.integer = integer;
    this.constant = constant;
  }

  /** A value known only at run time; integer says that it holds integers or booleans. */
  public static Value of(String name, Shape shape, boolean integer) {
    return new Value(name, shape, integer, null);
  }

  public static Value constant(String name, OnnxTensor constant) {
    return new Value(name, constant.shape(), constant.isInteger(), constant);
  }

  public String name() {
    return name;
  }

  public Shape shape() {
    return shape;
  }

  public boolean integer() {
    return integer;
  }

  public boolean isConstant() {
    return constant != null;
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
