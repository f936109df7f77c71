package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Operators that PyTorch's exporters emit for classifiers beside those of layers. Their gradients
 * are OperatorTest's.
 */
class ExportedOperatorsTest {
  private static final long[] AXES = {1, 2};

  @TempDir Path folder;

  private static SmallModel model(int opset) {
    return new SmallModel(opset, 2, 3, 4, 5);
  }

  static Map<String, SmallModel> models() {
    Map<String, SmallModel> m = new LinkedHashMap<>();
    m.put(
        "Attention of three heads",
        model(23).node("Exp", "x", "k").node("Attention", "x k x", "y", "scale", .4f));
    m.put(
        "Attention of rows, causal, with fewer keys than queries",
        model(23)
            .longs("rows", new long[] {3}, 0, 10, 6)
            .random("u", 6, 3)
            .node("Reshape", "x rows", "q")
            .node("MatMul", "q u", "k")
            .node("Attention", "q k k", "y", "q_num_heads", 2, "kv_num_heads", 1, "is_causal", 1));
    m.put(
        "Attention with a mask and a cap",
        model(23).random("mask", 4, 4).node("Attention", "x x x mask", "y", "softcap", 1.5f));
    m.put(
        "CenterCropPad",
        model(18)
            .longs("s", new long[] {2}, 3, 8)
            .node("CenterCropPad", "x s", "y", "axes", new long[] {2, 3}));
    m.put("CumSum", model(13).longs("a", new long[0], 2).node("CumSum", "x a", "y"));
    m.put(
        "CumSum, reverse and exclusive",
        model(13)
            .longs("a", new long[0], -1)
            .node("CumSum", "x a", "y", "reverse", 1, "exclusive", 1));
    m.put(
        "Einsum of one operand",
        model(13).node("Einsum", "x", "y", "equation", "n c h w -> n w h"));
    m.put(
        "Einsum with a matrix",
        model(13).random("w", 6, 5).node("Einsum", "x w", "y", "equation", "nchw,ow->nohc"));
    m.put(
        "Einsum of two images",
        model(13).node("Tanh", "x", "t").node("Einsum", "x t", "y", "equation", "nchw,nkhw->nhck"));
    m.put(
        "Einsum that sums an axis of its own",
        model(13).node("Exp", "x", "e").node("Einsum", "x e", "y", "equation", "nchw,nkhv->nck"));
    m.put(
        "Gather evenly",
        model(13).longs("i", new long[] {2}, 3, 1).node("Gather", "x i", "y", "axis", 2));
    m.put(
        "Gather unevenly",
        model(13).longs("i", new long[] {2, 2}, 3, 0, 0, 1).node("Gather", "x i", "y", "axis", 3));
    m.put(
        "GatherND",
        model(13)
            .longs("i", new long[] {3, 2}, 0, 2, 1, 0, 1, -1)
            .node("Transpose", "x", "t", "perm", new long[] {1, 2, 0, 3})
            .node("GatherND", "t i", "g")
            .node("Transpose", "g", "y", "perm", new long[] {1, 0, 2}));
    m.put(
        "GatherElements of tokens that are kept",
        model(13)
            .longs("k", new long[] {1}, 2)
            .longs("last", new long[] {1}, -1)
            .longs("all", new long[] {4}, 1, 1, 1, 5)
            .node("ReduceSum", "x last", "seen", "keepdims", 0)
            .node("TopK", "seen k", "values places", "axis", 2, "sorted", 1)
            .node("Unsqueeze", "places last", "rows")
            .node("Expand", "rows all", "index")
            .node("GatherElements", "x index", "y", "axis", 2));
    m.put(
        "GridSample of a spatial transformer",
        spatial().node("GridSample", "x grid", "y", "mode", "cubic"));
    m.put(
        "AffineGrid of a spatial transformer",
        spatial().node("GridSample", "x grid", "y", "padding_mode", "border"));
    m.put("Hardmax of channels", hardened());
    m.put("LpNormalization", model(13).node("LpNormalization", "x", "y", "axis", 2));
    m.put(
        "MeanVarianceNormalization of pixels",
        model(13).node("MeanVarianceNormalization", "x", "y", "axes", new long[] {2, 3}));
    m.put(
        "Mod of constants",
        model(13)
            .longs("a", new long[] {4}, 7, -7, 6, -1)
            .longs("b", new long[] {4}, 3, 3, 2, 4)
            .node("Mod", "a b", "i")
            .node("Gather", "x i", "y", "axis", 3));
    m.put(
        "RMSNormalization",
        model(23).random("w", 5).node("RMSNormalization", "x w", "y", "epsilon", .01f));
    m.put(
        "RotaryEmbedding of places",
        model(23)
            .longs("rows", new long[] {3}, 0, 10, 6)
            .random("c", 12, 1)
            .random("s", 12, 1)
            .longs("i", new long[] {2, 10}, places())
            .node("Reshape", "x rows", "r")
            .node("RotaryEmbedding", "r c s i", "y", "num_heads", 3));
    m.put("ReduceL1", model(13).node("ReduceL1", "x", "y", "axes", AXES));
    m.put("ReduceL2", model(13).node("ReduceL2", "x", "y", "axes", AXES, "keepdims", 0));
    m.put("ReduceSumSquare", model(13).node("ReduceSumSquare", "x", "y", "axes", AXES));
    m.put("ReduceLogSumExp", model(13).node("ReduceLogSumExp", "x", "y", "axes", AXES));
    m.put(
        "ReduceLogSum",
        model(13).node("Exp", "x", "e").node("ReduceLogSum", "e", "y", "axes", AXES));
    m.put(
        "ScatterElements of channels",
        model(16)
            .longs("i", new long[] {1, 2, 1, 1}, 2, 0)
            .longs("all", new long[] {4}, 2, 2, 4, 5)
            .node("Expand", "i all", "places")
            .longs("two", new long[] {2}, 0, 1)
            .node("Gather", "x two", "u0", "axis", 1)
            .node("Exp", "u0", "u")
            .node("ScatterElements", "x places u", "y", "axis", 1));
    m.put(
        "ScatterElements of the largest",
        model(16)
            .longs("k", new long[] {1}, 2)
            .node("TopK", "x k", "values places", "axis", 1)
            .node("Sigmoid", "x", "s")
            .node("Exp", "values", "u")
            .node("ScatterElements", "s places u", "y", "axis", 1));
    m.put(
        "ScatterND into a mask",
        model(16)
            .random("mask", 4, 5)
            .longs("i", new long[] {2, 1}, 2, 0)
            .random("rows", 2, 5)
            .node("ScatterND", "mask i rows", "m")
            .node("Mul", "x m", "y"));
    m.put(
        "TopK of the smallest",
        model(13)
            .longs("k", new long[] {1}, 3)
            .node("TopK", "x k", "y places", "axis", 3, "largest", 0));
    m.put("Tile", model(13).longs("r", new long[] {4}, 1, 2, 1, 3).node("Tile", "x r", "y"));
    m.put("Trilu", model(14).node("Trilu", "x", "y"));
    m.put(
        "Trilu below the diagonal",
        model(14).longs("k", new long[0], -1).node("Trilu", "x k", "y", "upper", 0));
    m.put(
        "Conv with weights that are computed",
        model(13)
            .random("w", 7, 3, 3, 3)
            .node("ReduceMean", "w", "mean", "axes", new long[] {1, 2, 3})
            .node("Sub", "w mean", "v")
            .node("Conv", "x v", "y"));
    m.put(
        "MatMul with a matrix that is computed",
        model(13)
            .random("w", 6, 5)
            .node("Transpose", "w", "t")
            .node("Exp", "t", "u")
            .node("MatMul", "x u", "y"));
    m.put(
        "MatMul with a batch that repeats",
        model(13)
            .node("ReduceMean", "x", "m", "axes", new long[] {1})
            .node("Transpose", "m", "t", "perm", new long[] {0, 1, 3, 2})
            .node("MatMul", "x t", "y"));
    return m;
  }

