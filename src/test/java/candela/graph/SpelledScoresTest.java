package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Device;
import candela.method.Methods;
import candela.method.Subject;
import candela.onnx.ModelBuilder;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Prediction;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logits are found where a model spells out what makes probabilities of them. */
class SpelledScoresTest {
  private static final float[] X = {1, 0, -2};
  private static final float[] OPPOSITE = {-1, -0f, 2};

  @TempDir Path folder;

  /** x, its elements as channels of one pixel, c, and z, the first of them. */
  private static ModelBuilder model() {
    return new ModelBuilder(17)
        .input("x", -1, 3)
        .output("y")
        .constant("one", Shape.of(), 1f)
        .constant("minus", Shape.of(), -1f)
        .constant("zero", Shape.of(), 0f)
        .constant("first", Shape.of(3, 1), 1f, 0f, 0f)
        .constant("channels", Shape.of(1), 1L)
        .constant("places", Shape.of(2), 2L, 3L)
        .constant("pixel", Shape.of(4), 0L, 3L, 1L, 1L)
        .constant("row", Shape.of(1), -1L)
        .node("Reshape", "x,pixel", "c")
        .node("MatMul", "x,first", "z");
  }

  /** e, exponentials of x less its largest element m, and their sum s; c or x as it is. */
  private static ModelBuilder exponentials(String x) {
    return model()
        .node("ReduceMax", x, "m", "axes", new int[] {1})
        .node("Sub", x + ",m", "l")
        .node("Exp", "l", "e")
        .node("ReduceSum", "e,channels", "s");
  }

  private Prediction prediction(ModelBuilder model) throws Exception {
    try (Device device = TestDevice.open(1);
        Pipeline pipeline = new Pipeline(network(model), device, 2)) {
      Logits logits = new Logits(device, X);
      pipeline.run(List.of(logits));
      return logits.result();
    }
  }

  private Network network(ModelBuilder model) throws Exception {
    return Network.load(Files.write(folder.resolve("m.onnx"), model.bytes()));
  }

  private void check(Map<String, ModelBuilder> models, Likelihood likelihood, float... logits)
      throws Exception {
    for (var m : models.entrySet()) {
      Prediction found = prediction(m.getValue());
      assertThat(found.logits()).as(m.getKey()).containsExactly(logits);
      assertThat(found.likelihood()).as(m.getKey()).isEqualTo(likelihood);
    }
  }

  @Test
  void aSoftmaxOverChannelsOfOnePixel() throws Exception {
    Map<String, ModelBuilder> models = new LinkedHashMap<>();
    models.put("flattened", exponentials("c").node("Div", "e,s", "p").node("Flatten", "p", "y"));
    models.put(
        "squeezed", exponentials("c").node("Div", "e,s", "p").node("Squeeze", "p,places", "y"));
    models.put("left there", exponentials("c").node("Div", "e,s", "y"));
    models.put(
        "its logarithm",
        exponentials("c")
            .node("Log", "s", "log")
            .node("Sub", "l,log", "p")
            .node("Flatten", "p", "y"));
    models.put(
        "over all three axes",
        model()
            .constant("image", Shape.of(3), 1L, 2L, 3L)
            .node("Exp", "c", "e")
            .node("ReduceSum", "e,image", "s")
            .node("Div", "e,s", "p")
            .node("Flatten", "p", "y"));
    check(models, Likelihood.SOFTMAX, X);
  }

  @Test
  void aSoftmaxAsAProduct() throws Exception {
    Map<String, ModelBuilder> models = new LinkedHashMap<>();
    models.put(
        "reciprocal", exponentials("x").node("Reciprocal", "s", "r").node("Mul", "e,r", "y"));
    models.put("quotient", exponentials("x").node("Div", "one,s", "r").node("Mul", "r,e", "y"));
    check(models, Likelihood.SOFTMAX, X);
  }

  @Test
  void theLogarithmOfASumInEitherOrder() throws Exception {
    Map<String, ModelBuilder> models = new LinkedHashMap<>();
    for (String sum : List.of("m,log", "log,m")) {
      models.put(
          sum,
          exponentials("x").node("Log", "s", "log").node("Add", sum, "t").node("Sub", "x,t", "y"));
    }
    check(models, Likelihood.SOFTMAX, X);
  }

