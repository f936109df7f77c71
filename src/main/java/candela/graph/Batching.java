package candela.graph;

import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads lengths that a file holds for batches of one size as those of another.
 *
 * <p>Exporters write the batch that they saw into shapes: an image of 56 × 56 pixels becomes 64
 * windows, and ten images would become 640. What a value's shape is in the file's own batch is
 * known. Where images lie in it, it has another here, longer along one axis in the proportion of
 * the batches: images are counted by the outer part of that axis, or, where pixels and images
 * became rows, by the inner one. A value made from images in which none lie is a fault: the file
 * picks some, or adds them up.
 */
final class Batching {
  private final Builder made;
  private final int batch;

  /** Values in which images lie: whether they are counted by the inner part of the axis. */
  private final Map<String, Boolean> images = new HashMap<>();

  /**
   * @param made the graph in the file's own batch
   */
  Batching(Builder made, int batch) {
    this.made = made;
    this.batch = batch;
  }

  /** The file's own batch. */
  int own() {
    return made.batch();
  }

  /** The shape of an ONNX value in the file's own batch. */
  Shape own(String value) {
    return made.value("value", value).shape();
  }

  /** Whether a constant is the same in the file's own batch: not computed from shapes. */
  boolean isWritten(OnnxTensor constant, String value) {
    Value there = made.known(made.value("value", value));
    return there.isConstant()
        && there.constant().isInteger() == constant.isInteger()
        && (constant.isInteger()
            ? Arrays.equals(there.constant().longs(), constant.longs())
            : Arrays.equals(there.constant().floats(), constant.floats()));
  }

  /** The first dimension of an input counts images, where it is as long as the batch. */
  void input(String name, Shape here) {
    if (axis(name, here) == 0) {
      images.put(name, false);
    }
  }

  /** Finds out where images lie in what a node left. */
  void follow(OnnxNode node, Builder here) {
    boolean any = false;
    boolean inner = false;
    for (String x : node.inputs()) {
      if (images.containsKey(x)) {
        any = true;
        inner |= images.get(x);
        Shape shape = here.find(x).shape();
        int axis = axis(x, shape);
        if (mixes(node, here, axis, shape.rank())) {
          throw CandelaException.of("it mixes the images along axis %d of '%s'", axis, x);
        }
      }
    }
    for (String y : node.outputs()) {
      Value v = here.find(y);
      if (!any || v == null || v.isConstant()) {
        continue;
      }
      if (axis(y, v.shape()) < 0) {
        throw CandelaException.of("'%s' is %s for any number of images", y, v.shape());
      }
      images.putIfAbsent(y, inner);
    }
  }

  /** Whether elements along the axis reach each other, though it stays as long as it is. */
  private static boolean mixes(OnnxNode node, Builder here, int axis, int rank) {
    return switch (node.op()) {
      case "Attention",
          "AveragePool",
          "BatchNormalization",
          "Col2Im",
          "Conv",
          "ConvTranspose",
          "DepthToSpace",
          "GlobalAveragePool",
          "GlobalMaxPool",
          "GroupNormalization",
          "InstanceNormalization",
          "LRN",
          "MaxPool",
          "Resize",
          "SpaceToDepth",
          "Upsample" ->
          axis != 0;
      case "Concat" -> axis == Call.axis(node.integer("axis", 1), rank);
      case "CumSum" -> {
        OnnxTensor along = here.known(here.value("input", node.inputs().get(1))).constant();
        yield axis == Call.axis(along.longs()[0], rank);
      }
      case "LayerNormalization", "RMSNormalization" ->
          axis >= Call.axis(node.integer("axis", -1), rank);
      case "LogSoftmax", "Softmax" ->
          here.opset() < 13
              ? axis >= Call.axis(node.integer("axis", 1), rank)
              : axis == Call.axis(node.integer("axis", -1), rank);
      default -> false;
    };
  }

  /**
   * The axis along which images lie; -1 where the value is the same for all.
   *
   * @param here its shape in this batch
   */
  int axis(String value, Shape here) {
    Shape own = own(value);
    int axis = -1;
    for (int a = 0; a < here.rank(); a++) {
      int length = own.rank() == here.rank() ? own.dim(a) : -1;
      if (length == here.dim(a)) {
        continue;
      }
      if (axis >= 0 || length % own() != 0 || here.dim(a) != length / own() * batch) {
        throw CandelaException.of("'%s' was %s and is %s: where are the images?", value, own, here);
      }
      axis = a;
    }
    return axis;
  }

  /** A shape of the file's own batch, one axis as many times as long as there are more images. */
  Shape grown(Shape own, int axis) {
    return own.with(axis, Math.multiplyExact(own.dim(axis) / own(), batch));
  }

  /**
   * The shape here of y, which has the elements of x, but another shape that the file holds.
   *
   * @param here the shape of x in this batch
   */
  Shape reshaped(String x, Shape here, String y) {
    Shape to = own(y);
    int axis = axis(x, here);
    if (axis < 0) {
      return to;
    }
    long outer = own(x).count(0, images.getOrDefault(x, false) ? axis + 1 : axis);
    int at = -1;
    for (int a = 0; a < to.rank(); a++) {
      if (to.count(0, a) == outer && to.dim(a) % own() == 0 && isBetter(to, a, at, axis)) {
        at = a;
      }
    }
    if (at < 0) {
      throw CandelaException.of("%s cannot be seen as %s for other batches", own(x), to);
    }
    // The last axis holds what is known of each row: images become more rows.
    boolean rows = at == to.rank() - 1 && at > 0 && own() == 1 && to.dim(at) != 1;
    images.put(y, rows);
    return grown(to, rows ? at - 1 : at);
  }

  /** Better than another axis is one of the images alone, best where they were before. */
  private boolean isBetter(Shape to, int axis, int other, int before) {
    boolean alone = to.dim(axis) == own();
    return other < 0 || alone && (axis == before || to.dim(other) != own());
  }

  /** Whether the outer part of the axis counts the images. */
  boolean isOuter(String value) {
    return !images.getOrDefault(value, false);
  }
}
