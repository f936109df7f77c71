package candela.graph;

import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A convolutional network drawn at random from what windows are followed through, with some of what
 * they are not; its scores are means of the last feature map.
 */
final class DrawnTrunk {
  private static final int NODES = 8;

  private final Random random;
  private final ModelBuilder builder;
  private final List<Map> maps = new ArrayList<>();
  private int made;

  /** A feature map [1,c,h,w]. */
  private record Map(String name, int c, int h, int w) {}

  DrawnTrunk(long seed) {
    random = new Random(seed);
    Map x = new Map("x", 3, 30 + random.nextInt(20), 30 + random.nextInt(20));
    builder = new ModelBuilder(12).input("x", -1, x.c, x.h, x.w);
    maps.add(x);
    for (int i = 0; i < NODES; i++) {
      maps.add(next());
    }
  }

  OnnxModel model() {
    builder.node("GlobalAveragePool", maps.getLast().name, "mean");
    builder.node("Flatten", "mean", "scores");
    return builder.output("scores").model();
  }

  private Map next() {
    Map from = random.nextInt(3) == 0 ? pick() : maps.getLast();
    return switch (random.nextInt(9)) {
      case 0, 1, 2 -> convolved(from);
      case 3 -> pooled(from);
      case 4 -> activated(from);
      case 5 -> scaled(from);
      case 6 -> added(from);
      case 7 -> joined(from);
      default -> fire(from);
    };
  }

  private Map pick() {
    return maps.get(random.nextInt(maps.size()));
  }

  private String name() {
    return "v" + made++;
  }

  private String weights(int... dims) {
    String name = "w" + made++;
    Shape shape = Shape.of(dims);
    float[] values = new float[shape.count()];
    float scale = (float) Math.sqrt(2.0 / Math.max(1, shape.count(1, shape.rank())));
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    builder.constant(name, shape, values);
    return name;
  }

  private Map node(String op, String in, int c, int h, int w, Object... attributes) {
    Map y = new Map(name(), c, h, w);
    builder.node(op, in, y.name, attributes);
    return y;
  }

  private Map convolved(Map x) {
    int[] kernel = {1 + random.nextInt(3), 1 + random.nextInt(3)};
    int[] strides = {1 + random.nextInt(2), 1 + random.nextInt(2)};
    int[] dilations = {1 + random.nextInt(2), 1 + random.nextInt(2)};
    int[] pads = new int[4];
    for (int a = 0; a < 4; a++) {
      // sometimes more than the kernel reaches over
      boolean inside = pads[a % 2] + 1 < kernel[a % 2];
      pads[a] = inside || random.nextInt(8) == 0 ? random.nextInt(2) : 0;
    }
    boolean depthwise = random.nextInt(4) == 0;
    int c = depthwise ? x.c : 4 << random.nextInt(4);
    int h = out(x.h, 0, kernel, strides, dilations, pads);
    int w = out(x.w, 1, kernel, strides, dilations, pads);
    if (h < 6 || w < 6) {
      return activated(x);
    }
    String weights = weights(c, depthwise ? 1 : x.c, kernel[0], kernel[1]);
    String bias = weights(c);
    Map y =
        node(
            "Conv",
            x.name + "," + weights + "," + bias,
            c,
            h,
            w,
            "kernel_shape",
            kernel,
            "strides",
            strides,
            "dilations",
            dilations,
            "pads",
            pads,
            "group",
            depthwise ? c : 1);
    return random.nextBoolean() ? node("Relu", y.name, c, h, w) : y;
  }

  private static int out(int in, int a, int[] kernel, int[] strides, int[] dilations, int[] pads) {
    return (in + pads[a] + pads[a + 2] - (kernel[a] - 1) * dilations[a] - 1) / strides[a] + 1;
  }

