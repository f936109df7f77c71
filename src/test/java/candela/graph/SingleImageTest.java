package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A graph for one image computes as that for several. */
class SingleImageTest {
  @TempDir Path folder;

  /** Queries, keys and values before images, heads behind them; then one axis for all. */
  @Test
  void isFollowedThroughReshapesAndTransposes() throws Exception {
    Path file =
        new SmallModel(13, -1, 4, 6)
            .longs("parts", new long[] {5}, 0, 4, 3, 2, 1)
            .longs("heads", new long[] {3}, 3, -1, 4)
            .longs("all", new long[] {2}, -1, 4)
            .longs("apart", new long[] {4}, 3, -1, 2, 4)
            .longs("flat", new long[] {2}, -1, 24)
            .node("Reshape", "x parts", "p")
            .node("Transpose", "p", "t", "perm", new long[] {2, 0, 3, 1, 4})
            .node("Reshape", "t heads", "h")
            .node("Reshape", "h all", "a")
            .node("Relu", "a", "r")
            .node("Reshape", "r apart", "b")
            .node("Transpose", "b", "u", "perm", new long[] {1, 0, 2, 3})
            .node("Reshape", "u flat", "y")
            .write(folder);
    OnnxModel model = OnnxModel.read(file);
    Graph graph = Import.graph(model, 1);
    Map<String, Shape> two = new HashMap<>();
    Import.graph(model, 2).named().forEach((name, p) -> two.put(name, p.value().shape()));
    SingleImage image = new SingleImage(graph, two);
    Map<String, SingleImage.At> at = new HashMap<>();
    graph.named().forEach((name, p) -> at.put(name, image.in(p.value())));
    SingleImage.At first = new SingleImage.At(0, 1);
    SingleImage.At second = new SingleImage.At(1, 1);
    SingleImage.At third = new SingleImage.At(0, 3);
    assertThat(at)
        .containsAllEntriesOf(
            Map.of(
                "x", first, "p", first, "t", second, "h", second, "a", third, "r", third, "b",
                second, "u", first, "y", first));
    assertThat(image.doubled(graph.named().get("h").value())).isEqualTo(Shape.of(3, 4, 4));
    // several images are seen by their shapes
    assertThat(new SingleImage(graph, Map.of()).in(graph.input())).isNull();
  }

  /** Three branches read the queries, as in SAM's attention with relative positions. */
  private static SmallModel relative() {
    return new SmallModel(13, -1, 6, 5)
        .random("u", 5, 18)
        .random("h", 2, 3, 2)
        .random("w", 3, 3, 2)
        .random("out", 36, 5)
        .longs("parts", new long[] {5}, 0, 6, 3, 2, 3)
        .longs("heads", new long[] {4}, 3, -1, 6, 3)
        .longs("grid", new long[] {4}, -1, 2, 3, 3)
        .longs("two", new long[] {3}, 2, -1, 3)
        .longs("high", new long[] {4}, 2, -1, 3, 2)
        .longs("three", new long[] {3}, 3, -1, 3)
        .longs("wide", new long[] {4}, 3, -1, 2, 2)
        .longs("rows", new long[] {3}, -1, 6, 2)
        .longs("flat", new long[] {2}, -1, 36)
        .longs("zero", new long[] {1}, 0)
        .node("MatMul", "x u", "qkv")
        .node("Reshape", "qkv parts", "p")
        .node("Transpose", "p", "t", "perm", new long[] {2, 0, 3, 1, 4})
        .node("Reshape", "t heads", "s")
        .node("Split", "s", "q1 k1 v1", "axis", 0)
        .node("Squeeze", "q1 zero", "q")
        .node("Squeeze", "k1 zero", "k")
        .node("Squeeze", "v1 zero", "v")
        .node("Transpose", "k", "kt", "perm", new long[] {0, 2, 1})
        .node("Reshape", "q grid", "g")
        .node("Transpose", "g", "gr", "perm", new long[] {1, 0, 2, 3})
        .node("Reshape", "gr two", "g2")
        .node("MatMul", "g2 h", "h2")
        .node("Reshape", "h2 high", "h4")
        .node("Transpose", "h4", "hr", "perm", new long[] {1, 0, 2, 3})
        .node("Reshape", "hr rows", "rh")
        .node("Transpose", "g", "gc", "perm", new long[] {2, 0, 1, 3})
        .node("Reshape", "gc three", "g3")
        .node("MatMul", "g3 w", "w3")
        .node("Reshape", "w3 wide", "w4")
        .node("Transpose", "w4", "wr", "perm", new long[] {1, 2, 0, 3})
        .node("Reshape", "wr rows", "rw")
        .node("Concat", "rh rw rh", "r", "axis", 2)
        .node("MatMul", "q kt", "a")
        .node("Add", "a r", "b")
        .node("Softmax", "b", "c", "axis", 2)
        .node("MatMul", "c v", "d")
        .node("Reshape", "d flat", "e")
        .node("MatMul", "e out", "y");
  }

  @Test
  void hasTheBitsOfOneOfSeveral() throws Exception {
    checkBits(relative(), 30);
  }

