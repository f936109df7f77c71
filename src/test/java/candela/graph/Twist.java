package candela.graph;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Changes models where they are still files that parse: attributes, shapes, names, weights. */
final class Twist {
  private static final long[] NUMBERS = {
    Long.MIN_VALUE,
    Integer.MIN_VALUE,
    -1000,
    -5,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    17,
    63,
    64,
    100,
    1000,
    65_536,
    1 << 20,
    Integer.MAX_VALUE,
    1L << 31,
    1L << 40,
    Long.MAX_VALUE
  };

  private static final float[] REALS = {
    0, 1, -1, 0.5f, 3, 1e-38f, 1e30f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
  };

  private static final String[] WORDS = {
    "",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "edge",
    "reflect",
    "wrap",
    "constant",
    "linear",
    "cubic",
    "nearest",
    "CRD",
    "tanh",
    "align_corners",
    "tf_crop_and_resize",
    "floor"
  };

  private final Random random;
  private final List<ModelProto> others;

  Twist(Random random, List<ModelProto> others) {
    this.random = random;
    this.others = others;
  }

  ModelProto apply(ModelProto model) {
    ModelProto.Builder m = model.toBuilder();
    GraphProto.Builder g = m.getGraphBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      NodeProto.Builder node = g.getNodeBuilder(random.nextInt(g.getNodeCount()));
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3 -> attribute(node);
        case 4 -> borrow(node);
        case 5, 6, 7 -> tensor(g);
        case 8 -> input(g);
        case 9 -> names(node, g);
        case 10 -> append(g);
        default -> m.getOpsetImportBuilder(0).setVersion(7 + random.nextInt(20));
      }
    }
    return m.build();
  }

  private long number() {
    return NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private float real() {
    return REALS[random.nextInt(REALS.length)];
  }

  private void attribute(NodeProto.Builder node) {
    if (node.getAttributeCount() == 0) {
      borrow(node);
      return;
    }
    int which = random.nextInt(node.getAttributeCount());
    AttributeProto.Builder a = node.getAttributeBuilder(which);
    switch (random.nextInt(8)) {
      case 0 -> node.removeAttribute(which);
      case 1 -> a.addInts(number());
      default -> {
        switch (a.getType()) {
          case INT -> a.setI(number());
          case FLOAT -> a.setF(real());
          case STRING -> a.setS(ByteString.copyFromUtf8(WORDS[random.nextInt(WORDS.length)]));
          case INTS -> changeInts(a);
          case FLOATS -> a.addFloats(real());
          case TENSOR -> change(a.getTBuilder());
          default -> a.clearType();
        }
      }
    }
  }

  private void changeInts(AttributeProto.Builder a) {
    if (a.getIntsCount() == 0 || random.nextInt(6) == 0) {
      a.clearInts();
    } else {
      a.setInts(random.nextInt(a.getIntsCount()), number());
    }
  }

  /** An attribute, or the operator, of another model's node. */
  private void borrow(NodeProto.Builder node) {
    GraphProto other = others.get(random.nextInt(others.size())).getGraph();
    NodeProto from = other.getNode(random.nextInt(other.getNodeCount()));
    if (from.getAttributeCount() > 0 && random.nextBoolean()) {
      node.addAttribute(from.getAttribute(random.nextInt(from.getAttributeCount())));
    } else {
      node.setOpType(from.getOpType());
    }
  }

  private void tensor(GraphProto.Builder g) {
    if (g.getInitializerCount() > 0) {
      change(g.getInitializerBuilder(random.nextInt(g.getInitializerCount())));
    } else {
      input(g);
    }
  }

  private void change(TensorProto.Builder t) {
    int dims = t.getDimsCount();
    switch (random.nextInt(7)) {
      case 0 -> {
        if (dims > 0) {
          t.setDims(random.nextInt(dims), number());
        }
      }
      case 1 -> {
        List<Long> shuffled = new ArrayList<>(t.getDimsList());
        Collections.shuffle(shuffled, random);
        t.clearDims().addAllDims(shuffled);
      }
      case 2 -> refill(t, random.nextInt(6));
      case 3 -> t.addDims(1);
      default -> values(t);
    }
  }

  /** Other sizes with data that fits them. */
  private void refill(TensorProto.Builder t, int most) {
    int count = 1;
    for (int i = 0; i < t.getDimsCount(); i++) {
      long d = random.nextInt(4) == 0 ? random.nextInt(most + 1) : Math.min(t.getDims(i), 8);
      t.setDims(i, d);
      count *= (int) d;
    }
    int width =
        switch (t.getDataType()) {
          case TensorProto.DataType.FLOAT_VALUE, TensorProto.DataType.INT32_VALUE -> 4;
          case TensorProto.DataType.INT64_VALUE, TensorProto.DataType.DOUBLE_VALUE -> 8;
          default -> 1;
        };
    t.clearFloatData().clearInt32Data().clearInt64Data().clearDoubleData();
    t.setRawData(ByteString.copyFrom(new byte[Math.clamp((long) count * width, 0, 1 << 20)]));
  }

  private void values(TensorProto.Builder t) {
    byte[] raw = t.getRawData().toByteArray();
    ByteBuffer b = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    if (t.getDataType() == TensorProto.DataType.INT64_VALUE && raw.length >= 8) {
      b.putLong(random.nextInt(raw.length / 8) * 8, number());
    } else if (raw.length >= 4) {
      b.putFloat(random.nextInt(raw.length / 4) * 4, real());
    }
    t.setRawData(ByteString.copyFrom(raw));
  }

  private void input(GraphProto.Builder g) {
    if (g.getInputCount() == 0) {
      return;
    }
    TensorShapeProto.Builder shape =
        g.getInputBuilder(0).getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
    int n = shape.getDimCount();
    switch (random.nextInt(3)) {
      case 0 -> shape.addDimBuilder().setDimValue(1 + random.nextInt(3));
      case 1 -> {
        if (n > 0) {
          shape.removeDim(random.nextInt(n));
        }
      }
      default -> {
        if (n > 0) {
          long d = random.nextInt(3) == 0 ? number() : random.nextInt(9);
          shape.getDimBuilder(random.nextInt(n)).setDimValue(d);
        }
      }
    }
  }

  private void names(NodeProto.Builder node, GraphProto.Builder g) {
    List<String> names = new ArrayList<>(node.getInputList());
    g.getInputList().forEach(v -> names.add(v.getName()));
    g.getInitializerList().forEach(t -> names.add(t.getName()));
    names.add("");
    String name = names.get(random.nextInt(names.size()));
    if (node.getInputCount() == 0 || random.nextInt(4) == 0) {
      node.addInput(name);
    } else {
      node.setInput(random.nextInt(node.getInputCount()), name);
    }
  }

  /** Another model's first node reads the output, and is the output from then on. */
  private void append(GraphProto.Builder g) {
    GraphProto other = others.get(random.nextInt(others.size())).getGraph();
    NodeProto.Builder node = other.getNode(0).toBuilder();
    String name = "twisted" + g.getNodeCount();
    for (int i = 0; i < node.getInputCount(); i++) {
      String wanted = node.getInput(i);
      other.getInitializerList().stream()
          .filter(t -> t.getName().equals(wanted))
          .findFirst()
          .ifPresent(t -> g.addInitializer(t.toBuilder().setName(name + wanted)));
      node.setInput(i, i == 0 ? g.getOutput(0).getName() : name + wanted);
    }
    node.clearOutput().addOutput(name);
    g.addNode(node);
    g.setOutput(0, g.getOutput(0).toBuilder().setName(name).clearType());
  }
}