  @Test
  void aSigmoid() throws Exception {
    Map<String, ModelBuilder> models = new LinkedHashMap<>();
    for (String negative : List.of("Neg x", "Mul x,minus", "Mul minus,x", "Sub zero,x")) {
      String[] op = negative.split(" ");
      ModelBuilder sum =
          model().node(op[0], op[1], "n").node("Exp", "n", "e").node("Add", "e,one", "s");
      models.put(negative, sum.node("Div", "one,s", "y"));
    }
    models.put(
        "quotient",
        model().node("Exp", "x", "e").node("Add", "one,e", "s").node("Div", "e,s", "y"));
    check(models, Likelihood.SIGMOID, X);
    ModelBuilder other = model().node("Exp", "x", "e").node("Add", "e,one", "s");
    check(Map.of("opposite", other.node("Reciprocal", "s", "y")), Likelihood.SIGMOID, OPPOSITE);
  }

  @Test
  void theLogarithmOfASigmoidByProducts() throws Exception {
    ModelBuilder model =
        model().node("Mul", "x,minus", "n").node("Softplus", "n", "s").node("Mul", "s,minus", "y");
    check(Map.of("softplus", model), Likelihood.SIGMOID, X);
  }

  /** A class and its opposite: z is 1. */
  @Test
  void aSigmoidAndWhatItLeaves() throws Exception {
    Map<String, ModelBuilder> models = new LinkedHashMap<>();
    models.put("columns", opposite("z").node("Concat", "q,p", "y", "axis", 1));
    models.put(
        "stacked",
        opposite("flat")
            .node("Unsqueeze", "q,row", "u")
            .node("Unsqueeze", "p,row", "v")
            .node("Concat", "u,v", "y", "axis", -1));
    models.put(
        "their logarithms",
        opposite("z").node("Concat", "q,p", "c2", "axis", 1).node("Log", "c2", "y"));
    check(models, Likelihood.SIGMOID, -1, 1);
    ModelBuilder reversed = opposite("z").node("Concat", "p,q", "y", "axis", 1);
    check(Map.of("reversed", reversed), Likelihood.SIGMOID, 1, -1);
  }

  /** p, the sigmoid of z or of it as one number an image, flat, and q, what that leaves. */
  private static ModelBuilder opposite(String of) {
    return model()
        .node("Reshape", "z,row", "flat")
        .node("Sigmoid", of, "p")
        .node("Sub", "one,p", "q");
  }

  @Test
  void sigmoidsOfTwoHeads() throws Exception {
    ModelBuilder heads = model().node("Sigmoid", "x", "p").node("Sigmoid", "z", "q");
    check(
        Map.of("heads", heads.node("Concat", "p,q", "y", "axis", 1)),
        Likelihood.SIGMOID,
        1,
        0,
        -2,
        1);
  }

  /** Of x's first and third, whose difference is 3. */
  @Test
  void oneColumnOfASoftmaxOverTwoClasses() throws Exception {
    Map<String, ModelBuilder> models = new LinkedHashMap<>();
    models.put("a number", ofTwo().node("Gather", "p,none", "y", "axis", 1));
    models.put("a column", ofTwo().node("Slice", "p,from,to,along", "y"));
    models.put(
        "its logarithm", ofTwo().node("Gather", "p,none", "g", "axis", 1).node("Log", "g", "y"));
    check(models, Likelihood.SIGMOID, 3);
    ModelBuilder second = ofTwo().constant("second", Shape.of(), 1L);
    check(
        Map.of("second", second.node("Gather", "p,second", "y", "axis", 1)),
        Likelihood.SIGMOID,
        -3);
    ModelBuilder three = model().constant("k", Shape.of(), 0L).node("Softmax", "x", "p");
    float[] logits = prediction(three.node("Gather", "p,k", "y", "axis", 1)).logits();
    double sum = Math.exp(1) + 1 + Math.exp(-2);
    assertThat(logits[0]).isCloseTo((float) (Math.exp(1) / sum), within(1e-6f));
  }

  private static ModelBuilder ofTwo() {
    return model()
        .constant("ends", Shape.of(2), 0L, 2L)
        .constant("none", Shape.of(), 0L)
        .constant("from", Shape.of(1), 0L)
        .constant("along", Shape.of(1), 1L)
        .constant("to", Shape.of(1), 1L)
        .node("Gather", "x,ends", "two", "axis", 1)
        .node("Softmax", "two", "p");
  }

