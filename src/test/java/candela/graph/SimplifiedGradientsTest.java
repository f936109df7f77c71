package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Device;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Of graphs drawn at random, outputs and the gradients at every value by name stay what they are
 * without simplification.
 */
class SimplifiedGradientsTest {
  /**
   * Of the largest value of an output, or of the largest gradient anywhere in the graph: gradients
   * at other values, such as the mean that a normalisation takes away, are sums of such that
   * cancel. Folding and fusing change the order of roundings of some ten layers.
   */
  private static final double TOLERANCE = 5e-5;

  private static final int GRAPHS = Integer.getInteger("graphs", 150);

  static IntStream graphs() {
    return IntStream.range(0, GRAPHS);
  }

  @ParameterizedTest
  @MethodSource("graphs")
  void outputsAndGradientsStay(int number) {
    DrawnModel drawn = new DrawnModel(number);
    List<String> names = drawn.names();
    Graph plain = Import.graph(drawn.model(), DrawnModel.IMAGE[0]);
    try (Device device = TestDevice.open(1)) {
      double scale = largestGradient(device, plain, names);
      for (String name : names) {
        Graph simple = Simplify.all(plain, Set.of(name));
        compare(device, plain, simple, List.of(name), scale);
      }
      compare(device, plain, Simplify.all(plain, new HashSet<>(names)), names, scale);
      compare(device, plain, Simplify.all(plain, Set.of()), List.of(""), scale);
    }
  }

  private static double largestGradient(Device device, Graph plain, List<String> names) {
    double largest = 0;
    try (Session s = Session.open(plain, device, new SessionOptions(names, "scores"))) {
      run(s);
      for (String name : names) {
        largest = Math.max(largest, largest(device.read(s.gradient(name))));
      }
    }
    return largest;
  }

  private static void compare(
      Device device, Graph plain, Graph simple, List<String> at, double scale) {
    SessionOptions options = new SessionOptions(at, "scores");
    try (Session a = Session.open(plain, device, options);
        Session b = Session.open(simple, device, options)) {
      run(a);
      run(b);
      for (Value v : plain.outputs()) {
        float[] expected = device.read(a.output(v.name()));
        close(v.name(), device.read(b.output(v.name())), expected, Math.max(.1, largest(expected)));
      }
      for (String name : at) {
        float[] expected = device.read(a.gradient(name));
        String what = "gradient at '" + name + "' of " + at;
        close(what, device.read(b.gradient(name)), expected, scale);
      }
    }
  }

  private static void close(String what, float[] came, float[] expected, double scale) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) came[i])
          .as("%s: index %d of %d", what, i, expected.length)
          .isCloseTo(expected[i], within(TOLERANCE * scale));
    }
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float v : values) {
      largest = Math.max(largest, Math.abs(v));
    }
    return largest;
  }

  private static void run(Session s) {
    Random r = new Random(11);
    s.device().write(s.input(), values(r, s.input().count()));
    s.forward();
    s.device().write(s.seed(), values(r, s.seed().count()));
    s.backward(Rules.GRADIENT);
  }

  static float[] values(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) r.nextGaussian();
    }
    return v;
  }
}