  /**
   * Seen as one matrix and back, which of one image alone changes no shape, before an affine map.
   */
  @Test
  void rowsOfAllImagesAreJoinedInOneAlone() throws Exception {
    checkBits(
        new SmallModel(13, -1, 3, 4)
            .random("w", 4, 2)
            .random("scale", 2)
            .random("shift", 2)
            .random("out", 6, 5)
            .longs("all", new long[] {3}, 1, -1, 4)
            .longs("apart", new long[] {3}, -1, 3, 2)
            .longs("flat", new long[] {2}, -1, 6)
            .node("Reshape", "x all", "a")
            .node("MatMul", "a w", "b")
            .node("Reshape", "b apart", "c")
            .node("Mul", "c scale", "d")
            .node("Add", "d shift", "e")
            .node("Reshape", "e flat", "f")
            .node("MatMul", "f out", "y"),
        12);
  }

  /** Weights of cubic interpolation vanish at whole distances, whatever their coefficient. */
  @Test
  void imagesOfACropAreNotInterpolated() throws Exception {
    checkBits(
        new SmallModel(13, -1, 2, 3, 4)
            .floats("roi", new long[] {8}, 0, 0, 0, .25f, 1, 1, 1, .75f)
            .floats("scales", new long[] {4}, 1, 1, 1, 1.5f)
            .longs("flat", new long[] {2}, -1, 36)
            .random("out", 36, 5)
            .node(
                "Resize",
                "x roi scales",
                "r",
                "mode",
                "cubic",
                "coordinate_transformation_mode",
                "tf_crop_and_resize",
                "cubic_coeff_a",
                -.6f)
            .node("Exp", "r", "e")
            .node("Reshape", "e flat", "f")
            .node("MatMul", "f out", "y"),
        24);
  }

  /**
   * Images do not come to lie inside of rows, where several are summed in another order than one.
   */
  @Test
  void productsOfElementsLeaveImagesWhereTheyAre() throws Exception {
    checkBits(
        new SmallModel(13, -1, 40)
            .random("u", 40)
            .random("out", 40, 5)
            .longs("one", new long[] {1}, 1)
            .node("Einsum", "x u", "a", "equation", "bi,i->bi")
            .node("Exp", "a", "b")
            .node("ReduceSum", "b one", "c")
            .node("Div", "b c", "d")
            .node("MatMul", "d out", "y"),
        40);
  }

  /**
   * @param size of an image
   */
  private void checkBits(SmallModel model, int size) throws Exception {
    Network network = Network.load(model.write(folder));
    SplittableRandom random = new SplittableRandom(3);
    float[] x = new float[3 * size];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    try (Device device = TestDevice.open(0)) {
      float[] all = gradient(network, device, 3, x);
      for (int i = 0; i < 3; i++) {
        float[] one = Arrays.copyOfRange(x, i * size, (i + 1) * size);
        float[] there = Arrays.copyOfRange(all, i * size, (i + 1) * size);
        Compare.assertSame("image " + i, gradient(network, device, 1, one), there);
      }
    }
  }

  /** Pixels before images, taken for rows of an image, which of one image alone is right. */
  @Test
  void ofAModelThatMixesSeveralTheOnlyOneIsRight() throws Exception {
    Network network =
        Network.load(
            new SmallModel(17, -1, 3, 4, 4)
                .longs("flat", new long[] {3}, 0, 6, 16)
                .longs("rows", new long[] {3}, -1, 16, 6)
                .longs("all", new long[] {2}, -1, 96)
                .random("u", 6, 6)
                .random("w", 6, 3, 1, 1)
                .random("out", 96, 5)
                .node("Conv", "x w", "c")
                .node("Reshape", "c flat", "f")
                .node("Transpose", "f", "t", "perm", new long[] {2, 0, 1})
                .node("MatMul", "t u", "e")
                .node("Reshape", "e rows", "s")
                .node("Relu", "s", "g")
                .node("Reshape", "g all", "z")
                .node("MatMul", "z out", "y")
                .write(folder));
    float[] x = new float[48];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    Graph plain = Import.graph(network.model(), 1);
    try (Device device = TestDevice.open(0);
        Session s = network.session(device, 1, SessionOptions.FORWARD);
        Session asItIs = Session.open(plain, device, SessionOptions.FORWARD)) {
      float[][] y = new float[2][];
      Session[] both = {s, asItIs};
      for (int i = 0; i < 2; i++) {
        device.write(both[i].input(), x);
        both[i].forward();
        y[i] = device.read(both[i].output()).clone();
      }
      Compare.assertClose("scores", y[0], y[1], 1e-5);
    }
    assertThatThrownBy(() -> network.graph(2, SessionOptions.FORWARD))
        .isInstanceOf(OnlyBatch.class);
  }

  private static float[] gradient(Network network, Device device, int batch, float[] x) {
    try (Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
      device.write(s.input(), x);
      s.forward();
      s.score(ScoreKind.LOGIT, new long[batch]);
      s.backward(Rules.GRADIENT);
      return device.read(s.gradient()).clone();
    }
  }
}
