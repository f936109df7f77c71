package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the constants and shapes of a model tell, whatever the images: its nodes are read one by
 * one, for two and for three images where a file leaves their number open.
 */
final class Decisions {
  private final OnnxModel model;
  private final List<Import> readings = new ArrayList<>();

  Decisions(OnnxModel model) {
    this.model = model;
    readings.add(Import.inputs(model, 2));
    if (Import.leavesBatchOpen(model)) {
      readings.add(Import.inputs(model, 3));
    }
  }

  void read(OnnxNode node) {
    readings.forEach(r -> r.read(node));
  }

  void bind(String name, OnnxTensor constant) {
    readings.forEach(r -> r.bind(name, constant));
  }

  /** The name of input i. */
  String input(OnnxNode node, int i) {
    if (!node.has(i)) {
      throw fault(node, "input " + i + " is missing");
    }
    return node.inputs().get(i);
  }

  /** The one integer or truth value that input i is. */
  long number(OnnxNode node, int i, String what) {
    return number(node, input(node, i), what);
  }

  /** As the other, of a value. */
  long number(OnnxNode node, String value, String what) {
    long[] all = integers(node, value, what);
    if (all.length != 1) {
      throw fault(
          node, what + " takes one number, came " + all.length + "; export the model again");
    }
    return all[0];
  }

  /** The integers that a value is. */
  long[] integers(OnnxNode node, String value, String what) {
    return same(node, what, r -> longs(r.known(value), what));
  }

  private static long[] longs(Value v, String what) {
    if (!v.isConstant() || !v.integer()) {
      throw CandelaException.of(
          "%s depends on the image; supported is what follows from shapes and constants", what);
    }
    return v.constant().longs();
  }

  /** How long an axis of a value is. */
  int length(OnnxNode node, String value, long axis) {
    return (int) same(node, "the length of '" + value + "'", r -> length(r, value, axis))[0];
  }

  boolean isScalar(OnnxNode node, String value) {
    return same(node, "its rank", r -> new long[] {r.shape(value).rank()})[0] == 0;
  }

  private static long[] length(Import reading, String value, long axis) {
    Shape s = reading.shape(value);
    return new long[] {s.dim(Call.axis(axis, s.rank()))};
  }

  private long[] same(OnnxNode node, String what, Function<Import, long[]> reading) {
    long[] first = null;
    for (Import r : readings) {
      long[] one = checked(node, () -> reading.apply(r));
      if (first != null && !Arrays.equals(first, one)) {
        throw fault(
            node,
            what + " depends on the number of images; export the model with that fixed, say at 1");
      }
      first = one;
    }
    return first;
  }

  OnnxAttribute.Graph graph(OnnxNode node, String attribute) {
    return checked(node, () -> node.graph(attribute));
  }

  long integer(OnnxNode node, String attribute, long absent) {
    return checked(node, () -> node.integer(attribute, absent));
  }

  /** A list of so many integers, by default zeros. */
  long[] list(OnnxNode node, String attribute, int length) {
    long[] list = checked(node, () -> node.integers(attribute, new long[length]));
    if (list.length != length) {
      throw fault(
          node,
          attribute
              + " needs "
              + length
              + " entries, has "
              + list.length
              + "; export the model again");
    }
    return list;
  }

  private <T> T checked(OnnxNode node, Supplier<T> what) {
    try {
      return what.get();
    } catch (CandelaException e) {
      throw fault(node, e.getMessage());
    }
  }

  CandelaException fault(OnnxNode node, String what) {
    return new CandelaException(model.name() + ": " + node.label() + ": " + what);
  }
}
