package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Running some rows at a time changes the memory and nothing else. */
class SlicesTest {
  /** As few rows at a time as there may be. */
  private static final long LEAST = 1;

  static Stream<OnnxModel> models() {
    return Stream.of(
        OnnxModel.read(Shared.path("models/mnist-cntk.onnx")),
        OnnxModel.read(Shared.path("models/cifar10/resnet20_bn.onnx")),
        mixed());
  }

  /** Everything that runs by rows: joined convolutions, sums over skips, pools, norms, moves. */
  private static OnnxModel mixed() {
    var m = new ModelBuilder(13).input("x", 1, 3, 9, 9);
    Random r = new Random(3);
    m.constant("w", candela.tensor.Shape.of(8, 3, 3, 3), draw(r, 216));
    m.constant("v", candela.tensor.Shape.of(8, 8, 1, 1), draw(r, 64));
    m.constant("k", candela.tensor.Shape.of(1, 8, 1, 1), draw(r, 8));
    m.constant("rows", candela.tensor.Shape.of(2), 0, -1);
    m.node("Conv", "x,w", "a", "pads", new int[] {1, 1, 1, 1});
    m.node("Relu", "a", "b");
    m.node("Conv", "b,v", "c");
    m.node("Relu", "c", "d");
    m.node("Concat", "d,b", "e", "axis", 1);
    m.node("MaxPool", "e", "f", "kernel_shape", new int[] {3, 3}, "strides", new int[] {2, 2});
    m.node("LRN", "f", "g", "size", 3);
    m.node(
        "AveragePool",
        "f",
        "h",
        "kernel_shape",
        new int[] {2, 2},
        "strides",
        new int[] {1, 1},
        "pads",
        new int[] {0, 0, 1, 1});
    m.node("Add", "g,h", "i");
    m.node("Sigmoid", "i", "j");
    m.node("Split", "j", "p,q", "axis", 1);
    m.node("Mul", "p,q", "s");
    m.node("Mul", "s,k", "t");
    m.node("Conv", "t,v", "u");
    m.node("Add", "u,s", "u2");
    m.node("Relu", "u2", "u3");
    m.node("ReduceMean", "u3", "n", "axes", new int[] {2, 3});
    m.node("Reshape", "n,rows", "o");
    m.node("Softmax", "o", "y", "axis", 1);
    return m.output("y").model();
  }

  private static float[] draw(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) r.nextGaussian() / 4;
    }
    return v;
  }

  @ParameterizedTest
  @MethodSource("models")
  void bitsStayAndMemoryShrinks(OnnxModel model) {
    assumeTrue(TestDevice.isCpu(), "skipped: on the cpu only, a card runs whole batches");
    // 13 rows on 2 threads: slices of 4, 4, 4 and 1.
    Network network = Network.of(model).channelsFirst();
    try (Device device = TestDevice.open(2)) {
      for (SessionOptions options : List.of(SessionOptions.FORWARD, SessionOptions.GRADIENT)) {
        Graph graph = network.graph(13, options);
        try (Session whole = Session.open(graph, device, options, Long.MAX_VALUE);
            Session sliced = Session.open(graph, device, options, LEAST)) {
          assertThat(answers(sliced, options))
              .usingRecursiveComparison()
              .isEqualTo(answers(whole, options));
          assertThat(sliced.memory().values()).isLessThan(whole.memory().values());
        }
      }
    }
  }

  private static List<float[]> answers(Session s, SessionOptions options) {
    float[] x = draw(new Random(7), s.input().count());
    s.device().write(s.input(), x);
    s.forward();
    // Twice: what the first run left must not matter.
    s.forward();
    float[] logits = s.device().read(s.logits());
    if (options.gradientAt().isEmpty()) {
      return List.of(logits);
    }
    long[] target = new long[s.batch()];
    float[] scores = s.score(ScoreKind.LOGIT, target);
    s.backward(Rules.GRADIENT);
    return List.of(logits, scores, s.device().read(s.gradient()));
  }

  @Test
  void slicesAreEqualAndOfferEveryThreadWork() {
    Graph graph = Network.of(mixed()).graph(16, SessionOptions.FORWARD);
    for (int threads : new int[] {1, 2, 3, 8}) {
      for (Slices.Run run : Slices.of(graph, 16, threads, LEAST)) {
        boolean one = run.first() == run.last();
        int expected = one ? 16 : threads == 3 ? 6 : 2 * threads;
        assertThat(run.rows()).as("%d threads", threads).isEqualTo(expected);
      }
    }
    assertThat(Slices.of(graph, 16, 2, 16L << 20))
        .as("all of a batch of small images")
        .allMatch(r -> r.rows() == 16);
  }

  @Test
  void rowsWithoutElementsRunTogetherWhereThereIsNoLimit() {
    var m = new ModelBuilder(13).input("x", 1, 0);
    m.node("Relu", "x", "a");
    m.node("Sigmoid", "a", "y");
    Graph graph = Network.of(m.output("y").model()).graph(16, SessionOptions.FORWARD);
    assertThat(Slices.of(graph, 16, 1, Long.MAX_VALUE)).isNotEmpty().allMatch(r -> r.rows() == 16);
  }
}