  private Map pooled(Map x) {
    boolean ceil = random.nextBoolean();
    int size = 2 + random.nextInt(2);
    int pad = random.nextInt(2);
    int h = (x.h + 2 * pad - size + (ceil ? 1 : 0)) / 2 + 1;
    int w = (x.w + 2 * pad - size + (ceil ? 1 : 0)) / 2 + 1;
    if (h < 6 || w < 6) {
      return activated(x);
    }
    h -= (h - 1) * 2 >= x.h + pad ? 1 : 0;
    w -= (w - 1) * 2 >= x.w + pad ? 1 : 0;
    List<Object> attributes =
        new ArrayList<>(
            List.of(
                "kernel_shape",
                new int[] {size, size},
                "strides",
                new int[] {2, 2},
                "pads",
                new int[] {pad, pad, pad, pad},
                "ceil_mode",
                ceil ? 1 : 0));
    boolean most = random.nextBoolean();
    if (!most) {
      attributes.addAll(List.of("count_include_pad", random.nextInt(2)));
    }
    return node(most ? "MaxPool" : "AveragePool", x.name, x.c, h, w, attributes.toArray());
  }

  private Map activated(Map x) {
    String[] ops = {"Relu", "Sigmoid", "Tanh"};
    return random.nextInt(4) == 0
        ? node("LRN", x.name, x.c, x.h, x.w, "size", 3)
        : node(ops[random.nextInt(ops.length)], x.name, x.c, x.h, x.w);
  }

  /** By channel; sometimes by pixel, which windows are not followed through. */
  private Map scaled(Map x) {
    boolean pixels = random.nextInt(4) == 0;
    String by = pixels ? weights(1, 1, x.h, x.w) : weights(1, x.c, 1, 1);
    return node(random.nextBoolean() ? "Mul" : "Add", x.name + "," + by, x.c, x.h, x.w);
  }

  private Map added(Map x) {
    Map y = x;
    for (Map m : maps) {
      y = m.c == x.c && m.h == x.h && m.w == x.w && m != x ? m : y;
    }
    return node("Add", x.name + "," + y.name, x.c, x.h, x.w);
  }

  /** With another map of the same size; sometimes with a constant one. */
  private Map joined(Map x) {
    if (random.nextInt(6) == 0) {
      return node("Concat", x.name + "," + places(x), x.c + 2, x.h, x.w, "axis", 1);
    }
    Map y = x;
    for (Map m : maps) {
      y = m.h == x.h && m.w == x.w ? m : y;
    }
    return node("Concat", x.name + "," + y.name, x.c + y.c, x.h, x.w, "axis", 1);
  }

  /** Two constant channels that tell pixels apart, for as many images as there are. */
  private String places(Map x) {
    String shape = name();
    builder.node("Shape", "x", shape);
    String zero = "w" + made++;
    builder.constant(zero, Shape.of(1), 0L);
    String images = name();
    builder.node("Gather", shape + "," + zero, images, "axis", 0);
    String rest = "w" + made++;
    builder.constant(rest, Shape.of(3), 2L, x.h, x.w);
    String whole = name();
    builder.node("Concat", images + "," + rest, whole, "axis", 0);
    String places = name();
    builder.node("Expand", weights(1, 2, x.h, x.w) + "," + whole, places);
    return places;
  }

  /** Convolutions of one pixel and of nine side by side, with channels for minimal filtering. */
  private Map fire(Map x) {
    int c = 32;
    Map few = node("Conv", x.name + "," + weights(c, x.c, 1, 1), c, x.h, x.w);
    few = node("Relu", few.name, c, x.h, x.w);
    Map one = node("Conv", few.name + "," + weights(c, c, 1, 1), c, x.h, x.w);
    int[] pads = {1, 1, 1, 1};
    String nine = few.name + "," + weights(c, c, 3, 3);
    Map three = node("Conv", nine, c, x.h, x.w, "pads", pads);
    return node("Concat", one.name + "," + three.name, 2 * c, x.h, x.w, "axis", 1);
  }
}
