package candela.graph;

import candela.device.Binary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Expand;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Transpose;
import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** One ONNX node while its reader turns it into graph nodes. */
final class Call {
  private final Builder builder;
  private final OnnxNode node;
  private final int from;
  private final Set<String> asked = new HashSet<>();

  Call(Builder builder, OnnxNode node) {
    this.builder = builder;
    this.node = node;
    from = builder.size();
  }

  OnnxNode node() {
    return node;
  }

  Builder builder() {
    return builder;
  }

  int opset() {
    return builder.opset();
  }

  boolean has(int i) {
    return node.has(i);
  }

  int inputs() {
    return node.inputs().size();
  }

  Value x(int i) {
    if (!has(i)) {
      throw CandelaException.of("input %d is missing", i);
    }
    return builder.value("input", node.inputs().get(i));
  }

  /** Input i, a constant. */
  Value fixed(int i, String what) {
    Value v = builder.known(x(i));
    if (!v.isConstant()) {
      throw CandelaException.of(
          "the %s must be a constant, '%s' is computed at run time", what, v.name());
    }
    return v;
  }

  OnnxTensor constant(int i, String what) {
    return fixed(i, what).constant();
  }

  /** The axis of input i along which the images of another batch than the file's own lie, or -1. */
  int images(int i) {
    Batching batching = builder.batching();
    return batching == null ? -1 : batching.axis(node.inputs().get(i), x(i).shape());
  }

