package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Probabilities of x and of 2x, joined in several ways: those of the mean are worked by hand. */
class MixedScoresTest {
  private static final float[] X = {1, 0, -2};

  @TempDir Path folder;

  private static ModelBuilder two() {
    return new ModelBuilder(17)
        .input("x", -1, 3)
        .output("y")
        .constant("half", Shape.of(), .5f)
        .constant("two", Shape.of(), 2f)
        .constant("axis", Shape.of(1), 0L)
        .node("Mul", "x,two", "b")
        .node("Softmax", "x", "p")
        .node("Softmax", "b", "q");
  }

  private Network network(ModelBuilder model) throws Exception {
    return Network.load(Files.write(folder.resolve("m.onnx"), model.bytes()));
  }

  private static Prediction prediction(Network network) {
    try (Device device = TestDevice.open(1);
        Pipeline pipeline = new Pipeline(network, device, 2)) {
      Logits logits = new Logits(device, X);
      pipeline.run(List.of(logits));
      return logits.result();
    }
  }

  private static double[] mean() {
    double[] mean = new double[3];
    for (int times = 1; times <= 2; times++) {
      double sum = 0;
      for (float x : X) {
        sum += Math.exp(times * x);
      }
      for (int i = 0; i < 3; i++) {
        mean[i] += Math.exp(times * X[i]) / sum / 2;
      }
    }
    return mean;
  }

  @Test
  void aMeanOfSoftmaxesIsAProbability() throws Exception {
    List<ModelBuilder> models =
        List.of(
            two().node("Add", "p,q", "s").node("Mul", "s,half", "y"),
            two().node("Mul", "p,half", "h").node("Mul", "q,half", "k").node("Add", "h,k", "y"),
            two().node("Add", "p,q", "s").node("Div", "s,two", "y"),
            two().node("Sum", "p,q", "y"), // a share of what all have
            two().node("Mean", "p,q", "y"),
            two()
                .node("Unsqueeze", "p,axis", "u")
                .node("Unsqueeze", "q,axis", "v")
                .node("Concat", "u,v", "c", "axis", 0)
                .node("ReduceMean", "c", "y", "axes", new int[] {0}, "keepdims", 0));
    double[] mean = mean();
    for (int m = 0; m < models.size(); m++) {
      Network network = network(models.get(m));
      for (int batch : new int[] {1, 3}) {
        assertThat(logarithm(network, batch)).as("model %d", m).isNotNull();
      }
      Prediction found = prediction(network);
      for (int i = 0; i < 3; i++) {
        assertThat(found.probability(i)).as("model %d", m).isCloseTo(mean[i], within(1e-6));
        assertThat((double) found.logits()[i] - found.logits()[0])
            .isCloseTo(Math.log(mean[i] / mean[0]), within(1e-5));
      }
    }
  }

  private static Value logarithm(Network network, int batch) {
    Graph graph = network.graph(batch, SessionOptions.GRADIENT);
    return MixedScores.logarithm(graph, graph.outputs().getFirst());
  }

  /** With its largest element taken away or not; its logits are then those of the model. */
  @Test
  void aSoftmaxThatIsSpelledOutIsOne() throws Exception {
    List<ModelBuilder> models =
        List.of(
            two().node("Exp", "x", "e"),
            two()
                .node("ReduceMax", "x", "m", "axes", new int[] {1})
                .node("Sub", "x,m", "l")
                .node("Exp", "l", "e"));
    for (ModelBuilder model : models) {
      Prediction found =
          prediction(
              network(
                  model
                      .constant("last", Shape.of(1), 1L)
                      .node("ReduceSum", "e,last", "s")
                      .node("Div", "e,s", "y")));
      assertThat(found.logits()).containsExactly(X);
      assertThat(found.likelihood()).isEqualTo(Likelihood.SOFTMAX);
    }
    Prediction other =
        prediction(
            network(
                two()
                    .constant("first", Shape.of(1), 0L)
                    .node("Exp", "x", "e")
                    .node("ReduceSum", "e,first", "s")
                    .node("Div", "e,s", "y")));
    assertThat(other.logits()).isNotEqualTo(X);
  }

  /** x less the logarithm of the sum of its exponentials, as several libraries write that. */
  @Test
  void theLogarithmOfASoftmaxThatIsSpelledOutIsOne() throws Exception {
    List<ModelBuilder> models =
        List.of(
            spelled("x").node("Sub", "x,log", "y"),
            shifted().node("Sub", "l,log", "y"),
            shifted().node("Add", "log,m", "back").node("Sub", "x,back", "y"),
            two()
                .node("ReduceLogSumExp", "x", "sum", "axes", new int[] {1})
                .node("Sub", "x,sum", "y"),
            two().node("LogSoftmax", "x", "g").node("Exp", "g", "y"),
            spelled("x").node("Sub", "x,log", "g").node("Exp", "g", "y"));
    for (int m = 0; m < models.size(); m++) {
      Prediction found = prediction(network(models.get(m)));
      assertThat(found.logits()).as("model %d", m).containsExactly(X);
      assertThat(found.likelihood()).as("model %d", m).isEqualTo(Likelihood.SOFTMAX);
    }
  }

