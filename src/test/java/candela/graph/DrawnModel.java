package candela.graph;

import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A model drawn at random from what the passes of {@link Simplify} look for: convolutions, norms,
 * rectifiers, sums, concatenations, transposes, reshapes, values read twice and values that are
 * outputs.
 */
final class DrawnModel {
  static final int[] IMAGE = {2, 3, 5, 5};
  private static final int NODES = 9;

  private final Random random;
  private final List<String> images = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
  private final ModelBuilder builder;
  private final OnnxModel model;
  private int made;

  DrawnModel(long seed) {
    random = new Random(seed);
    builder = new ModelBuilder(12).input("x", IMAGE);
    images.add("x");
    for (int i = 0; i < NODES; i++) {
      images.add(next());
    }
    builder.constant("rows", Shape.of(2), IMAGE[0], -1);
    String last = images.get(images.size() - 1);
    String other = pick();
    builder.node("Reshape", last + ",rows", "left").node("Reshape", other + ",rows", "right");
    builder.node("Concat", "left,right", "scores", "axis", 1);
    Set<String> more = new HashSet<>(Set.of("scores"));
    for (int i = 0; i < 2; i++) {
      String extra = pick();
      if (random.nextBoolean() && !extra.equals("x") && more.add(extra)) {
        builder.output(extra);
      }
    }
    model = builder.output("scores").model();
    names.retainAll(leading(model));
  }

  OnnxModel model() {
    return model;
  }

  /** Of the values that the scores depend on. */
  List<String> names() {
    return names;
  }

  /** The values that the scores depend on. */
  private static Set<String> leading(OnnxModel m) {
    Set<String> leading = new HashSet<>(Set.of("scores"));
    for (var n : m.nodes().reversed()) {
      if (n.outputs().stream().anyMatch(leading::contains)) {
        leading.addAll(n.inputs());
      }
    }
    return leading;
  }

  private String pick() {
    // Mostly recent ones, so that chains come about.
    int from = random.nextInt(3) == 0 ? 0 : Math.max(0, images.size() - 2);
    return images.get(from + random.nextInt(images.size() - from));
  }

  private String add(String op, String in, Object... attributes) {
    String y = "v" + made++;
    builder.node(op, in, y, attributes);
    names.add(y);
    return y;
  }

  private String weights(int... dims) {
    String name = "w" + made++;
    Shape shape = Shape.of(dims);
    float[] v = SimplifiedGradientsTest.values(random, shape.count());
    for (int i = 0; i < v.length; i++) {
      v[i] *= .4f;
    }
    builder.constant(name, shape, v);
    return name;
  }

  private String list(long... values) {
    String name = "l" + made++;
    builder.constant(name, Shape.of(values.length), values);
    return name;
  }

  private String conv(String x) {
    String in = x + "," + weights(3, 3, 3, 3) + "," + weights(3);
    return add("Conv", in, "pads", new int[] {1, 1, 1, 1});
  }

  private String norm(String x) {
    String v = "p" + made++;
    builder.constant(v, Shape.of(3), .5f, 1, 2);
    return add(
        "BatchNormalization", x + "," + weights(3) + "," + weights(3) + "," + weights(3) + "," + v);
  }

  /** Of a convolution with a bias: elsewhere zeros, on whose signs roundings decide, are many. */
  private String rectified(String x) {
    return switch (random.nextInt(3)) {
      case 0 -> add("Relu", x);
      case 1 -> {
        yield add("Clip", x + "," + scalar(0) + "," + scalar(1));
      }
      default -> add("LeakyRelu", x, "alpha", .2f);
    };
  }

  /** An image made of one or two of those before. */
  private String next() {
    return switch (random.nextInt(20)) {
      case 0, 1 -> conv(pick());
      case 2 -> norm(random.nextBoolean() ? conv(pick()) : pick());
      case 3 -> rectified(conv(pick()));
      case 4 -> add("Add", conv(pick()) + "," + pick());
      case 5 -> rectified(add("Add", conv(pick()) + "," + conv(pick())));
      case 6 -> add("Add", pick() + "," + pick());
      case 7 -> add(random.nextBoolean() ? "Identity" : "Dropout", pick());
      case 8 -> add("Mul", pick() + "," + weights(random.nextBoolean() ? 1 : 3, 1, 1));
      case 9 -> add("Tanh", random.nextBoolean() ? norm(pick()) : pick());
      case 10 -> halves(add("Concat", conv(pick()) + "," + rectified(conv(pick())), "axis", 1));
      case 11 -> turned(pick());
      case 12 -> flat(pick());
      case 13 -> add("Transpose", pick(), "perm", new int[] {0, 1, 3, 2});
      case 14 -> pooled(add("Add", pick() + "," + weights(1, 3, 5, 5)));
      case 15 -> activated(pick());
      case 16 -> add("Tanh", product(pick(), pick()));
      case 17 -> scaled(scaled(pick()));
      case 18 -> layerNorm(add("Transpose", pick(), "perm", new int[] {0, 1, 3, 2}));
      default -> {
        String x = pick();
        yield add("Mul", x + "," + add("GlobalAveragePool", x));
      }
    };
  }

