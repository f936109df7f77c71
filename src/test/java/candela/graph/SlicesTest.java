package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
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
        mixed(),
        attention());
  }

  /** Everything that runs by rows: joined convolutions, sums over skips, pools, norms, moves. */
  private static OnnxModel mixed() {
    var m = new ModelBuilder(13).input("x", 1, 3, 9, 9);
    Random r = new Random(3);
    m.constant("w", Shape.of(8, 3, 3, 3), draw(r, 216));
    m.constant("v", Shape.of(8, 8, 1, 1), draw(r, 64));
    m.constant("k", Shape.of(1, 8, 1, 1), draw(r, 8));
    m.constant("rows", Shape.of(2), 0, -1);
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

  /** What an attention and its surroundings run by rows. */
  private static OnnxModel attention() {
    var m = new ModelBuilder(21).input("x", 1, 3, 6, 6);
    Random r = new Random(5);
    m.constant("patches", Shape.of(8, 3, 2, 2), draw(r, 96));
    m.constant("token", Shape.of(1, 1, 8), draw(r, 8));
    m.constant("scale", Shape.of(8), draw(r, 8));
    m.constant("w", Shape.of(8, 24), draw(r, 192));
    m.constant("v", Shape.of(8, 8), draw(r, 64));
    m.constant("u", Shape.of(8, 3), draw(r, 24));
    m.constant("far", Shape.of(1, 1, 10), draw(r, 10));
    m.constant("low", Shape.of(), 0f);
    m.constant("rows", Shape.of(3), 0, 8, 9);
    m.constant("heads", Shape.of(4), 0, 10, 2, 12);
    m.constant("joined", Shape.of(3), 0, 10, 8);
    m.constant("square", Shape.of(4), 0, 8, 2, 5);
    m.constant("rim", Shape.of(8), 0, 0, 0, 1, 0, 0, 1, 0);
    m.constant("flat", Shape.of(2), 0, 8);
    m.constant("tail", Shape.of(2), 1, 8);
    m.constant("first", Shape.of(1), 1);
    m.constant("end", Shape.of(1), 6);
    m.constant("across", Shape.of(1), 3);
    m.constant("both", Shape.of(2), 2, 3);
    m.node("Conv", "x,patches", "a", "strides", new int[] {2, 2});
    m.node("Reshape", "a,rows", "b");
    m.node("Transpose", "b", "c", "perm", new int[] {0, 2, 1});
    m.node("Shape", "x", "n", "start", 0, "end", 1);
    m.node("Concat", "n,tail", "as", "axis", 0);
    m.node("Expand", "token,as", "t");
    m.node("Concat", "t,c", "d", "axis", 1);
    m.node("LayerNormalization", "d,scale,scale", "e", "axis", -1);
    m.node("MatMul", "e,w", "f");
    m.node("Relu", "f", "g");
    m.node("Reshape", "g,heads", "h");
    m.node("Transpose", "h", "i", "perm", new int[] {0, 2, 1, 3});
    m.node("Split", "i", "q,k,l", "axis", 3, "num_outputs", 3);
    m.node("Transpose", "k", "kt", "perm", new int[] {0, 1, 3, 2});
    m.node("MatMul", "q,kt", "s");
    m.node("Greater", "s,low", "near");
    m.node("Where", "near,s,far", "s2");
    m.node("Softmax", "s2", "p", "axis", -1);
    m.node("MatMul", "p,l", "o");
    m.node("Transpose", "o", "o2", "perm", new int[] {0, 2, 1, 3});
    m.node("Reshape", "o2,joined", "o3");
    m.node("MatMul", "o3,v", "o4");
    m.node("Gelu", "o4", "o5");
    m.node("Add", "o5,d", "z");
    m.node("Transpose", "z", "zt", "perm", new int[] {0, 2, 1});
    m.node("Reshape", "zt,square", "z2");
    m.node("InstanceNormalization", "z2,scale,scale", "z3");
    m.node("GroupNormalization", "z3,scale,scale", "z4", "num_groups", 2);
    m.node("Pad", "z4,rim", "z5");
    m.node("Slice", "z5,first,end,across", "z6");
    m.node("Sigmoid", "z6", "z7");
    m.node("ReduceMean", "z7,both", "m");
    m.node("Reshape", "m,flat", "m2");
    m.node("MatMul", "m2,u", "y");
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
          assertSameBits(sliced, whole, options);
          assertThat(sliced.memory().values()).isLessThan(whole.memory().values());
        }
      }
    }
  }

  /** A constant that differs from image to image, as a file for one batch may have it. */
  @Test
  void constantsOfEachImageStayWithTheirImages() {
    var m = new ModelBuilder(13).input("x", 13, 4);
    m.constant("own", Shape.of(13, 3), draw(new Random(1), 39));
    m.node("Relu", "x", "a");
    m.node("Concat", "a,own", "b", "axis", 1);
    m.node("Sigmoid", "b", "y");
    Network network = Network.of(m.output("y").model());
    try (Device device = TestDevice.open(2)) {
      Graph graph = network.graph(13, SessionOptions.GRADIENT);
      try (Session whole = Session.open(graph, device, SessionOptions.GRADIENT, Long.MAX_VALUE);
          Session sliced = Session.open(graph, device, SessionOptions.GRADIENT, LEAST)) {
        assertSameBits(sliced, whole, SessionOptions.GRADIENT);
      }
    }
  }

  private static void assertSameBits(Session sliced, Session whole, SessionOptions options) {
    assertThat(answers(sliced, options))
        .usingRecursiveComparison()
        .isEqualTo(answers(whole, options));
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
      List<Slices.Run> runs = Slices.of(graph, 16, threads, LEAST);
      assertThat(runs).isNotEmpty();
      for (Slices.Run run : runs) {
        boolean one = run.first() == run.last();
        int expected = one ? 16 : threads == 3 ? 6 : 2 * threads;
        assertThat(run.rows()).as("%d threads", threads).isEqualTo(expected);
      }
    }
    assertThat(Slices.of(graph, 16, 2, 16L << 20))
        .as("all of a batch of small images")
        .isNotEmpty()
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