  /** Of another value, or with something else taken away than was added. */
  @Test
  void otherDifferencesAreScores() throws Exception {
    List<ModelBuilder> models =
        List.of(
            spelled("b").node("Sub", "x,log", "y"),
            shifted().node("Sub", "x,log", "y"),
            shifted().node("Add", "log,log", "back").node("Sub", "x,back", "y"));
    for (int m = 0; m < models.size(); m++) {
      assertThat(prediction(network(models.get(m))).logits()).as("model %d", m).isNotEqualTo(X);
    }
  }

  /** The logarithm of the sum of the exponentials of a value. */
  private static ModelBuilder spelled(String of) {
    return sum(two(), of);
  }

  /** The same of x less its largest element. */
  private static ModelBuilder shifted() {
    ModelBuilder less =
        two().node("ReduceMax", "x", "m", "axes", new int[] {1}).node("Sub", "x,m", "l");
    return sum(less, "l");
  }

  private static ModelBuilder sum(ModelBuilder model, String of) {
    return model
        .constant("last", Shape.of(1), 1L)
        .node("Exp", of, "e")
        .node("ReduceSum", "e,last", "s")
        .node("Log", "s", "log");
  }

  /** Differences, weights below 0, and what has another axis are scores like others. */
  @Test
  void otherSumsAreScores() throws Exception {
    List<ModelBuilder> models =
        List.of(
            two().node("Sub", "p,q", "y"),
            two()
                .constant("minus", Shape.of(), -1f)
                .node("Mul", "q,minus", "h")
                .node("Add", "p,h", "y"),
            two().node("Add", "p,x", "y"),
            two().node("Concat", "p,q", "y", "axis", 1));
    for (int m = 0; m < models.size(); m++) {
      assertThat(logarithm(network(models.get(m)), 1)).as("model %d", m).isNull();
    }
  }

  /**
   * Rules of rectifiers leave what makes the logits alone: without rectifiers these are gradients.
   * Relevance would be lost in the softmaxes.
   */
  @Test
  void rulesOfTheNetworkAreNotThoseOfItsScores() throws Exception {
    Network network = network(two().node("Add", "p,q", "s").node("Mul", "s,half", "y"));
    float[] gradient = map(network, "gradient:score=probability,channels=sum");
    assertThat(gradient).isNotEqualTo(new float[3]);
    for (String method : List.of("guided-backprop", "deconvnet", "rectgrad")) {
      assertThat(map(network, method + ":score=probability,channels=sum"))
          .as(method)
          .containsExactly(gradient, within(1e-6f));
    }
    assertThat(map(network, "beta-smooth:score=probability,channels=sum"))
        .containsExactly(gradient, within(1e-6f));
    assertThat(map(network, "fgvis:iterations=20,baseline=zero")).isNotEqualTo(new float[3]);
    double difference = Math.log(mean()[0]) - Math.log(1 / 3.);
    double sum = 0;
    for (float v : map(network, "deeplift")) {
      sum += v;
    }
    assertThat(sum).isCloseTo(difference, within(1e-5));
    assertThatThrownBy(() -> map(network, "lrp"))
        .hasMessageContaining("scores that are a sum of softmaxes have no logit");
  }

  private static float[] map(Network network, String method) {
    try (Device device = TestDevice.open(1);
        Pipeline pipeline = new Pipeline(network, device, 2);
        var workspace = new Workspace(device)) {
      var subject = new Subject(Shape.of(3), X, 0);
      var probe = Methods.parse(method).probe(subject, workspace);
      pipeline.run(List.of(probe));
      return probe.result().values();
    }
  }

  /** As float32 has no smaller ones: their logarithm is finite, their slope 0. */
  @Test
  void whatRoundsToZeroHasAFiniteLogarithm() throws Exception {
    ModelBuilder model =
        two()
            .constant("much", Shape.of(), 300f)
            .node("Mul", "x,much", "w")
            .node("Softmax", "w", "r")
            .node("Add", "r,r", "y");
    Prediction found = prediction(network(model));
    assertThat(found.isFinite()).isTrue();
    assertThat(found.probability(0)).isCloseTo(1, within(1e-6));
  }

  /** Each sum is read twice by the next, so that there are 2⁶⁰ ways to the softmax. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void sumsThatAreReadTwiceAreFollowedOnce() throws Exception {
    ModelBuilder model = two().node("Add", "p,q", "s0");
    for (int i = 0; i < 60; i++) {
      model.node("Add", "s" + i + ",s" + i, i < 59 ? "s" + (i + 1) : "y");
    }
    Graph graph = network(model).graph(3, SessionOptions.GRADIENT);
    assertThat(MixedScores.logarithm(graph, graph.outputs().getFirst())).isNotNull();
    long parts = graph.nodes().stream().filter(n -> MixedScores.isPart(graph, n)).count();
    assertThat(parts).isEqualTo(2);
  }
}
