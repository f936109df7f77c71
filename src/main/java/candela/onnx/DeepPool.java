package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Poolings over the first of three axes alone, as PyTorch writes a local response normalisation
 * with: the other two are seen as one.
 */
final class DeepPool extends Composed {
  private DeepPool(String name) {
    super(name, "X");
  }

  static void list(Map<String, Function<NodeProto, Composed>> all) {
    all.put("AveragePool", n -> pool(n, "ceil_mode", "count_include_pad"));
    all.put("MaxPool", n -> pool(n, "ceil_mode"));
  }

  /** Whether it is a pooling over other axes. */
  static boolean isOther(NodeProto n) {
    boolean pool = name(n).equals("AveragePool") || name(n).equals("MaxPool");
    return pool
        && !(entries(n, "kernel_shape").size() == 3
            && isLeft(n, "kernel_shape", 1)
            && isLeft(n, "strides", 1)
            && isLeft(n, "dilations", 1)
            && isLeft(n, "pads", 0)
            && isPadded(n)
            && n.getOutputCount() == 1);
  }

  /** Whether it says how, if at all. */
  static boolean isPadded(NodeProto n) {
    AttributeProto a = attribute(n, "auto_pad");
    return a == null || a.getS().toStringUtf8().equals("NOTSET");
  }

  /** Whether a list, if there is one, leaves the second and third axis alone. */
  private static boolean isLeft(NodeProto n, String list, long alone) {
    return is(n, list, 1, alone) && is(n, list, 2, alone);
  }

  /** Whether a list, if there is one, has the value for one of the three axes. */
  static boolean is(NodeProto n, String list, int axis, long value) {
    List<Long> all = entries(n, list);
    for (int i = axis; i < all.size(); i += 3) {
      if (all.get(i) != value) {
        return false;
      }
    }
    return all.size() % 3 == 0;
  }

  /** A list, or both ends of one, without one of the three axes. */
  static List<Long> without(int axis, List<Long> list) {
    List<Long> others = new ArrayList<>(list);
    for (int i = others.size() - 3 + axis; i >= 0; i -= 3) {
      others.remove(i);
    }
    return others;
  }

  static List<Long> entries(NodeProto n, String list) {
    AttributeProto a = attribute(n, list);
    return a == null ? List.of() : a.getIntsList();
  }

  private static DeepPool pool(NodeProto n, String... passed) {
    var f = new DeepPool(n.getOpType());
    f.integers("joined", 0, 0, 0, -1);
    f.integers("kept", 0, 0, 0);
    f.integers("from", 3);
    f.integers("to", 5);
    f.node("Reshape", "X joined", "flat");
    f.node(n.getOpType(), "flat", "pooled").passed(passed);
    for (String list : new String[] {"kernel_shape", "strides", "dilations", "pads"}) {
      List<Long> all = entries(n, list);
      if (!all.isEmpty()) {
        f.given(list, without(2, all));
      }
    }
    f.node("Shape", "X", "sizes").node("Slice", "sizes from to", "rest");
    f.node("Concat", "kept rest", "shape").given("axis", 0);
    f.node("Reshape", "pooled shape", "Y");
    f.outputs("Y");
    return f;
  }
}