  @Test
  void aLogarithmOfMoreThanNothing() throws Exception {
    for (String likelihood : List.of("Softmax", "Sigmoid")) {
      ModelBuilder model = model().constant("little", Shape.of(), 1e-8f);
      model.node(likelihood, "x", "p").node("Add", "p,little", "q").node("Log", "q", "y");
      check(Map.of(likelihood, model), Likelihood.valueOf(likelihood.toUpperCase(Locale.ROOT)), X);
    }
  }

  /** As Keras and PyTorch keep a probability from 0 and 1, or from 0 alone. */
  @Test
  void aLogarithmThatIsKeptFromTheEnds() throws Exception {
    for (float[] ends : new float[][] {{1e-7f, 1 - 1e-7f}, {1e-12f, 1}, {1e-3f, .999f}}) {
      check(Map.of("clip", clipped(ends)), Likelihood.SIGMOID, X);
    }
  }

  /** What cuts off more is part of the model: two classes may have one score. */
  @Test
  void aClipOfProbabilitiesThatOccurIsNotSeenThrough() throws Exception {
    float[] low = prediction(clipped(.4f, 1)).logits();
    assertThat(low[2]).isCloseTo((float) Math.log(.4), within(1e-6f));
    float[] high = prediction(clipped(0, .6f)).logits();
    assertThat(high[0]).isCloseTo((float) Math.log(.6), within(1e-6f));
  }

  private static ModelBuilder clipped(float... ends) {
    return model()
        .constant("lo", Shape.of(), ends[0])
        .constant("hi", Shape.of(), ends[1])
        .node("Sigmoid", "x", "p")
        .node("Clip", "p,lo,hi", "q")
        .node("Log", "q", "y");
  }

  /** Sums over other axes, other numbers than 1, and other neighbours. */
  @Test
  void othersAreScores() throws Exception {
    ModelBuilder other =
        model()
            .constant("last", Shape.of(1), 2L)
            .node("Exp", "c", "e")
            .node("ReduceSum", "e,last", "s")
            .node("Div", "e,s", "p");
    assertThat(prediction(other.node("Flatten", "p", "y")).logits()).containsExactly(1, 1, 1);
    ModelBuilder two = model().node("Exp", "x", "e").node("Add", "e,e", "s");
    assertThat(prediction(two.node("Div", "one,s", "y")).logits()[1]).isEqualTo(.5f);
    ModelBuilder scaled = opposite("z").constant("half", Shape.of(), .5f);
    float[] logits =
        prediction(scaled.node("Mul", "q,half", "h").node("Concat", "h,p", "y", "axis", 1))
            .logits();
    assertThat(logits[1]).isCloseTo((float) (1 / (1 + Math.exp(-1))), within(1e-6f));
  }

  /** One that lies within what is recognised, and is asked for. */
  @Test
  void valuesInBetweenStayReadable() throws Exception {
    Network network = network(opposite("z").node("Concat", "q,p", "y", "axis", 1));
    SessionOptions options = SessionOptions.withGradientAt("q");
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, options)) {
      device.write(s.input(), X);
      s.forward();
      assertThat(device.read(s.value("q"))[0]).isCloseTo((float) (1 / (1 + Math.E)), within(1e-6f));
      assertThat(device.read(s.output())[1])
          .isCloseTo((float) (1 / (1 + Math.exp(-1))), within(1e-6f));
    }
  }

  /** Saturated probabilities have no slope; their logits have: z falls and rises with x. */
  @Test
  void gradientsAreThoseOfTheLogits() throws Exception {
    ModelBuilder model =
        model()
            .constant("much", Shape.of(), 200f)
            .node("Mul", "z,much", "w")
            .node("Sigmoid", "w", "p")
            .node("Sub", "one,p", "q")
            .node("Concat", "q,p", "y", "axis", 1);
    for (int target = 0; target < 2; target++) {
      float slope = target == 0 ? -200 : 200;
      assertThat(map(network(model), target)).containsExactly(slope, 0, 0);
    }
  }

  private static float[] map(Network network, int target) {
    try (Device device = TestDevice.open(1);
        Pipeline pipeline = new Pipeline(network, device, 2);
        var workspace = new Workspace(device)) {
      var subject = new Subject(Shape.of(3), X, target);
      var probe = Methods.parse("gradient:channels=sum").probe(subject, workspace);
      pipeline.run(List.of(probe));
      return probe.result().values();
    }
  }
}