  /** Of the largest channel its number as it is, by a gate that has no slope. */
  private static SmallModel hardened() {
    return model(13).node("Hardmax", "x", "h", "axis", 1).node("Mul", "x h", "y");
  }

  private static long[] places() {
    return LongStream.range(0, 20).map(i -> i * 5 % 12).toArray();
  }

  /** A grid from a matrix that the image moves a little. */
  private static SmallModel spatial() {
    return model(20)
        .random("w", 60, 6)
        .scalar("little", .003f)
        .floats("straight", new long[] {6}, .9f, .12f, .07f, -.13f, 1.04f, -.09f)
        .longs("matrix", new long[] {3}, -1, 2, 3)
        .longs("size", new long[] {4}, 2, 3, 3, 4)
        .node("Flatten", "x", "flat")
        .node("MatMul", "flat w", "products")
        .node("Mul", "products little", "some")
        .node("Add", "some straight", "six")
        .node("Reshape", "six matrix", "theta")
        .node("AffineGrid", "theta size", "grid");
  }

  @TestFactory
  Stream<DynamicTest> outputsEqualOnnxRuntime() {
    return models().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getValue().write(folder))));
  }

  private static void check(Path file) throws Exception {
    float[] x = random(new SplittableRandom(17), 2 * 60);
    try (Device device = TestDevice.open(1);
        Session s = Network.load(file).session(device, 2, SessionOptions.FORWARD)) {
      float[] y = run(s, device, x);
      Compare.assertClose("outputs", y, Ort.run(file, x, 2, 3, 4, 5), 1e-5);
    }
  }

  private static float[] random(SplittableRandom random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  private static float[] run(Session s, Device device, float[] x) {
    device.write(s.input(), x);
    s.forward();
    return device.read(s.output());
  }

  /** A batch of one repeats nothing, one of two does: sums must be the same all the same. */
  @Test
  void aRepeatedOperandGivesTheSameBitsAtEveryBatchSize() throws Exception {
    sameBits(models().get("MatMul with a batch that repeats").write(folder));
  }

  /** A class token is one row for one image: its sum with the bias must not be made before. */
  @Test
  void aRepeatedConstantGivesTheSameBitsAtEveryBatchSize() throws Exception {
    sameBits(
        model(13)
            .random("token", 1, 40)
            .random("w", 60, 40)
            .random("b", 40)
            .longs("zero", new long[] {1}, 0)
            .longs("rest", new long[] {1}, 40)
            .node("Flatten", "x", "f")
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "batch")
            .node("Concat", "batch rest", "to", "axis", 0)
            .node("Expand", "token to", "tokens")
            .node("MatMul", "f w", "m")
            .node("Add", "m b", "mb")
            .node("Add", "mb tokens", "y")
            .write(folder));
  }

  private static void sameBits(Path file) {
    Network network = Network.load(file);
    float[] x = random(new SplittableRandom(19), 2 * 60);
    try (Device device = TestDevice.open(1);
        Session two = network.session(device, 2, SessionOptions.GRADIENT);
        Session one = network.session(device, 1, SessionOptions.GRADIENT)) {
      float[] y = run(two, device, x);
      two.score(ScoreKind.LOGIT, new long[] {5, 5});
      two.backward(Rules.GRADIENT);
      float[] g = device.read(two.gradient());
      float[] alone = run(one, device, Arrays.copyOf(x, 60));
      one.score(ScoreKind.LOGIT, new long[] {5});
      one.backward(Rules.GRADIENT);
      Compare.assertSame("output", alone, Arrays.copyOf(y, alone.length));
      Compare.assertSame("gradient", device.read(one.gradient()), Arrays.copyOf(g, 60));
    }
  }

  /** A channel that is zero everywhere has no direction; others must not turn to NaN. */
  @Test
  void theGradientOfANormIsZeroAtZero() throws Exception {
    Path file = models().get("ReduceL2").write(folder);
    try (Device device = TestDevice.open(1);
        Session s = Network.load(file).session(device, 2, SessionOptions.GRADIENT)) {
      float[] y = run(s, device, new float[2 * 60]);
      for (float v : y) {
        assertThat(v).isLessThan(1e-18f);
      }
      device.write(s.seed(), random(new SplittableRandom(23), y.length));
      s.backward(Rules.GRADIENT);
      assertThat(device.read(s.gradient())).containsOnly(0);
    }
  }

  @Test
  void whatIsNotSupportedIsSaid() throws Exception {
    refused(
        model(13).node("Einsum", "x", "y", "equation", "nchw->...->w"),
        "equation 'nchw->...->w' of 1 operands; supported are letters and '...' for each");
    refused(
        model(13).node("Einsum", "x", "y", "equation", "...hw,w->..."),
        "equation '...hw,w->...' of 1 operands");
    refused(
        model(13).node("Einsum", "x", "y", "equation", "...hwh->...w"), "axis 'h' is 3 and 5 long");
    refused(
        model(13).node("Einsum", "x", "y", "equation", "abcdef...->a"),
        "do not fit operand [2,3,4,5]");
    refused(
        model(13).node("Einsum", "x x", "y", "equation", "nchw,ncwh->nchw"),
        "axis 'w' is 5 and 4 long");
    refused(
        model(16)
            .random("r", 1, 3, 4, 5)
            .longs("i", new long[] {1, 1}, 0)
            .node("ScatterND", "x i r", "y", "reduction", "mean"),
        "reduction 'mean'; supported are none, add, mul, max and min");
    refused(
        model(16)
            .random("r", 2, 3, 4, 5)
            .longs("i", new long[] {1, 1}, 0)
            .node("ScatterND", "x i r", "y"),
        "updates [2,3,4,5] do not fit indices [1,1] into [2,3,4,5]");
    // as many values as are expected, in another order
    refused(
        model(16)
            .random("r", 3, 1, 4, 5)
            .longs("i", new long[] {1, 1}, 0)
            .node("ScatterND", "x i r", "y"),
        "updates [3,1,4,5] do not fit indices [1,1] into [2,3,4,5]; [1,3,4,5] expected");
    refused(
        model(13)
            .longs("i", new long[] {3, 1}, 0, 0, 0)
            .node("GatherND", "x i", "y", "batch_dims", 1),
        "indices [3,1] do not fit [2,3,4,5]");
    refused(
        model(13).longs("i", new long[] {1, 5}, 0, 0, 0, 0, 0).node("GatherND", "x i", "y"),
        "indices [1,5] do not fit [2,3,4,5]");
  }

  private void refused(SmallModel model, String why) throws Exception {
    Path file = model.write(folder);
    assertThatThrownBy(() -> Network.load(file).inputShape())
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(why);
  }

  /** -9.7 is cut to -9, whose last four bits, 0111, are 7; of 2 bits, 11, they are 3 or -1. */
  @ParameterizedTest
  @CsvSource({"21, 7, 4, 15, 8", "22, 7, 4, -1, -8", "25, 3, 0, 3, 0", "26, -1, 0, -1, 0"})
  void castsToFewBitsKeepTheLast(int type, float a, float b, float c, float d) throws Exception {
    Path file =
        new SmallModel(25, 1, 4)
            .node("Cast", "x", "few", "to", type)
            .node("Cast", "few", "y", "to", 1)
            .write(folder);
    try (Device device = TestDevice.open(1);
        Session s = Network.load(file).session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), new float[] {-9.7f, 4.2f, -1, 8});
      s.forward();
      assertThat(device.read(s.output())).containsExactly(a, b, c, d);
    }
  }
}
