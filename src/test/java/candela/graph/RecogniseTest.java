package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What models spell out and one operator does; outputs and gradients stay. */
class RecogniseTest {
  @TempDir Path folder;

  private static SmallModel model() {
    return new SmallModel(13, 2, 3, 5, 4);
  }

  @Test
  void aProductWithItsSigmoidIsSwish() throws IOException {
    Path m = model().node("Sigmoid", "x", "s").node("Mul", "x s", "y").write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("SWISH");
  }

  @Test
  void aFactorInsideTheSigmoidStays() throws IOException {
    Path m =
        model()
            .scalar("a", 1.702f)
            .node("Mul", "a x", "ax")
            .node("Sigmoid", "ax", "s")
            .node("Mul", "s x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("SWISH");
  }

  @Test
  void aProductWithAnotherSigmoidStaysAProduct() throws IOException {
    Path m =
        model()
            .node("Tanh", "x", "t")
            .node("Sigmoid", "t", "s")
            .node("Mul", "x s", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("TANH", "SIGMOID", "MUL");
  }

  /** A softmax whose NaNs, of rows that are masked throughout, become 0. */
  private static SmallModel guarded(float masked) {
    return model()
        .node("Transpose", "x", "turned", "perm", new long[] {0, 1, 3, 2})
        .node("MatMul", "x turned", "scores")
        .scalar("mask", masked)
        .scalar("zero", 0)
        .node("Add", "scores mask", "masked")
        .node("Softmax", "masked", "soft", "axis", 3)
        .node("IsNaN", "soft", "none")
        .node("Where", "none zero soft", "y");
  }

  @Test
  void aGuardAgainstNaNsThatNeverComeGoes() throws IOException {
    Path m = guarded(-1).write(folder);
    assertThat(Rewritten.operators(m)).doesNotContain("EQUAL", "NOT", "Where").contains("Softmax");
  }

  @Test
  void aGuardAgainstRowsOfMinusInfinityStays() throws IOException {
    Path m = guarded(Float.NEGATIVE_INFINITY).write(folder);
    try (Device device = TestDevice.open(1);
        Session s = Network.load(m).session(device, 2, SessionOptions.FORWARD)) {
      device.write(s.input(), new float[s.input().count()]);
      s.forward();
      assertThat(device.read(s.output())).containsOnly(0);
    }
  }

  @Test
  void aMaskOfZerosGoes() throws IOException {
    Path m = guarded(0).write(folder);
    assertThat(Rewritten.operators(m)).doesNotContain("ADD").contains("Softmax");
  }

  /** As PyTorch's exporter writes it: x itself where β x is above 20, which is the same. */
  private static SmallModel softplus(float threshold, float beta) {
    SmallModel m = model().scalar("t", threshold);
    if (beta == 1) {
      return m.node("Softplus", "x", "s").node("Greater", "x t", "g").node("Where", "g x s", "y");
    }
    return m.scalar("b", beta)
        .node("Mul", "x b", "bx")
        .node("Softplus", "bx", "p")
        .node("Div", "p b", "s")
        .node("Greater", "bx t", "g")
        .node("Where", "g x s", "y");
  }

  @Test
  void aSoftplusWithAStraightEndIsSoftplus() throws IOException {
    assertThat(Rewritten.operators(softplus(20, 1).write(folder))).containsExactly("SOFTPLUS");
    assertThat(Rewritten.operators(softplus(20, 3).write(folder)))
        .containsExactly("LINEAR", "SOFTPLUS", "LINEAR");
  }

  @Test
  void aSoftplusThatEndsSoonerStays() throws IOException {
    assertThat(Rewritten.operators(softplus(1, 1).write(folder))).contains("Where");
    assertThat(Rewritten.operators(softplus(2, 3).write(folder))).contains("Where");
  }

  @Test
  void hardSwishOfOldOpsets() throws IOException {
    Path m =
        model()
            .node("HardSigmoid", "x", "s", "alpha", 1f / 6, "beta", .5f)
            .node("Mul", "x s", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("HARD_SWISH");
  }

  @Test
  void geluInEveryOrderOfItsFactors() throws IOException {
    for (String order : new String[] {"x(1+erf)/2", "(x/2)(1+erf)", "x((1+erf)/2)"}) {
      SmallModel m =
          model()
              .scalar("root", 1.41421354f)
              .scalar("one", 1)
              .scalar("half", .5f)
              .node("Div", "x root", "t")
              .node("Erf", "t", "e")
              .node("Add", "e one", "p");
      switch (order) {
        case "x(1+erf)/2" -> m.node("Mul", "x p", "q").node("Mul", "q half", "g");
        case "(x/2)(1+erf)" -> m.node("Mul", "half x", "q").node("Mul", "q p", "g");
        default -> m.node("Mul", "half p", "q").node("Mul", "x q", "g");
      }
      m.node("Neg", "g", "y");
      assertThat(Rewritten.operators(m.write(folder))).as(order).containsExactly("GELU", "NEG");
    }
  }

  /** As PyTorch, TensorFlow and others spell x + 0.044715 x³, and as some share x. */
  @Test
  void geluByTanhInAllItsSpellings() throws IOException {
    for (String spelling :
        new String[] {"x+c(x(xx))", "x+c(xx)x", "x+cx^3", "x(1+cxx)", "kx+kcx^3"}) {
      SmallModel m =
          model()
              .scalar("k", (float) Math.sqrt(2 / Math.PI))
              .scalar("c", .044715f)
              .scalar("kc", (float) (.044715 * Math.sqrt(2 / Math.PI)))
              .scalar("one", 1)
              .scalar("half", .5f)
              .scalar("three", 3);
      switch (spelling) {
        case "x+c(x(xx))" ->
            m.node("Mul", "x x", "q").node("Mul", "x q", "r").node("Mul", "c r", "s");
        case "x+c(xx)x" ->
            m.node("Mul", "x x", "q").node("Mul", "q c", "r").node("Mul", "r x", "s");
        case "x+cx^3" -> m.node("Pow", "x three", "r").node("Mul", "r c", "s");
        case "x(1+cxx)" ->
            m.node("Mul", "x x", "q").node("Mul", "q c", "r").node("Add", "r one", "s");
        default -> m.node("Pow", "x three", "r").node("Mul", "r kc", "s");
      }
      switch (spelling) {
        case "x(1+cxx)" -> m.node("Mul", "x s", "t").node("Mul", "t k", "u");
        case "kx+kcx^3" -> m.node("Mul", "x k", "t").node("Add", "s t", "u");
        default -> m.node("Add", "x s", "t").node("Mul", "t k", "u");
      }
      m.node("Tanh", "u", "h").node("Add", "h one", "p");
      m.node("Mul", "x p", "v").node("Mul", "v half", "g").node("Neg", "g", "y");
      assertThat(Rewritten.operators(m.write(folder))).as(spelling).containsExactly("GELU", "NEG");
    }
  }

  @Test
  void otherTanhsStay() throws IOException {
    for (float c : new float[] {.04f, 0}) {
      Path m =
          model()
              .scalar("k", (float) Math.sqrt(2 / Math.PI))
              .scalar("c", c)
              .scalar("one", 1)
              .scalar("three", 3)
              .node("Pow", "x three", "r")
              .node("Mul", "r c", "s")
              .node("Add", "x s", "t")
              .node("Mul", "t k", "u")
              .node("Tanh", "u", "h")
              .node("Add", "h one", "p")
              .node("Mul", "x p", "y")
              .write(folder);
      assertThat(Rewritten.operators(m)).contains("TANH").doesNotContain("GELU");
    }
  }

  @Test
  void mish() throws IOException {
    Path m =
        model()
            .node("Softplus", "x", "s")
            .node("Tanh", "s", "t")
            .node("Mul", "x t", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("MISH");
  }

  @Test
  void layerNormWithItsScaleAndShift() throws IOException {
    Path m =
        model()
            .scalar("two", 2)
            .scalar("epsilon", 1e-5f)
            .random("w", 4)
            .random("b", 4)
            .node("ReduceMean", "x", "mean", "axes", new long[] {-1})
            .node("Sub", "x mean", "d")
            .node("Pow", "d two", "dd")
            .node("ReduceMean", "dd", "v", "axes", new long[] {-1})
            .node("Add", "v epsilon", "ve")
            .node("Sqrt", "ve", "s")
            .node("Div", "d s", "n")
            .node("Mul", "n w", "nw")
            .node("Add", "nw b", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("LayerNorm");
  }

  @Test
  void aVarianceOfSomethingElseIsNoLayerNorm() throws IOException {
    Path m =
        model()
            .scalar("epsilon", 1e-5f)
            .node("ReduceMean", "x", "mean", "axes", new long[] {-1})
            .node("Sub", "x mean", "d")
            .node("Mul", "x x", "xx")
            .node("ReduceMean", "xx", "v", "axes", new long[] {-1})
            .node("Add", "v epsilon", "ve")
            .node("Sqrt", "ve", "s")
            .node("Div", "d s", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).doesNotContain("LayerNorm");
  }

  /** The rows r of a group's channels, and what they are normalised to. */
  private static SmallModel groups() {
    return new SmallModel(13, 2, 6, 5, 4)
        .longs("rows", new long[] {3}, 0, 2, -1)
        .longs("image", new long[] {4}, 0, 6, 5, 4)
        .random("one", 2)
        .random("zero", 2)
        .node("Reshape", "x rows", "r")
        .node("InstanceNormalization", "r one zero", "n");
  }

  /** As exporters write it: the channels of a group in a row, normalised, and back. */
  @Test
  void groupNormByWayOfInstanceNorm() throws IOException {
    Path m =
        groups()
            .random("w", 6, 1, 1)
            .random("b", 6, 1, 1)
            .node("Reshape", "n image", "i")
            .node("Mul", "i w", "iw")
            .node("Add", "iw b", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Transpose", "GroupNorm", "Transpose");
  }

  /** The rows of a group are the image's numbers in its order, read by it alone. */
  @Test
  void rowsOfAGroupNormHaveTheWholeGradient() throws IOException {
    Path m = groups().node("Add", "n r", "s").node("Reshape", "s image", "y").write(folder);
    Graph graph = Network.load(m).graph(2, SessionOptions.withGradientAt("", "r"));
    assertThat(graph.nodes()).anyMatch(n -> n.op().type().equals("GroupNorm"));
    try (Device device = TestDevice.open(1);
        Session s = Session.open(graph, device, SessionOptions.withGradientAt("", "r"))) {
      float[] x = new float[s.input().count()];
      for (int i = 0; i < x.length; i++) {
        x[i] = i % 7 - i % 5;
      }
      device.write(s.input(), x);
      s.forward();
      device.write(s.seed(), x);
      s.backward(Rules.GRADIENT);
      assertThat(device.read(s.gradient("r"))).isEqualTo(device.read(s.gradient("")));
    }
  }

  /** As models for old exporters have it, the sixth last. */
  @Test
  void hardSwishOfAClip() throws IOException {
    assertThat(Rewritten.operators(hardSwish(6, "Mul x b c", "Div c six d")))
        .containsExactly("HARD_SWISH", "TANH");
    assertThat(Rewritten.operators(hardSwish(6, "Div b six c", "Mul c x d")))
        .containsExactly("HARD_SWISH", "TANH");
    assertThat(Rewritten.operators(hardSwish(5, "Mul x b c", "Div c six d")))
        .containsExactly("LINEAR", "Rectify", "MUL", "LINEAR", "TANH");
  }

  private Path hardSwish(float most, String... last) throws IOException {
    SmallModel m =
        model()
            .scalar("three", 3)
            .scalar("six", 6)
            .scalar("zero", 0)
            .scalar("most", most)
            .node("Add", "x three", "a")
            .node("Clip", "a zero most", "b");
    for (String node : last) {
      String[] words = node.split(" ");
      m.node(words[0], words[1] + " " + words[2], words[3]);
    }
    return m.node("Tanh", "d", "y").write(folder);
  }

  @Test
  void theLargerOfXAndAShareOfItIsALeakyRectifier() throws IOException {
    for (float share : new float[] {.2f, 2}) {
      Path m =
          model()
              .scalar("share", share)
              .node("Mul", "x share", "a")
              .node("Max", "a x", "y")
              .write(folder);
      if (share < 1) {
        assertThat(Rewritten.operators(m)).containsExactly("LEAKY_RELU");
      } else {
        assertThat(Rewritten.operators(m)).containsExactly("LINEAR", "MAX");
      }
    }
  }

  /** As a choice by the sign of x, with the number on either side. */
  @Test
  void aChoiceBetweenXAndZeroIsARectifier() throws IOException {
    for (String above : new String[] {"Greater x zero", "GreaterOrEqual x zero", "Less zero x"}) {
      assertThat(Rewritten.operators(choice(above, "x zero")))
          .as(above)
          .containsExactly("THRESHOLDED_RELU", "TANH");
    }
    for (String below : new String[] {"Less x zero", "LessOrEqual x zero", "Greater zero x"}) {
      assertThat(Rewritten.operators(choice(below, "zero x")))
          .as(below)
          .containsExactly("Rectify", "TANH");
      assertThat(Rewritten.operators(choice(below, "x zero"))).as(below).contains("Where");
    }
    assertThat(Rewritten.operators(choice("Greater x one", "x zero"))).contains("Where");
    assertThat(Rewritten.operators(choice("Greater x zero", "x one"))).contains("Where");
  }

  @Test
  void aChoiceBetweenXAndAShareOfItIsALeakyRectifier() throws IOException {
    for (String above : new String[] {"Greater x zero", "LessOrEqual zero x"}) {
      assertThat(Rewritten.operators(choice(above, "x share")))
          .as(above)
          .containsExactly("LEAKY_RELU", "TANH");
      assertThat(Rewritten.operators(choice(above, "x opposite"))).as(above).contains("Where");
    }
    assertThat(Rewritten.operators(choice("Less x zero", "share x")))
        .containsExactly("LEAKY_RELU", "TANH");
  }

  private Path choice(String condition, String between) throws IOException {
    String[] words = condition.split(" ");
    return model()
        .floats("zero", new long[] {1, 1, 1}, 0)
        .scalar("one", 1)
        .scalar("tenth", .1f)
        .node("Mul", "x tenth", "share")
        .node("Neg", "x", "opposite")
        .node(words[0], words[1] + " " + words[2], "c")
        .node("Where", "c " + between, "a")
        .node("Tanh", "a", "y")
        .write(folder);
  }

  /** NaN is neither above 0 nor below. */
  @Test
  void whatIsNoNumberIsWhatTheChoiceMakesOfIt() throws IOException {
    float[] x = {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -0f, 2};
    float infinity = Float.POSITIVE_INFINITY;
    assertThat(chosen("Greater", "x zero", x)).containsExactly(0, 0, infinity, 0, 2);
    assertThat(chosen("Less", "zero x", x)).containsExactly(Float.NaN, 0, infinity, -0f, 2);
  }

  private float[] chosen(String condition, String between, float[] x) throws IOException {
    Path m =
        new SmallModel(13, 1, x.length)
            .scalar("zero", 0)
            .node(condition, "x zero", "c")
            .node("Where", "c " + between, "y")
            .write(folder);
    try (Device device = TestDevice.open(1);
        Session s = Network.load(m).session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), x);
      s.forward();
      return device.read(s.output());
    }
  }

  /** The same of the opposite range. */
  @Test
  void theOppositeOfARectifierOfTheOppositeIsOne() throws IOException {
    for (String op : new String[] {"Min", "Max"}) {
      Path m =
          model()
              .scalar("zero", 0)
              .scalar("minus", -1)
              .node("Neg", "x", "a")
              .node(op, "a zero", "b")
              .node("Mul", "b minus", "c")
              .node("Tanh", "c", "y")
              .write(folder);
      assertThat(Rewritten.operators(m)).as(op).containsExactly("Rectify", "TANH");
    }
  }

  /** x itself may be a scaled value: what it is multiplied by inside the activation stays apart. */
  @Test
  void activationsOfScaledValues() throws IOException {
    for (String last : new String[] {"Div", "Mul"}) {
      Path gelu =
          model()
              .scalar("two", 2)
              .scalar("root", last.equals("Div") ? 1.41421354f : .707106781f)
              .scalar("one", 1)
              .scalar("half", .5f)
              .node("Add", "x two", "z")
              .node(last, "z root", "t")
              .node("Erf", "t", "e")
              .node("Add", "e one", "p")
              .node("Mul", "z p", "q")
              .node("Mul", "q half", "g")
              .node("Tanh", "g", "y")
              .write(folder);
      assertThat(Rewritten.operators(gelu)).as(last).containsExactly("LINEAR", "GELU", "TANH");
    }
    Path leaky =
        model()
            .scalar("two", 2)
            .scalar("share", .1f)
            .node("Mul", "x two", "z")
            .node("Mul", "z share", "a")
            .node("Max", "z a", "y")
            .write(folder);
    assertThat(Rewritten.operators(leaky)).containsExactly("LINEAR", "LEAKY_RELU");
  }
}
