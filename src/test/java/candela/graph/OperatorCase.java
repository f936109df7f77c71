package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.reference.Nd;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/**
 * One ONNX node with its inputs, and what its first output is by plain Java in doubles.
 *
 * @param operands inputs at run time and constants, in order; null where one is left out
 * @param outputs how many the node has
 * @param passing what the gradient is that of; the reference, but for steps that a gradient passes
 */
record OperatorCase(
    String op,
    int opset,
    List<Operand> operands,
    List<Object> attributes,
    int outputs,
    Function<List<Nd>, Nd> reference,
    Function<List<Nd>, Nd> passing) {

  /** What an input of the node is. */
  enum Kind {
    /** Given at run time; the gradient at it is checked. */
    FLOATS,
    /** Integers or truth values, given at run time. */
    INTEGERS,
    CONSTANT,
    INTEGER_CONSTANT
  }

  record Operand(Kind kind, Nd value) {
    boolean isRunTime() {
      return kind == Kind.FLOATS || kind == Kind.INTEGERS;
    }

    Shape shape() {
      return Shape.of(value.dims());
    }

    float[] floats() {
      float[] f = new float[value.data().length];
      for (int i = 0; i < f.length; i++) {
        f[i] = (float) value.data()[i];
      }
      return f;
    }
  }

  static OperatorCase of(String op, int opset) {
    return new OperatorCase(op, opset, List.of(), List.of(), 1, null, null);
  }

  /** An input given at run time, drawn from -2 to 2. */
  OperatorCase x(int... dims) {
    return x(-2, 2, dims);
  }

  OperatorCase x(double lo, double hi, int... dims) {
    return with(new Operand(Kind.FLOATS, draw(lo, hi, dims)));
  }

  OperatorCase values(Nd value) {
    return with(new Operand(Kind.FLOATS, value));
  }

  /** Whole numbers at run time, but of type float. */
  OperatorCase whole(int lo, int hi, int... dims) {
    return values(draw(lo, hi, dims).map(Math::floor));
  }

  /** Truth values or small integers from lo (inclusive) to hi (exclusive). */
  OperatorCase integers(int lo, int hi, int... dims) {
    Nd v = draw(lo, hi, dims).map(Math::floor);
    return with(new Operand(Kind.INTEGERS, v));
  }

  /** Integers at run time. */
  OperatorCase places(Nd value) {
    return with(new Operand(Kind.INTEGERS, value));
  }

  OperatorCase constant(int... dims) {
    return with(new Operand(Kind.CONSTANT, draw(-2, 2, dims)));
  }

  OperatorCase constant(Nd value) {
    return with(new Operand(Kind.CONSTANT, value));
  }

  /** A constant list of integers. */
  OperatorCase list(long... values) {
    Nd v = Nd.of(new int[] {values.length}, i -> values[i[0]]);
    return with(new Operand(Kind.INTEGER_CONSTANT, v));
  }

  OperatorCase integer(Nd value) {
    return with(new Operand(Kind.INTEGER_CONSTANT, value));
  }

  /** An input that is left out. */
  OperatorCase none() {
    return with(null);
  }

  OperatorCase attributes(Object... namesAndValues) {
    return new OperatorCase(
        op, opset, operands, List.of(namesAndValues), outputs, reference, passing);
  }

  OperatorCase outputs(int n) {
    return new OperatorCase(op, opset, operands, attributes, n, reference, passing);
  }

  OperatorCase gives(Function<List<Nd>, Nd> f) {
    return new OperatorCase(op, opset, operands, attributes, outputs, f, f);
  }

  /** After {@link #gives}. */
  OperatorCase passes(Function<List<Nd>, Nd> f) {
    return new OperatorCase(op, opset, operands, attributes, outputs, reference, f);
  }

  private OperatorCase with(Operand o) {
    List<Operand> all = new ArrayList<>(operands);
    all.add(o);
    return new OperatorCase(op, opset, all, attributes, outputs, reference, passing);
  }

  /** Multiples of 1/1024 that are no multiples of 1/8: exact in float32, and off every kink. */
  private Nd draw(double lo, double hi, int... dims) {
    Random r = new Random(op.hashCode() + 31L * operands.size() + 7L * opset);
    return Nd.of(
        dims,
        i -> {
          double v = Math.floor((lo + (hi - lo) * r.nextDouble()) * 1024) / 1024;
          return v * 8 == Math.rint(v * 8) ? v + 1.0 / 1024 : v;
        });
  }

  Nd expected(List<Nd> inputs) {
    return reference.apply(inputs);
  }

  Nd slopeOf(List<Nd> inputs) {
    return passing.apply(inputs);
  }

  /** The values of all operands, null where one is left out. */
  List<Nd> inputs() {
    List<Nd> values = new ArrayList<>();
    operands.forEach(o -> values.add(o == null ? null : o.value()));
    return values;
  }

  static String given(int i) {
    return "x" + i;
  }

  static String inner(int i) {
    return "u" + i;
  }

  /** Operands with a gradient, by number. */
  List<Integer> floats() {
    List<Integer> list = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      if (operands.get(i) != null && operands.get(i).kind() == Kind.FLOATS) {
        list.add(i);
      }
    }
    return list;
  }

  /** Rows of the class scores: the leading axis of the first input. */
  int batch() {
    Nd first = operands.isEmpty() || floats().isEmpty() ? null : inputs().get(floats().get(0));
    return first == null || first.rank() == 0 ? 1 : first.dim(0);
  }

  Map<String, Shape> shapes() {
    Map<String, Shape> shapes = new HashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      if (operands.get(i) != null && operands.get(i).isRunTime()) {
        shapes.put(given(i), operands.get(i).shape());
      }
    }
    return shapes;
  }

  /** The node alone: x0, x1, … to y. */
  OnnxModel alone() {
    ModelBuilder m = builder();
    add(m, false);
    if (shapes().isEmpty()) {
      m.input("unread", 1, 1).node("Identity", "unread", "read").output("y", "read");
    } else {
      m.output("y");
    }
    return m.model();
  }

  /**
   * The node between u = 1 · x, for every float input, and rows of class scores: y in as many rows
   * as there are images, or in each of them.
   *
   * @param again whether u0 is a part of the rows as well, so that two nodes read it
   */
  OnnxModel scored(boolean again) {
    ModelBuilder m = builder();
    for (int i : floats()) {
      m.node("Mul", given(i) + ",one", inner(i));
    }
    m.constant("one", Shape.SCALAR, 1f);
    add(m, true);
    int n = expected(inputs()).data().length;
    boolean split = n % batch() == 0;
    m.constant("rows", Shape.of(2), split ? batch() : 1, -1);
    m.node("Reshape", "y,rows", "flat");
    m.node(
        "Concat",
        String.join(",", Collections.nCopies(split ? 1 : batch(), "flat")),
        "part",
        "axis",
        0);
    if (again) {
      m.constant("own", Shape.of(2), batch(), -1);
      m.node("Reshape", inner(floats().get(0)) + ",own", "other");
      m.node("Concat", "part,other", "scores", "axis", 1);
    }
    return m.output(again ? "scores" : "part").model();
  }

  private ModelBuilder builder() {
    ModelBuilder m = new ModelBuilder(opset);
    for (int i : floats()) {
      m.input(given(i), operands.get(i).value().dims());
    }
    for (int i = 0; i < operands.size(); i++) {
      Operand o = operands.get(i);
      if (o == null) {
        continue;
      }
      switch (o.kind()) {
        case FLOATS -> {}
        case INTEGERS -> m.input(given(i), ElementType.INT64, o.value().dims());
        case CONSTANT -> m.constant(given(i), o.shape(), o.floats());
        case INTEGER_CONSTANT -> {
          long[] longs = new long[o.value().data().length];
          for (int k = 0; k < longs.length; k++) {
            longs[k] = (long) o.value().data()[k];
          }
          m.constant(given(i), o.shape(), longs);
        }
      }
    }
    return m;
  }

  private void add(ModelBuilder m, boolean inner) {
    List<String> in = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      Operand o = operands.get(i);
      in.add(o == null ? "" : inner && o.kind() == Kind.FLOATS ? inner(i) : given(i));
    }
    StringBuilder out = new StringBuilder("y");
    for (int i = 1; i < outputs; i++) {
      out.append(",y").append(i);
    }
    m.node(op, String.join(",", in), out.toString(), attributes.toArray());
  }

  @Override
  public String toString() {
    List<String> in = new ArrayList<>();
    for (Operand o : operands) {
      in.add(o == null ? "-" : o.kind() + " " + o.shape());
    }
    List<String> values = new ArrayList<>();
    for (Object a : attributes) {
      values.add(
          switch (a) {
            case int[] v -> Arrays.toString(v);
            case float[] v -> Arrays.toString(v);
            default -> a.toString();
          });
    }
    return op + " " + opset + " " + in + " " + String.join(" ", values);
  }
}
