package candela.onnx;

import candela.onnx.proto.FunctionProto;
import candela.onnx.proto.NodeProto;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * All operators that are read as functions of ONNX's own: those on quantised tensors ({@link
 * Quantized}), those that ONNX Runtime puts in place of several ({@link Fused}), those that it gave
 * up ({@link Experimental}), recurrent layers ({@link Recurrent}), and some convolutions ({@link
 * DeepConv}) and poolings ({@link DeepPool}) over three axes.
 */
public final class Compositions {
  private static final Map<String, Function<NodeProto, Composed>> ALL = all();

  private Compositions() {}

  private static Map<String, Function<NodeProto, Composed>> all() {
    Map<String, Function<NodeProto, Composed>> all = new HashMap<>();
    DeepConv.list(all);
    DeepPool.list(all);
    Experimental.list(all);
    Quantized.list(all);
    Fused.list(all);
    Recurrent.list(all);
    return Map.copyOf(all);
  }

  /** Their names, those of ONNX Runtime with its domain. */
  public static List<String> names() {
    return ALL.keySet().stream().sorted().toList();
  }

  /** How one of them is supported, for messages about nodes that are otherwise. */
  public static String limits(String name) {
    String op = name.substring(name.lastIndexOf('.') + 1);
    return switch (op) {
      case "Attention", "MultiHeadAttention", "QAttention" ->
          "for queries, keys and values of one length each, without masks, caches and rotation";
      case "Crop" -> "with four borders, without scale";
      case "FusedConv", "FusedGemm" ->
          "with activations " + Fused.activations() + " and their parameters";
      case "FusedMatMul", "TransposeMatMul" -> "with the last two axes exchanged, not others";
      case "GRU", "LSTM", "RNN" ->
          "from opset 9, with hidden_size, for steps that all images have, without clip, coupled"
              + " gates and parameters of activations, which are "
              + Recurrent.activations();
      case "ImageScaler" -> "with a bias for each channel";
      case "MatMulNBits" -> "with N, K, block_size and 2, 4 or 8 bits, without g_idx";
      default -> "channels first, with a zero point for what comes out, of one opset";
    };
  }

  /**
   * The node's operator as a function of ONNX's own operators; null where it is none of these.
   *
   * @param opset of the functions' nodes
   */
  static FunctionProto of(NodeProto n, int opset) {
    return isListed(n, opset) ? ALL.get(Composed.name(n)).apply(n).function() : null;
  }

  static boolean isListed(NodeProto n, int opset) {
    return ALL.containsKey(Composed.name(n))
        && !DeepConv.isOther(n)
        && !DeepPool.isOther(n)
        && !Experimental.isOther(n)
        && !Quantized.isOther(n, opset)
        && !Fused.isOther(n)
        && !Recurrent.isOther(n, opset);
  }
}
