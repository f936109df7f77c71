package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxModel;
import candela.reference.Differences;
import candela.reference.Nd;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operator, from the ONNX node to the session: outputs against plain Java in doubles,
 * gradients against central differences of that.
 */
class OperatorReferenceTest {
  /**
   * Of the largest value: sums of some hundred float32 products, each rounded to 6e-8, and
   * functions exact to a few units in the last place; the differences themselves are exact to 1e-9.
   */
  private static final double TOLERANCE = 1e-5;

  /** Operators whose outputs are steps of their inputs, or depend on shapes or constants alone. */
  private static final Set<String> NO_GRADIENT =
      Set.of(
          "And",
          "ArgMax",
          "ArgMin",
          "BitShift",
          "BitwiseAnd",
          "BitwiseNot",
          "BitwiseOr",
          "BitwiseXor",
          "BlackmanWindow",
          "Ceil",
          "Constant",
          "ConstantOfShape",
          "Equal",
          "EyeLike",
          "Floor",
          "Greater",
          "GreaterOrEqual",
          "HammingWindow",
          "HannWindow",
          "Hardmax",
          "IsInf",
          "IsNaN",
          "Less",
          "LessOrEqual",
          "NonZero",
          "Not",
          "Or",
          "Range",
          "Round",
          "Shape",
          "Sign",
          "Size",
          "Unique",
          "Xor");

  static List<OperatorCase> cases() {
    return Stream.of(
            AttentionCases.all(),
            ConvolutionCases.all(),
            DftCases.all(),
            ElementCases.all(),
            GridCases.all(),
            ImageCases.all(),
            IndexCases.all(),
            LayoutCases.all(),
            LpCases.all(),
            MaskCases.all(),
            MatrixCases.all(),
            MoveCases.all(),
            PickCases.all(),
            PlaceCases.all(),
            QuantizeCases.all(),
            ReduceCases.all(),
            ResizeCases.all())
        .flatMap(List::stream)
        .toList();
  }

  /** Those with an input that a gradient can flow to. */
  static List<OperatorCase> differentiable() {
    return cases().stream()
        .filter(c -> !NO_GRADIENT.contains(c.op()) && !c.floats().isEmpty())
        .toList();
  }

  static List<OperatorCase> steps() {
    return cases().stream()
        .filter(c -> NO_GRADIENT.contains(c.op()) && !c.floats().isEmpty())
        .toList();
  }

  @Test
  void everyOperatorHasACase() {
    Set<String> covered = new HashSet<>();
    cases().forEach(c -> covered.add(c.op()));
    assertThat(covered).containsExactlyInAnyOrderElementsOf(Operators.names());
    Set<String> checked = new HashSet<>(NO_GRADIENT);
    differentiable().forEach(c -> checked.add(c.op()));
    assertThat(checked).containsExactlyInAnyOrderElementsOf(Operators.names());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void outputsAreTheReference(OperatorCase c) {
    Nd expected = c.expected(c.inputs());
    try (Device device = TestDevice.open(2);
        Session s = open(c, c.alone(), device, List.of())) {
      s.forward();
      assertThat(s.output("y").shape()).isEqualTo(Shape.of(expected.dims()));
      Compare.assertClose("y", device.read(s.output("y")), expected.data(), TOLERANCE);
    }
  }

  @ParameterizedTest
  @MethodSource("differentiable")
  void gradientsAreTheDifferences(OperatorCase c) {
    List<String> at = new ArrayList<>();
    for (int i : c.floats()) {
      at.add(OperatorCase.given(i));
      at.add(OperatorCase.inner(i));
    }
    try (Device device = TestDevice.open(2);
        Session s = open(c, c.scored(false), device, at)) {
      s.forward();
      float[] seed = seed(s);
      double[] dy = gathered(c, seed, seed.length);
      s.backward(Rules.GRADIENT);
      boolean any = false;
      for (int i : c.floats()) {
        double[] expected = gradient(c, i, dy);
        for (double e : expected) {
          any |= e != 0;
        }
        for (String name : List.of(OperatorCase.given(i), OperatorCase.inner(i))) {
          float[] came = device.read(s.gradient(name));
          Compare.assertClose("gradient at " + name, came, expected, TOLERANCE);
        }
      }
      assertThat(any).as("some gradient is not 0").isTrue();
    }
  }

  /** u0 is read by the node and by the class scores: its gradient is the sum. */
  @ParameterizedTest
  @MethodSource("differentiable")
  void gradientsOfTwoReadersAdd(OperatorCase c) {
    int first = c.floats().get(0);
    try (Device device = TestDevice.open(1);
        Session s = open(c, c.scored(true), device, List.of(OperatorCase.given(first)))) {
      s.forward();
      float[] seed = seed(s);
      int own = c.operands().get(first).shape().count();
      double[] expected = gradient(c, first, gathered(c, seed, seed.length - own));
      int row = seed.length / c.batch();
      int part = own / c.batch();
      for (int i = 0; i < own; i++) {
        expected[i] += seed[i / part * row + row - part + i % part];
      }
      s.backward(Rules.GRADIENT);
      float[] came = device.read(s.gradient(OperatorCase.given(first)));
      Compare.assertClose("gradient", came, expected, TOLERANCE);
    }
  }

  @ParameterizedTest
  @MethodSource("steps")
  void stepsHaveNoGradient(OperatorCase c) {
    OnnxModel model = c.scored(false);
    List<String> at = List.of(OperatorCase.given(c.floats().get(0)));
    try (Device device = TestDevice.open(1)) {
      assertThatThrownBy(() -> open(c, model, device, at).close())
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("do not depend on 'x0' through differentiable operators");
    }
  }

  private static Session open(
      OperatorCase c, OnnxModel model, Device device, List<String> gradientAt) {
    Graph graph = Import.graph(model, c.batch(), c.shapes());
    Session s =
        Session.open(
            Simplify.all(graph, new HashSet<>(gradientAt)),
            device,
            new SessionOptions(gradientAt, null));
    for (int i = 0; i < c.operands().size(); i++) {
      OperatorCase.Operand o = c.operands().get(i);
      if (o != null && o.isRunTime()) {
        device.write(s.input(OperatorCase.given(i)), o.floats());
      }
    }
    return s;
  }

  /** Writes a random seed and returns it. */
  private static float[] seed(Session s) {
    Random r = new Random(5);
    float[] seed = new float[s.seed().count()];
    for (int i = 0; i < seed.length; i++) {
      seed[i] = (float) r.nextGaussian();
    }
    s.device().write(s.seed(), seed);
    return seed;
  }

  /**
   * The gradient at y from the seed of the class scores, the first count / batch of every row: y
   * lies there in equal parts, or whole in each row.
   */
  private static double[] gathered(OperatorCase c, float[] seed, int count) {
    int n = c.expected(c.inputs()).data().length;
    int row = seed.length / c.batch();
    int part = count / c.batch();
    double[] dy = new double[n];
    for (int i = 0; i < count; i++) {
      dy[i % n] += seed[i / part * row + i % part];
    }
    return dy;
  }

  private static double[] gradient(OperatorCase c, int operand, double[] dy) {
    Nd x = c.inputs().get(operand);
    return Differences.gradient(
        v -> {
          List<Nd> in = c.inputs();
          in.set(operand, new Nd(x.dims(), v));
          return c.slopeOf(in).data().clone();
        },
        x.data(),
        dy);
  }
}