  /** Of a sum with constants: elsewhere are values that differ by roundings alone, which choose. */
  private String pooled(String x) {
    return add("MaxPool", x, "kernel_shape", new int[] {3, 3}, "pads", new int[] {1, 1, 1, 1});
  }

  private String scalar(float value) {
    String name = "c" + made++;
    builder.constant(name, Shape.SCALAR, value);
    return name;
  }

  /** Swish, Mish or GELU as exporters spell them. */
  private String activated(String x) {
    switch (random.nextInt(4)) {
      case 0 -> {
        return add("Mul", x + "," + add("Sigmoid", x));
      }
      case 1 -> {
        String cube = add("Mul", x + "," + add("Mul", x + "," + x));
        String sum = add("Add", x + "," + add("Mul", cube + "," + scalar(.044715f)));
        String inner = add("Tanh", add("Mul", sum + "," + scalar((float) Math.sqrt(2 / Math.PI))));
        String half = add("Mul", x + "," + add("Add", inner + "," + scalar(1)));
        return add("Mul", half + "," + scalar(.5f));
      }
      case 2 -> {
        return add("Mul", x + "," + add("Tanh", add("Softplus", x)));
      }
      default -> {
        String inner = add("Erf", add("Div", x + "," + scalar((float) Math.sqrt(2))));
        String half = add("Mul", x + "," + add("Add", inner + "," + scalar(1)));
        return add("Mul", half + "," + scalar(.5f));
      }
    }
  }

  /** Of rows and columns, with factors and turns that a product can take in. */
  private String product(String a, String b) {
    String p = random.nextBoolean() ? scaled(a) : a;
    String q = random.nextBoolean() ? add("Transpose", b, "perm", new int[] {0, 1, 3, 2}) : b;
    String y = add("MatMul", p + "," + q);
    return random.nextBoolean() ? scaled(y) : y;
  }

  private String scaled(String x) {
    String op = List.of("Mul", "Div", "Add", "Sub").get(random.nextInt(4));
    boolean first = !op.equals("Div") && random.nextBoolean();
    String c = scalar(.75f);
    return add(op, first ? c + "," + x : x + "," + c);
  }

  private String layerNorm(String x) {
    int[] last = {-1};
    String centred = add("Sub", x + "," + add("ReduceMean", x, "axes", last));
    String square = add("Pow", centred + "," + scalar(2));
    String variance = add("ReduceMean", square, "axes", last);
    String deviation = add("Sqrt", add("Add", variance + "," + scalar(.1f)));
    String y = add("Div", centred + "," + deviation);
    return random.nextBoolean() ? add("Mul", y + "," + weights(5)) : y;
  }

  /** Three of six channels, by a convolution or by a slice. */
  private String halves(String x) {
    if (random.nextBoolean()) {
      return add("Conv", x + "," + weights(3, 6, 1, 1));
    }
    return add("Slice", x + "," + list(2) + "," + list(5) + "," + list(1));
  }

  /** Channels last, one or two operators there, and back. */
  private String turned(String x) {
    String y = add("Transpose", x, "perm", new int[] {0, 2, 3, 1});
    switch (random.nextInt(4)) {
      case 0 -> y = add("MatMul", y + "," + weights(3, 3));
      case 1 -> y = add("Sigmoid", y);
      case 2 -> y = add("Add", y + "," + weights(3));
      default -> y = add("Softmax", y, "axis", 3);
    }
    return add("Transpose", y, "perm", new int[] {0, 3, 1, 2});
  }

  /** As rows, one operator there, and back; sometimes by a detour. */
  private String flat(String x) {
    String y = add("Reshape", x + "," + list(2, 75));
    y = random.nextBoolean() ? add("Reshape", y + "," + list(2, 3, 25)) : y;
    y = random.nextBoolean() ? add("Tanh", y) : y;
    return add("Reshape", y + "," + list(2, 3, 5, 5));
  }
}