  /**
   * The first so many inputs. In a batch that the file was not made for, what is the same for all
   * images comes once for each where another input holds them one after the other.
   *
   * @param joined whether inputs are joined, and do not broadcast along axes of length 1
   */
  List<Value> together(int count, boolean joined) {
    List<Value> in = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      in.add(x(i));
    }
    for (int i = 0; i < in.size(); i++) {
      if (images(i) >= 0) {
        for (int k = 0; k < in.size(); k++) {
          in.set(k, images(k) < 0 ? repeated(i, in.get(k), joined) : in.get(k));
        }
        return in;
      }
    }
    return in;
  }

  /** v as often as there are images in input i, where it is as long as one of them there. */
  Value repeated(int i, Value v, boolean joined) {
    String name = node.inputs().get(i);
    Batching batching = builder.batching();
    Shape own = batching.own(name);
    int axis = images(i) - own.rank() + v.shape().rank();
    if (axis < 0
        || v.shape().dim(axis) != own.dim(images(i))
        || v.shape().dim(axis) == 1 && !joined) {
      return v;
    }
    return times(v, axis, batching.outer(name), x(i).shape().dim(images(i)));
  }

  /**
   * What v holds for the images of the file's own batch, for as many as there are.
   *
   * @param outer what its axis counts outside of the images
   * @param length that its axis shall have
   */
  Value times(Value v, int axis, int outer, int length) {
    Value some = builder.batching().made() > 1 ? single(v, axis, outer) : v;
    Shape one = some.shape();
    int times = length / one.dim(axis);
    if (times * one.dim(axis) != length) {
      throw CandelaException.of("'%s' cannot be cut for fewer images", v.name());
    }
    Shape block = one.with(axis, one.dim(axis) / outer);
    Value single = reshape(some, block.inserted(axis, 1).inserted(axis, outer).dims());
    Value each = add(new Expand(block.inserted(axis, times).inserted(axis, outer)), single);
    return reshape(each, one.with(axis, times * one.dim(axis)).dims());
  }

  /**
   * The part of v that is for one image, where v holds one for each of the file's own batch, as the
   * states that a recurrent layer begins with.
   *
   * @param outer what v's axis counts outside of the images
   */
  private Value single(Value v, int axis, int outer) {
    Shape s = v.shape();
    Shape one = s.with(axis, s.dim(axis) / builder.batching().made());
    int rows = s.count(0, axis) * outer;
    Shape parts = Shape.of(rows, builder.batching().made(), one.count() / rows);
    if (!builder.batching().isAlike(v, parts, builder)) {
      throw CandelaException.of("'%s' holds something else for each image", v.name());
    }
    int[] none = new int[3];
    int[] steps = {1, 1, 1};
    Slice first = new Slice(none, steps, parts.with(1, 1).dims());
    return reshape(add(first, reshape(v, parts.dims())), one.dims());
  }

  /** Whether the batch is another than the file's own, and constant input i the same in both. */
  boolean isWritten(int i, String what) {
    return builder.batching() != null
        && (node.has(what)
            || builder.batching().isWritten(constant(i, what), node.inputs().get(i)));
  }

  /** Integers that an attribute (older opsets) or a constant input gives; null where neither. */
  long[] longs(int i, String what) {
    if (node.has(what)) {
      return integers(what);
    }
    if (!has(i)) {
      asked.add(what);
      return null;
    }
    OnnxTensor t = constant(i, what);
    if (!t.isInteger() || t.shape().count() > 65536) {
      throw CandelaException.of("the %s must be a short list of integers", what);
    }
    return t.longs();
  }

  /** As the other, where there is no default. */
  long[] needed(int i, String what) {
    long[] longs = longs(i, what);
    if (longs == null) {
      throw CandelaException.of("input %d, the %s, is missing", i, what);
    }
    return longs;
  }

  /** A constant single number that must be there. */
  double number(int i, String what) {
    OnnxTensor t = constant(i, what);
    if (t.shape().count() != 1) {
      throw CandelaException.of("the %s must be a single number, is %s", what, t.shape());
    }
    return t.isInteger() ? t.longs()[0] : t.floats()[0];
  }

  int[] ints(int i, String what) {
    long[] longs = longs(i, what);
    return longs == null ? null : narrow(longs);
  }

  static int[] narrow(long[] longs) {
    int[] r = new int[longs.length];
    for (int k = 0; k < r.length; k++) {
      r[k] = Math.toIntExact(longs[k]);
    }
    return r;
  }

  float scalar(int i, String what, float absent) {
    if (node.has(what)) {
      return real(what, absent);
    }
    asked.add(what);
    if (!has(i)) {
      return absent;
    }
    return (float) number(i, what);
  }

  long integer(String attribute, long absent) {
    asked.add(attribute);
    return node.integer(attribute, absent);
  }

  int small(String attribute, int absent) {
    return Math.toIntExact(integer(attribute, absent));
  }

  long[] integers(String attribute, long... absent) {
    asked.add(attribute);
    return node.integers(attribute, absent);
  }

  float real(String attribute, float absent) {
    asked.add(attribute);
    return node.real(attribute, absent);
  }

  String text(String attribute, String absent) {
    asked.add(attribute);
    return node.text(attribute, absent);
  }

  OnnxAttribute attribute(String name) {
    asked.add(name);
    return node.attributes().get(name);
  }

  void ignore(String... attributes) {
    asked.addAll(List.of(attributes));
  }

  /** Axis in 0..rank-1 from one that may count from the end. */
  static int axis(long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw CandelaException.of("axis %d is outside a tensor of rank %d", axis, rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  Value add(Op op, Value... inputs) {
    return builder.add(node.name(), op, List.of(inputs));
  }

  Value add(Op op, List<Value> inputs) {
    return builder.add(node.name(), op, inputs);
  }

  Value of(Shape shape, float... values) {
    builder.make(values.length);
    return Value.constant(node.name(), OnnxTensor.of(node.name(), shape, values));
  }

  Value of(Shape shape, long... values) {
    builder.make(values.length);
    return Value.constant(node.name(), OnnxTensor.of(node.name(), shape, values));
  }

  Value reshape(Value v, int... dims) {
    return add(new Reshape(Shape.of(dims)), v);
  }

  Value transpose(Value v, int... perm) {
    return add(new Transpose(perm), v);
  }

  /** Operands of different rank are brought to the same by leading axes of length 1. */
  Value binary(Binary kind, Value a, Value b) {
    int rank = Math.max(a.shape().rank(), b.shape().rank());
    return add(new BinaryOp(kind), lifted(a, rank), lifted(b, rank));
  }

  Value lifted(Value v, int rank) {
    int missing = rank - v.shape().rank();
    if (missing <= 0) {
      return v;
    }
    int[] d = new int[rank];
    Arrays.fill(d, 0, missing, 1);
    System.arraycopy(v.shape().dims(), 0, d, missing, rank - missing);
    return reshape(v, d);
  }

  /** v in that shape, repeated along axes that it lacks or has one of. */
  Value expanded(Value v, Shape to) {
    return v.shape().equals(to) ? v : add(new Expand(to), lifted(v, to.rank()));
  }

  /** Whether the file was made for one image, and input i holds several, one after the other. */
  boolean holdsEach(int i) {
    Batching batching = builder.batching();
    return batching != null
        && batching.made() == 1
        && images(i) == 0
        && batching.outer(node.inputs().get(i)) == 1;
  }

  /** Whether the model names output i. */
  boolean wants(int i) {
    return i < node.outputs().size() && !node.outputs().get(i).isEmpty();
  }

  /** A second output that the model may ask for. */
  void also(int i, Value v) {
    if (wants(i)) {
      builder.name(node.outputs().get(i), v, from);
    }
  }

  /** Refuses outputs from first on, should anything read them. */
  void only(int first, String why) {
    for (int i = first; i < node.outputs().size(); i++) {
      if (wants(i)) {
        builder.refuse(node.outputs().get(i), node.label() + ": " + why);
      }
    }
  }

  void finish(Value y) {
    for (String a : node.attributes().keySet()) {
      if (!asked.contains(a)) {
        throw CandelaException.of(
            "attribute '%s' is not supported at opset %d; %s",
            a,
            opset(),
            asked.isEmpty()
                ? "the operator takes none"
                : "supported are " + String.join(", ", asked.stream().sorted().toList()));
      }
    }
    if (node.outputs().isEmpty()) {
      throw CandelaException.of("it has no output");
    }
    if (wants(0)) {
      builder.name(node.outputs().get(0), y, from);
    }
  }
}
