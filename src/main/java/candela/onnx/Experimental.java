package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.NodeProto;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Operators that ONNX had on trial before 1.5 and then gave up, as functions of those that it kept.
 * Files that were converted from Core ML have them: its scaling of images, and activations.
 */
final class Experimental extends Composed {
  private static final int BORDERS = 4;

  private Experimental(String name) {
    super(name, "X");
    outputs("Y");
  }

  static void list(Map<String, Function<NodeProto, Composed>> all) {
    all.put("Affine", Experimental::affine);
    all.put("Crop", Experimental::crop);
    all.put("ImageScaler", Experimental::imageScaler);
    all.put("ParametricSoftplus", n -> scaled(n, "ParametricSoftplus", "Softplus"));
    all.put("Scale", Experimental::scale);
    all.put("ScaledTanh", n -> scaled(n, "ScaledTanh", "Tanh"));
  }

  /** Whether a crop gives the size that it leaves, or not four borders. */
  static boolean isOther(NodeProto n) {
    return name(n).equals("Crop") && (attribute(n, "scale") != null || borders(n).size() != BORDERS)
        || name(n).equals("ImageScaler") && bias(n).isEmpty();
  }

  private static Experimental affine(NodeProto n) {
    var f = new Experimental("Affine");
    f.times("X", real(n, "alpha", 1), "product");
    f.number("beta", real(n, "beta", 0));
    f.node("Add", "product beta", "Y");
    return f;
  }

  private static Experimental scale(NodeProto n) {
    var f = new Experimental("Scale");
    f.times("X", real(n, "scale", 1), "Y");
    return f;
  }

  /** α f(β x). */
  private static Experimental scaled(NodeProto n, String name, String function) {
    var f = new Experimental(name);
    f.times("X", real(n, "beta", 1), "product");
    f.node(function, "product", "curve");
    f.times("curve", real(n, "alpha", 1), "Y");
    return f;
  }

  /** Each channel has a bias. */
  private static Experimental imageScaler(NodeProto n) {
    var f = new Experimental("ImageScaler");
    f.times("X", real(n, "scale", 1), "product");
    f.numbers("bias", bias(n));
    f.node("Unsqueeze", "bias", "biases").given("axes", List.of(1L, 2L));
    f.node("Add", "product biases", "Y");
    return f;
  }

  private static List<Float> bias(NodeProto n) {
    AttributeProto bias = attribute(n, "bias");
    return bias == null ? List.of() : bias.getFloatsList();
  }

  /** Left, top, right and bottom. */
  private static Experimental crop(NodeProto n) {
    List<Long> b = borders(n);
    var f = new Experimental("Crop");
    f.integers("pads", 0, 0, -b.get(1), -b.get(0), 0, 0, -b.get(3), -b.get(2));
    f.node("Pad", "X pads", "Y");
    return f;
  }

  private static List<Long> borders(NodeProto n) {
    AttributeProto border = attribute(n, "border");
    return border == null ? List.of() : border.getIntsList();
  }

  private void times(String x, float factor, String y) {
    number(y + "_factor", factor);
    node("Mul", x + " " + y + "_factor", y);
  }
}
