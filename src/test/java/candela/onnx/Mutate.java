package candela.onnx;

import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Ways to damage a model: its bytes, its fields, its graph. */
final class Mutate {
  private static final long[] NUMBERS = {
    -1, 0, 1, 7, 1L << 20, Integer.MAX_VALUE, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE
  };

  private final Random random;

  Mutate(Random random) {
    this.random = random;
  }

  byte[] apply(byte[] model, List<byte[]> others) {
    return switch (random.nextInt(8)) {
      case 0 -> flip(model.clone());
      case 1 -> Arrays.copyOf(model, random.nextInt(model.length));
      case 2 -> splice(model.clone(), others.get(random.nextInt(others.size())));
      case 3 -> blowUp(model);
      case 4, 5 -> fields(model);
      case 6 -> graph(model);
      default -> rename(model);
    };
  }

  private byte[] flip(byte[] bytes) {
    for (int i = random.nextInt(8); i >= 0; i--) {
      bytes[position(bytes)] ^= (byte) (1 << random.nextInt(8));
    }
    return bytes;
  }

  private byte[] splice(byte[] bytes, byte[] other) {
    int from = position(other);
    int to = position(bytes);
    int most = Math.min(other.length - from, bytes.length - to);
    System.arraycopy(other, from, bytes, to, 1 + random.nextInt(Math.min(most, 4096)));
    return bytes;
  }

  /** Puts a varint of up to ten bytes over or between what is there. */
  private byte[] blowUp(byte[] bytes) {
    int at = position(bytes);
    int length = 1 + random.nextInt(10);
    int gone = random.nextBoolean() ? Math.min(length, bytes.length - at) : 0;
    byte[] result = new byte[bytes.length - gone + length];
    System.arraycopy(bytes, 0, result, 0, at);
    Arrays.fill(result, at, at + length - 1, (byte) 0xff);
    result[at + length - 1] = (byte) random.nextInt(128);
    System.arraycopy(bytes, at + gone, result, at + length, bytes.length - at - gone);
    return result;
  }

  /**
   * Weights fill most of a file: half of the positions are near its ends, where the structure is.
   */
  private int position(byte[] bytes) {
    int near = random.nextInt(Math.min(bytes.length, 4096));
    return switch (random.nextInt(4)) {
      case 0 -> near;
      case 1 -> bytes.length - 1 - near;
      default -> random.nextInt(bytes.length);
    };
  }

  private byte[] fields(byte[] model) {
    Message.Builder m = Fuzz.parse(model).toBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      change(m);
    }
    return m.build().toByteArray();
  }

  /** Deletes, repeats or changes one field, at a random depth. */
  private void change(Message.Builder m) {
    var fields = new ArrayList<>(m.getAllFields().keySet());
    if (fields.isEmpty()) {
      return;
    }
    FieldDescriptor field = fields.get(random.nextInt(fields.size()));
    int count = field.isRepeated() ? m.getRepeatedFieldCount(field) : 0;
    int i = count == 0 ? 0 : random.nextInt(count);
    boolean down = field.getJavaType() == JavaType.MESSAGE && random.nextInt(8) > 0;
    if (down) {
      change(field.isRepeated() ? m.getRepeatedFieldBuilder(field, i) : m.getFieldBuilder(field));
    } else if (field.getJavaType() == JavaType.LONG || field.getJavaType() == JavaType.INT) {
      number(m, field, i);
    } else if (field.isRepeated() && random.nextBoolean()) {
      m.addRepeatedField(field, m.getRepeatedField(field, i));
    } else {
      m.clearField(field);
    }
  }

  private void number(Message.Builder m, FieldDescriptor field, int i) {
    long n = NUMBERS[random.nextInt(NUMBERS.length)];
    Object value = field.getJavaType() == JavaType.LONG ? (Object) n : (Object) (int) n;
    if (field.isRepeated()) {
      m.setRepeatedField(field, i, value);
    } else {
      m.setField(field, value);
    }
  }

  private byte[] graph(byte[] model) {
    ModelProto.Builder m = Fuzz.parse(model).toBuilder();
    GraphProto.Builder g = m.getGraphBuilder();
    var nodes = new ArrayList<NodeProto>(g.getNodeList());
    switch (random.nextInt(3)) {
      case 0 -> nodes.add(nodes.get(random.nextInt(nodes.size())));
      case 1 -> nodes.remove(random.nextInt(nodes.size()));
      default -> Collections.shuffle(nodes, random);
    }
    return m.setGraph(g.clearNode().addAllNode(nodes)).build().toByteArray();
  }

  /** A node reads some other node's output, or nothing known. */
  private byte[] rename(byte[] model) {
    ModelProto.Builder m = Fuzz.parse(model).toBuilder();
    GraphProto.Builder g = m.getGraphBuilder();
    NodeProto.Builder node = g.getNodeBuilder(random.nextInt(g.getNodeCount()));
    NodeProto other = g.getNode(random.nextInt(g.getNodeCount()));
    if (node.getInputCount() > 0) {
      String name = random.nextInt(4) == 0 ? "unknown" : other.getOutput(0);
      node.setInput(random.nextInt(node.getInputCount()), name);
    }
    return m.build().toByteArray();
  }
}
