package candela.onnx;

import candela.onnx.proto.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Convolutions over two of three axes, as lambda layers have them: what lies along the third are
 * more images.
 */
final class DeepConv extends Composed {
  private DeepConv() {
    super("Conv", "X W B");
  }

  static void list(Map<String, Function<NodeProto, Composed>> all) {
    all.put("Conv", DeepConv::conv);
  }

  /** Whether it goes over one, two, or really three axes. */
  static boolean isOther(NodeProto n) {
    return name(n).equals("Conv") && (alone(n) < 0 || !DeepPool.isPadded(n));
  }

  /** The last of three axes along which kernels have one value; -1 where there is none. */
  private static int alone(NodeProto n) {
    List<Long> kernel = DeepPool.entries(n, "kernel_shape");
    for (int a = 2; kernel.size() == 3 && a >= 0; a--) {
      if (kernel.get(a) == 1 && DeepPool.is(n, "strides", a, 1) && DeepPool.is(n, "pads", a, 0)) {
        return a;
      }
    }
    return -1;
  }

  private static DeepConv conv(NodeProto n) {
    int alone = alone(n);
    List<Long> there = new ArrayList<>(List.of(0L, 2L + alone, 1L));
    List<Long> back = new ArrayList<>(List.of(0L, 2L));
    for (int a = 0; a < 3; a++) {
      back.add(a == alone ? 1 : 3L + (a < alone ? a : a - 1));
      if (a != alone) {
        there.add(2L + a);
      }
    }
    var f = new DeepConv();
    f.integers("none", 0);
    f.integers("one", 1);
    f.integers("two", 2);
    f.integers("four", 4);
    f.integers("five", 5);
    f.integers("all", -1);
    f.node("Transpose", "X", "moved").given("perm", there);
    f.node("Shape", "moved", "sizes");
    f.node("Slice", "sizes none two", "images").node("Slice", "sizes two five", "image");
    f.node("Concat", "all image", "flat").given("axis", 0);
    f.node("Reshape", "moved flat", "x");
    f.node("Squeeze", "W", "w").given("axes", List.of(2L + alone));
    f.node("Conv", has(n, 2) ? "x w B" : "x w", "sums").passed("group");
    for (String list : new String[] {"kernel_shape", "strides", "dilations", "pads"}) {
      List<Long> others = DeepPool.without(alone, DeepPool.entries(n, list));
      if (!others.isEmpty()) {
        f.given(list, others);
      }
    }
    f.node("Shape", "sums", "made").node("Slice", "made one four", "result");
    f.node("Concat", "images result", "apart").given("axis", 0);
    f.node("Reshape", "sums apart", "y");
    f.node("Transpose", "y", "Y").given("perm", back);
    f.outputs("Y");
    return f;
  }
}
