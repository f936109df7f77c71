package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose files hold the length of the batch they were exported with, in other batches. */
class BatchingTest {
  @TempDir Path folder;

  private record Case(String name, int own, SmallModel model) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case("flattened", 1, flattened()),
        new Case("windows", 1, windows()),
        new Case("class token", 1, classToken()),
        new Case("pixels before images", 1, pixelsFirst()),
        new Case("picked from all elements", 1, picked()),
        new Case("repeated and resized", 1, sized()),
        new Case("a mask for each window", 1, masked(1)),
        new Case("a mask for each pixel", 1, masked(0)),
        new Case("a batch of two", 2, two()),
        new Case("states for two images", 2, states("h0", 1f, 2f, 1f, 2f)),
        new Case("states for as many images as there are", 2, states("h1", 1f, 2f, 1f, 2f)),
        new Case("matrices, a shift and a choice for two images", 2, operands()),
        new Case("an axis of its own, and none", 1, axes()),
        new Case("channels of constants written over", 1, written("c one u")),
        new Case("channels of constants, element by element", 1, elements()),
        new Case("channels written into constants", 1, written("z t c")),
        new Case("a spatial transformer", 1, spatial()),
        new Case("read at a grid that is written", 1, sampled()),
        new Case("tokens that are kept, turned", 1, kept()),
        new Case("elements at places that are written", 1, gathered()),
        new Case("the row of the largest, by tuples", 1, largest(true)),
        new Case("the row of the largest, of all rows", 1, largest(false)),
        new Case("the row of the largest, of all rows of any number", 1, numbered("Gather", -1)),
        new Case("the row of the largest, by tuples of one", 1, numbered("GatherND", -1)),
        new Case("the row of the largest, of all rows of one", 1, numbered("Gather", 1)),
        new Case("the row of the largest, by tuples of one image's", 1, numbered("GatherND", 1)),
        new Case("the diagonal, by tuples that are written", 1, diagonal()),
        new Case("elements at places beside the images", 1, beside(1)),
        new Case("elements at places beside any number of images", 1, beside(-1)),
        new Case("weights of its own", 1, weighted()),
        new Case("a deformable convolution", 1, deformed()),
        new Case("waves and products of elements", 1, waves()),
        new Case("gates of the largest", 1, hardened()),
        new Case("the centre, backwards", 1, centre()),
        new Case("images between rows and channels", 1, between(1)),
        new Case("images between rows and channels, of any number", 1, between(-1)),
        new Case(
            "channels but the first, of any number of images",
            1,
            OpenBatchTest.sliced(1, 0, 2, 3)));
  }

  private static SmallModel model(long... x) {
    return new SmallModel(13, x).random("w", 12, 5);
  }

  /** Of a matrix for each image, and a size that counts one. */
  private static SmallModel spatial() {
    return new SmallModel(20, 1, 3, 2, 2)
        .random("w", 12, 5)
        .random("v", 12, 6)
        .longs("m", new long[] {3}, 1, 2, 3)
        .longs("size", new long[] {4}, 1, 3, 2, 2)
        .node("Flatten", "x", "flat")
        .node("MatMul", "flat v", "six")
        .node("Reshape", "six m", "theta")
        .node("AffineGrid", "theta size", "grid", "align_corners", 1)
        .node("GridSample", "x grid", "read", "padding_mode", "border")
        .node("Flatten", "read", "rows")
        .node("MatMul", "rows w", "y");
  }

  private static SmallModel sampled() {
    return new SmallModel(16, 1, 3, 2, 2)
        .random("w", 12, 5)
        .random("grid", 1, 4, 1, 2)
        .node("GridSample", "x grid", "read", "mode", "bicubic")
        .node("Flatten", "read", "rows")
        .node("MatMul", "rows w", "y");
  }

  /** Two of three rows by their sums; angles of rows that are written for one image. */
  private static SmallModel kept() {
    return new SmallModel(23, 1, 3, 2, 2)
        .random("w", 8, 5)
        .random("c", 5, 2)
        .random("s", 5, 2)
        .longs("i", new long[] {1, 3}, 4, 0, 2)
        .longs("t", new long[] {3}, 1, 3, 4)
        .longs("k", new long[] {1}, 2)
        .longs("last", new long[] {1}, -1)
        .longs("all", new long[] {3}, 1, 1, 4)
        .longs("f", new long[] {2}, 1, 8)
        .node("Reshape", "x t", "tokens")
        .node("RotaryEmbedding", "tokens c s i", "turned", "num_heads", 1)
        .node("ReduceSum", "turned last", "seen", "keepdims", 0)
        .node("TopK", "seen k", "values places")
        .node("Unsqueeze", "places last", "rows")
        .node("Expand", "rows all", "index")
        .node("GatherElements", "turned index", "kept", "axis", 1)
        .node("Reshape", "kept f", "flat")
        .node("MatMul", "flat w", "y");
  }

  private static SmallModel gathered() {
    return model(1, 3, 2, 2)
        .longs("i", new long[] {1, 2, 2, 2}, 2, 0, 1, 1, 0, 0, 2, -1)
        .random("v", 8, 5)
        .node("GatherElements", "x i", "some", "axis", 1)
        .node("Flatten", "some", "flat")
        .node("MatMul", "flat v", "y");
  }

  /** As exporters write x[arange(1), place], or x[0, place]. */
  private static SmallModel largest(boolean tuples) {
    SmallModel m =
        new SmallModel(13, 1, 3, 2, 2)
            .random("w", 4, 5)
            .longs("t", new long[] {3}, 1, 3, 4)
            .longs("r", new long[] {2}, -1, 4)
            .longs("last", new long[] {1}, -1)
            .longs("zero", new long[] {1, 1}, 0)
            .longs("none", new long[] {1}, 0)
            .node("Reshape", "x t", "tokens")
            .node("ReduceSum", "tokens last", "seen", "keepdims", 0)
            .node("ArgMax", "seen", "place", "axis", 1, "keepdims", 0);
    if (tuples) {
      m.node("Unsqueeze", "place last", "one").node("Concat", "zero one", "tuple", "axis", -1);
      m.node("GatherND", "tokens tuple", "row");
    } else {
      m.node("Reshape", "tokens r", "rows").node("Add", "place none", "all");
      m.node("Gather", "rows all", "row");
    }
    return m.node("MatMul", "row w", "y");
  }

  /** As exporters write x[arange(n), place] for any n: with the image's own number in the place. */
  private static SmallModel numbered(String op, int images) {
    SmallModel m =
        OpenBatchTest.numbered(images)
            .random("v", 4, 5)
            .longs("u", new long[] {1}, 1)
            .node("Unsqueeze", "all u", "tuples");
    m.node(op, op.equals("Gather") ? "rows all" : "rows tuples", "row");
    return m.node("MatMul", "row v", "y");
  }

  private static SmallModel diagonal() {
    return new SmallModel(13, 1, 3, 2, 2)
        .random("w", 12, 5)
        .longs("i", new long[] {2, 2, 3}, 0, 0, 1, 0, 2, 0, 0, 1, -1, -1, 0, 0)
        .longs("s", new long[] {2}, 1, 8)
        .random("v", 8, 5)
        .node("GatherND", "x i", "some")
        .node("Reshape", "some s", "rows")
        .node("MatMul", "rows v", "y");
  }

  /** Tuples for as many images as there are, which are common to both inputs. */
  private static SmallModel beside(int images) {
    return new SmallModel(13, images, 3, 2, 2)
        .random("w", 6, 5)
        .longs("i", new long[] {1, 3, 1, 2}, 0, 1, 1, 0, -1, -1)
        .longs("none", new long[] {1}, 0)
        .longs("rest", new long[] {3}, 3, 1, 2)
        .node("Shape", "x", "shape")
        .node("Gather", "shape none", "n")
        .node("Concat", "n rest", "s", "axis", 0)
        .node("Expand", "i s", "tuples")
        .node("GatherND", "x tuples", "some", "batch_dims", 2)
        .node("Concat", "some some", "twice", "axis", 2)
        .node("Flatten", "twice", "rows")
        .node("MatMul", "rows w", "y");
  }

  private static SmallModel weighted() {
    return new SmallModel(13, 1, 3, 2, 2)
        .random("w", 8, 5)
        .random("v", 12, 24)
        .longs("k", new long[] {4}, 2, 3, 2, 2)
        .node("Flatten", "x", "flat")
        .node("MatMul", "flat v", "many")
        .node("Reshape", "many k", "kernels")
        .node("Conv", "x kernels", "c", "pads", new long[] {0, 1, 1, 0})
        .node("Flatten", "c", "rows")
        .node("MatMul", "rows w", "y");
  }

  private static SmallModel deformed() {
    return new SmallModel(19, 1, 4, 3, 2)
        .random("o", 16, 4, 2, 1)
        .random("w", 2, 2, 2, 2)
        .random("v", 4, 5)
        .node("Conv", "x o", "all")
        .longs("from", new long[] {1}, 0)
        .longs("to", new long[] {1}, 1)
        .longs("axis", new long[] {1}, 3)
        .node("Slice", "all from to axis", "off")
        .node("DeformConv", "x w off", "c", "offset_group", 2, "group", 2)
        .node("Flatten", "c", "rows")
        .node("MatMul", "rows v", "y");
  }

  private static SmallModel waves() {
    return new SmallModel(26, 1, 3, 2, 2)
        .random("w", 24, 5)
        .longs("two", new long[0], 2)
        .longs("one", new long[0], 1)
        .longs("u", new long[] {1}, 4)
        .node("CumProd", "x one", "p")
        .node("Unsqueeze", "p u", "real")
        .node("DFT", "real  two", "wave")
        .node("Flatten", "wave", "rows")
        .node("MatMul", "rows w", "y");
  }

  private static SmallModel hardened() {
    return model(1, 3, 2, 2)
        .longs("d", new long[] {1}, 12)
        .floats("on", new long[] {2}, 0, 1)
        .node("Flatten", "x", "flat")
        .node("Hardmax", "flat", "first")
        .node("ArgMin", "flat", "last", "axis", 1, "keepdims", 0)
        .node("OneHot", "last d on", "hot")
        .node("Add", "first hot", "gates")
        .node("LpNormalization", "flat", "short")
        .node("Mul", "short gates", "gated")
        .node("MatMul", "gated w", "y");
  }

  private static SmallModel centre() {
    return new SmallModel(18, 1, 3, 2, 4)
        .random("w", 12, 5)
        .longs("s", new long[] {4}, 1, 3, 2, 2)
        .longs("l", new long[] {1}, 2)
        .node("CenterCropPad", "x s", "cut")
        .node("ReverseSequence", "cut l", "back", "batch_axis", 0, "time_axis", 1)
        .node("MeanVarianceNormalization", "back", "even", "axes", new long[] {2, 3})
        .node("LpPool", "even", "pooled", "kernel_shape", new long[] {1, 1}, "p", 1)
        .node("Mul", "pooled back", "both")
        .node("Flatten", "both", "flat")
        .node("MatMul", "flat w", "y");
  }

  /** Channels, which are first, are written over by constants, or into those. */
  private static SmallModel written(String inputs) {
    return model(1, 3, 2, 2)
        .node("Transpose", "x", "c", "perm", new long[] {1, 0, 2, 3})
        .longs("t", new long[] {3, 1}, 2, 0, 1)
        .longs("one", new long[] {1, 1}, 1)
        .random("z", 3, 1, 2, 2)
        .random("u", 1, 1, 2, 2)
        .node("ScatterND", inputs, "written")
        .node("Transpose", "written", "back", "perm", new long[] {1, 0, 2, 3})
        .longs("s", new long[] {2}, 1, 12)
        .node("Reshape", "back s", "flat")
        .node("MatMul", "flat w", "y");
  }

  /** Two channels of constants are added to the third; places are one image's. */
  private static SmallModel elements() {
    return model(1, 3, 2, 2)
        .longs("t", new long[] {1, 2, 2, 2}, 2, 2, 2, 2, 2, 2, 2, 2)
        .random("u", 1, 2, 2, 2)
        .node("ScatterElements", "x t u", "added", "axis", 1, "reduction", "add")
        .longs("s", new long[] {2}, 1, 12)
        .node("Reshape", "added s", "flat")
        .node("MatMul", "flat w", "y");
  }

  private static SmallModel flattened() {
    return model(1, 3, 2, 2)
        .longs("s", new long[] {2}, 1, -1)
        .node("Reshape", "x s", "flat")
        .node("MatMul", "flat w", "y");
  }

  /** As Swin: windows of 2 × 2 pixels become rows, and images again. */
  private static SmallModel windows() {
    return model(1, 3, 4, 6)
        .random("q", 3, 3)
        .longs("a", new long[] {6}, 1, 3, 2, 2, 3, 2)
        .node("Reshape", "x a", "cut")
        .node("Transpose", "cut", "windows", "perm", new long[] {0, 2, 4, 3, 5, 1})
        .longs("b", new long[] {3}, 6, 4, 3)
        .node("Reshape", "windows b", "rows")
        .node("MatMul", "rows q", "products")
        .node("Softmax", "products", "soft", "axis", 1)
        .longs("c", new long[] {6}, 1, 2, 3, 2, 2, 3)
        .node("Reshape", "soft c", "back")
        .node("ReduceMean", "back", "mean", "axes", new long[] {1, 3}, "keepdims", 0)
        .longs("d", new long[] {2}, 1, -1)
        .random("v", 18, 5)
        .node("Reshape", "mean d", "flat")
        .node("MatMul", "flat v", "y");
  }

  private static SmallModel classToken() {
    return model(1, 3, 2, 2)
        .random("token", 1, 1, 3)
        .longs("s", new long[] {3}, 1, 3, 4)
        .node("Reshape", "x s", "pixels")
        .node("Transpose", "pixels", "rows", "perm", new long[] {0, 2, 1})
        .node("Concat", "token rows", "all", "axis", 1)
        .node("Transpose", "all", "turned", "perm", new long[] {0, 2, 1})
        .node("MatMul", "all turned", "squares")
        .longs("d", new long[] {2}, 1, 25)
        .random("v", 25, 5)
        .node("Reshape", "squares d", "flat")
        .node("MatMul", "flat v", "y");
  }

  /** As PyTorch's attention: [pixels, images, features], then rows of both, then heads. */
  private static SmallModel pixelsFirst() {
    return model(1, 4, 3, 3)
        .random("q", 4, 6)
        .random("z", 6)
        .longs("a", new long[] {3}, 1, 4, 9)
        .node("Reshape", "x a", "pixels")
        .node("Transpose", "pixels", "first", "perm", new long[] {2, 0, 1})
        .longs("b", new long[] {2}, 9, 4)
        .node("Reshape", "first b", "rows")
        .node("Gemm", "rows q z", "features")
        .longs("c", new long[] {3}, 9, 1, 6)
        .node("Reshape", "features c", "apart")
        .longs("d", new long[] {3}, 9, 2, 3)
        .node("Reshape", "apart d", "heads")
        .node("Transpose", "heads", "headed", "perm", new long[] {1, 0, 2})
        .longs("e", new long[] {4}, 1, 2, 9, 3)
        .node("Reshape", "headed e", "images")
        .node("Softmax", "images", "soft", "axis", 2)
        .node("Mul", "soft images", "product")
        .node("ReduceMean", "product", "mean", "axes", new long[] {2}, "keepdims", 0)
        .node("Flatten", "mean", "flat")
        .random("v", 6, 5)
        .node("MatMul", "flat v", "y");
  }

  /** As PyTorch exports a pooling: all elements in a row, picked by number. */
  private static SmallModel picked() {
    return model(1, 12, 2, 2)
        .node("ReduceMean", "x", "mean", "axes", new long[] {2, 3}, "keepdims", 1)
        .longs("a", new long[] {1}, -1)
        .node("Reshape", "mean a", "all")
        .longs("i", new long[] {1, 12, 1}, 5, 1, 0, 2, 3, 4, 6, 7, 11, 9, 10, 8)
        .node("Gather", "all i", "some", "axis", 0)
        .longs("b", new long[] {2}, 1, 12)
        .node("Reshape", "some b", "flat")
        .node("MatMul", "flat w", "y");
  }

  private static SmallModel sized() {
    return model(1, 3, 3, 3)
        .longs("to", new long[] {4}, 1, 3, 2, 2)
        .node("Resize", "x   to", "small", "mode", "linear")
        .node("ReduceMean", "small", "mean", "axes", new long[] {2, 3}, "keepdims", 1)
        .node("Expand", "mean to", "wide")
        .node("Mul", "wide small", "product")
        .node("Flatten", "product", "flat")
        .node("MatMul", "flat w", "y");
  }

  /**
   * As Swin in Transformers: what is added to windows, or pixels, of any image, written for one.
   */
  private static SmallModel masked(int images) {
    long[] perm = images == 1 ? new long[] {0, 2, 1} : new long[] {2, 0, 1};
    return model(1, 3, 2, 2)
        .random("mask", 4, 3)
        .longs("a", new long[] {3}, 1, 3, 4)
        .node("Reshape", "x a", "pixels")
        .node("Transpose", "pixels", "rows", "perm", perm)
        .longs("b", new long[] {2}, 4, 3)
        .node("Reshape", "rows b", "all")
        .node("Add", "all mask", "sum")
        .node("Mul", "sum all", "product")
        .longs("c", new long[] {3}, images == 1 ? 1 : 4, images == 1 ? 4 : 1, 3)
        .node("Reshape", "product c", "apart")
        .node("Transpose", "apart", "back", "perm", new long[] {1 - images, images, 2})
        .longs("d", new long[] {2}, 1, 12)
        .node("Reshape", "back d", "flat")
        .node("MatMul", "flat w", "y");
  }

  /** Rows of pixels, then images, then channels are one axis. */
  private static SmallModel between(int images) {
    return new SmallModel(13, images, 4, 3, 2)
        .random("q", 2, 2)
        .random("v", 24, 5)
        .node("Transpose", "x", "first", "perm", new long[] {2, 0, 1, 3})
        .longs("a", new long[] {2}, -1, 2)
        .node("Reshape", "first a", "rows")
        .node("MatMul", "rows q", "products")
        .node("Mul", "products rows", "sum")
        .node("Add", "sum rows", "product")
        .longs("b", new long[] {4}, 3, images, 4, 2)
        .node("Reshape", "product b", "apart")
        .node("Transpose", "apart", "back", "perm", new long[] {1, 0, 2, 3})
        .longs("c", new long[] {2}, images, 24)
        .node("Reshape", "back c", "flat")
        .node("MatMul", "flat v", "y");
  }

  private static SmallModel two() {
    return model(2, 3, 2, 2)
        .longs("a", new long[] {3}, 8, 1, 3)
        .node("Transpose", "x", "last", "perm", new long[] {0, 2, 3, 1})
        .node("Reshape", "last a", "rows")
        .longs("b", new long[] {2}, 2, 12)
        .node("Reshape", "rows b", "flat")
        .node("MatMul", "flat w", "y");
  }

  /** As recurrent layers: two steps, from states that the file holds for each of two images. */
  private static SmallModel states(String begin, float... initial) {
    return model(2, 3, 2, 2)
        .floats("h0", new long[] {2, 2}, initial)
        .random("u", 6, 2)
        .random("v", 2, 2)
        .random("f", 2, 5)
        .longs("zero", new long[] {1}, 0)
        .longs("units", new long[] {1}, 2)
        .node("Shape", "x", "shape")
        .node("Gather", "shape zero", "images", "axis", 0)
        .node("Concat", "images units", "state", "axis", 0)
        .node("Expand", "h0 state", "h1")
        .node("Flatten", "x", "flat")
        .longs("l", new long[] {2}, 6, 6)
        .node("Split", "flat l", "a b", "axis", 1)
        .node("MatMul", "a u", "first")
        .node("MatMul", begin + " v", "inner")
        .node("Add", "inner first", "sum")
        .node("Tanh", "sum", "h2")
        .node("MatMul", "h2 v", "next")
        .node("MatMul", "b u", "second")
        .node("Add", "next second", "last")
        .node("Mul", "last " + begin, "gated")
        .node("MatMul", "gated f", "y");
  }

  /** What operators read beside two images, for each of them. */
  private static SmallModel operands() {
    float[] m = {1, 2, 3, 4, -1, 0, 2, 1, 5, 2, 1, 1};
    float[] twice = Arrays.copyOf(m, 24);
    System.arraycopy(m, 0, twice, 12, 12);
    int[] mask = new int[24];
    Arrays.setAll(mask, i -> i % 12 % 5 == 0 ? 0 : 1);
    return model(2, 3, 2, 2)
        .floats("m", new long[] {2, 3, 2, 2}, twice)
        .floats("c", new long[] {2, 5}, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5)
        .integers("mask", 9, new long[] {2, 12}, mask)
        .scalar("far", -3)
        .node("MatMul", "x m", "right")
        .node("MatMul", "m right", "both")
        .node("Flatten", "both", "flat")
        .node("Where", "mask flat far", "chosen")
        .node("Gemm", "chosen w c", "y");
  }

  /** Lengths of 1 before, and beside, that of the batch. */
  private static SmallModel axes() {
    return model(1, 3, 2, 2)
        .longs("zero", new long[] {1}, 0)
        .node("Unsqueeze", "x zero", "more")
        .longs("a", new long[] {4}, 1, 1, 3, 4)
        .node("Reshape", "more a", "less")
        .node("Squeeze", "less zero", "again")
        .longs("b", new long[] {2}, 1, 12)
        .node("Reshape", "again b", "flat")
        .node("MatMul", "flat w", "y");
  }

  /** Every row as the model computes it in its own batch, with its gradient. */
  @ParameterizedTest
  @MethodSource("cases")
  void rowsDoNotDependOnTheBatch(Case c) throws Exception {
    Network network = Network.load(c.model.write(folder));
    int rows = 6;
    int size = network.graph(rows, SessionOptions.FORWARD).input().shape().count() / rows;
    SplittableRandom random = new SplittableRandom(3);
    float[] x = new float[rows * size];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (2 * random.nextDouble() - 1);
    }
    try (Device device = TestDevice.open(0)) {
      float[][] all = run(network, device, rows, x);
      assertThat(all[0]).hasSize(rows * 5);
      for (int batch = 1; batch <= c.own; batch++) {
        for (int from = 0; from < rows; from += batch) {
          float[] part = Arrays.copyOfRange(x, from * size, (from + batch) * size);
          float[][] alone = run(network, device, batch, part);
          String what = c + ", row " + from + ", batch " + batch;
          float[] y = Arrays.copyOfRange(all[0], from * 5, (from + batch) * 5);
          float[] dx = Arrays.copyOfRange(all[1], from * size, (from + batch) * size);
          Compare.assertClose(what, y, alone[0], 1e-5);
          Compare.assertClose(what + ", gradient", dx, alone[1], 1e-5);
          assertThat(alone[1]).as(what).isNotEqualTo(new float[alone[1].length]);
        }
      }
    }
  }

  @Test
  void statesThatDifferFromImageToImageAreNotCut() throws Exception {
    Network network = Network.load(states("h0", 1f, 2f, 1f, 3f).write(folder));
    assertThat(network.graph(2, SessionOptions.FORWARD).nodes()).isNotEmpty();
    for (int batch : new int[] {1, 4}) {
      assertThatThrownBy(() -> network.graph(batch, SessionOptions.FORWARD))
          .isInstanceOf(OnlyBatch.class)
          .hasMessage(
              "small.onnx: node 'sum' (Add): 'inner' holds something else for each image; the model"
                  + " is made for batches of 2: use batch 2");
    }
    assertThat(network.inputShape()).isEqualTo(Shape.of(1, 3, 2, 2));
    assertThatThrownBy(network::checkSingle)
        .hasMessage(
            "small.onnx: node 'sum' (Add): 'inner' holds something else for each image; the model"
                + " is made for 2 images at a time: export it for one, or for any number");
    Network alike = Network.load(states("h0", 1f, 2f, 1f, 2f).write(folder));
    alike.checkSingle();
    assertThat(alike.inputShape()).isEqualTo(Shape.of(1, 3, 2, 2));
  }

  private static float[][] run(Network network, Device device, int rows, float[] x) {
    try (Session s = network.session(device, rows, SessionOptions.GRADIENT)) {
      device.write(s.input(), x);
      s.forward();
      s.score(ScoreKind.LOGIT, new long[rows]);
      s.backward(Rules.GRADIENT);
      return new float[][] {device.read(s.output()).clone(), device.read(s.gradient()).clone()};
    }
  }

  @Test
  void aModelThatMixesImagesIsRunInItsOwnBatch() throws Exception {
    SmallModel first =
        model(1, 3, 2, 2)
            .longs("zero", new long[] {}, 0)
            .node("Gather", "x zero", "first", "axis", 0)
            .longs("s", new long[] {2}, 1, 12)
            .node("Reshape", "first s", "flat")
            .node("MatMul", "flat w", "y");
    refused(first, "node 'first' (Gather): it picks along axis 0 of [1,3,2,2], where images lie");
    SmallModel sum =
        model(1, 3, 2, 2)
            .node("ReduceMean", "x", "mean", "axes", new long[] {0}, "keepdims", 1)
            .node("Flatten", "mean", "flat")
            .node("MatMul", "flat w", "y");
    refused(sum, "node 'mean' (ReduceMean): 'mean' is [1,3,2,2] for any number of images");
    SmallModel mixed =
        model(1, 3, 2, 2)
            .node("Transpose", "x", "turned", "perm", new long[] {1, 2, 0, 3})
            .longs("s", new long[] {2}, 2, 6)
            .node("Reshape", "turned s", "halves")
            .longs("t", new long[] {2}, 1, 12)
            .node("Reshape", "halves t", "flat")
            .node("MatMul", "flat w", "y");
    refused(mixed, "node 'halves' (Reshape): [3,2,1,2] cannot be seen as [2,6] for other batches");
    refused(
        flat("Softmax", "axis", 0),
        "node 'z' (Softmax): it mixes the images along axis 0 of 'flat'");
    refused(flat("CumSum"), "node 'z' (CumSum): it mixes the images along axis 0 of 'flat'");
    SmallModel twice =
        model(1, 3, 2, 2)
            .node("Concat", "x x", "both", "axis", 0)
            .node("Flatten", "both", "flat")
            .node("MatMul", "flat w", "y");
    refused(twice, "node 'both' (Concat): it mixes the images along axis 0 of 'x'");
  }

  /** Broadcasting lines up images with something else, which is as long in a batch of four. */
  @Test
  void imagesAlongAnotherAxisAreRefused() throws Exception {
    refused(
        new SmallModel(13, 1, 4, 4, 3)
            .node("ReduceMean", "x", "m", "axes", new long[] {2, 3}, "keepdims", 0)
            .longs("last", new long[] {1}, 2)
            .node("Unsqueeze", "m last", "w")
            .node("Mul", "x w", "y"),
        "node 'y' (Mul): it meets images along another axis in 'w'");
    refused(
        new SmallModel(13, 1, 4)
            .longs("one", new long[] {1}, 1)
            .node("ReduceSum", "x one", "r")
            .node("Transpose", "r", "t", "perm", new long[] {1, 0})
            .node("Add", "x t", "y"),
        "node 'y' (Add): it meets images along another axis in 't'");
  }

  @Test
  void theirNumberAsANumberIsRefused() throws Exception {
    refused(
        model(1, 3, 2, 2)
            .node("Size", "x", "size")
            .node("Cast", "size", "n", "to", 1)
            .node("Div", "x n", "y"),
        "node 'y' (Div): 'n' depends on how many images there are");
    for (String node : new String[] {"Gather", "Slice", "Pad"}) {
      SmallModel m =
          new SmallModel(13, 1, 8)
              .longs("zero", new long[] {1}, 0)
              .longs("one", new long[] {1}, 1)
              .node("Shape", "x", "shape")
              .node("Gather", "shape zero", "n", "axis", 0)
              .node("Add", "n one", "more")
              .longs("eight", new long[] {1}, 8)
              .node("Sub", "eight n", "rest")
              .node("Concat", "zero n zero rest", "pads", "axis", 0);
      switch (node) {
        case "Gather" -> m.node("Gather", "x n", "y", "axis", 1);
        case "Slice" -> m.node("Slice", "x n more one", "y");
        default -> m.node("Pad", "x pads", "y");
      }
      String places = node.equals("Pad") ? "pads" : "n";
      refused(
          m, "node 'y' (%s): '%s' depends on how many images there are".formatted(node, places));
    }
  }

  /** Integers that are no places. */
  @Test
  void theirNumberAsAValueIsRefused() throws Exception {
    SmallModel m =
        new SmallModel(13, 1, 8)
            .longs("zero", new long[] {1}, 0)
            .longs("d", new long[] {1}, 8)
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "n", "axis", 0)
            .node("Concat", "zero n", "values", "axis", 0)
            .node("ArgMax", "x", "i", "axis", 1, "keepdims", 0)
            .node("OneHot", "i d values", "hot")
            .node("Cast", "hot", "gate", "to", 1)
            .node("Mul", "gate x", "y");
    refused(m, "node 'hot' (OneHot): 'values' depends on how many images there are");
  }

  /** Behind what is picked by them, and beside it. */
  @Test
  void theirOwnNumbersAreNoPlacesOfOthers() throws Exception {
    SmallModel table = OpenBatchTest.numbered(1).random("v", 64, 5).node("Gather", "v all", "y");
    refused(table, "node 'y' (Gather): 'all' depends on how many images there are");
    SmallModel beside =
        OpenBatchTest.numbered(1)
            .longs("pairs", new long[] {2}, -1, 1)
            .node("Reshape", "numbers pairs", "own")
            .node("Reshape", "place pairs", "column")
            .node("Concat", "column own", "both", "axis", 1)
            .node("Cast", "both", "values", "to", 1)
            .random("v", 2, 5)
            .node("MatMul", "values v", "y");
    refused(beside, "node 'values' (Cast): 'both' depends on how many images there are");
  }

  @Test
  void everyOperatorIsJudged() {
    for (String op : Operators.names()) {
      assertThat(Mixing.isListed(op)).as(op).isTrue();
    }
  }

  /** Operators that count on where an element lies, and whose shapes do not tell. */
  @Test
  void whatWorksByPositionIsRefusedAlongImages() throws Exception {
    long[] one = {1};
    long[] two = {2};
    refused(
        rows().longs("r", two, 2, 1).node("Tile", "rows r", "y"),
        "node 'y' (Tile): it mixes the images along axis 0 of 'rows'");
    refused(
        rows().longs("l", two, 2, 2).node("Split", "rows l", "half y", "axis", 0),
        "node 'half y' (Split): split [2, 2]: 2 lengths expected that add up to axis 0 of [16,3]");
    refused(
        rows().longs("p", new long[] {4}, 1, 0, -1, 0).node("Pad", "rows p", "y"),
        "node 'y' (Pad): it mixes the images along axis 0 of 'rows'");
    refused(
        rows()
            .longs("u", one, 0)
            .longs("v", one, 16)
            .longs("t", one, 3)
            .node("Slice", "rows u v u t", "y"),
        "node 'y' (Slice): it mixes the images along axis 0 of 'rows'");
    refused(
        rows().node("Trilu", "rows", "y"),
        "node 'y' (Trilu): it mixes the images along axis 0 of 'rows'");
    refused(
        rows()
            .longs("i", new long[] {1, 1}, 3)
            .random("u", 1, 3)
            .node("ScatterND", "rows i u", "y"),
        "node 'y' (ScatterND): it mixes the images along axis 0 of 'rows'");
    refused(
        rows()
            .longs("i", new long[] {1, 3}, 3, 3, 3)
            .random("u", 1, 3)
            .node("ScatterElements", "rows i u", "y"),
        "node 'y' (ScatterElements): it mixes the images along axis 0 of 'rows'");
    refused(
        rows()
            .longs("i", new long[] {4, 1}, 0, 1, 2, 0)
            .random("u", 4, 1)
            .node("ScatterElements", "rows i u", "y", "axis", 1),
        "node 'y' (ScatterElements): indices [4,1] are those of so many images");
    refused(
        rows()
            .longs("i", new long[] {4, 1}, 0, 1, 2, 0)
            .node("GatherND", "rows i", "y", "batch_dims", 1),
        "node 'y' (GatherND): indices [4,1] do not fit [16,3]");
    refused(
        rows().longs("k", one, 2).node("TopK", "rows k", "y i", "axis", 0),
        "node 'y i' (TopK): it mixes the images along axis 0 of 'rows'");
    refused(
        rows().longs("i", new long[] {1, 3}, 3, 0, 2).node("GatherElements", "rows i", "y"),
        "node 'y' (GatherElements): it mixes the images along axis 0 of 'rows'");
    for (String op : new String[] {"Hardmax", "LpNormalization"}) {
      refused(
          rows().node(op, "rows", "y", "axis", 0),
          "node 'y' (%s): it mixes the images along axis 0 of 'rows'".formatted(op));
    }
    refused(
        rows().node("MeanVarianceNormalization", "rows", "y", "axes", new long[] {0}),
        "node 'y' (MeanVarianceNormalization): it mixes the images along axis 0 of 'rows'");
    refused(
        rows().longs("l", new long[] {3}, 2, 2, 2).node("ReverseSequence", "rows l", "y"),
        "node 'y' (ReverseSequence): it mixes the images along axis 0 of 'rows'");
    // the other operand's images are summed, and as many are left as there were
    for (String equation : new String[] {"bc,dc->b", "...c,dc->...", "bc,d...->bc"}) {
      refused(
          rows().node("Einsum", "rows rows", "y", "equation", equation),
          "node 'y' (Einsum): it mixes the images along axis 0 of 'rows'");
    }
    refused(
        rows().node("EyeLike", "rows", "e").node("Mul", "rows e", "y"),
        "node 'e' (EyeLike): it mixes the images along axis 0 of 'rows'");
    refused(
        rows().node("ArgMax", "rows", "y", "axis", 0),
        "node 'y' (ArgMax): 'y' is [1,3] for any number of images");
    SmallModel twice = rows().longs("s", two, 4, 3).node("Reshape", "x a", "pixels");
    twice.node("Transpose", "pixels", "turned", "perm", new long[] {2, 0, 1});
    refused(
        twice.node("Reshape", "turned s", "inner").node("Add", "rows inner", "y"),
        "node 'y' (Add): it meets images in another order in 'inner'");
  }

  /** Pixels of an image in a row each, outer. */
  private static SmallModel rows() {
    return new SmallModel(14, 1, 3, 2, 2)
        .longs("a", new long[] {3}, 1, 3, 4)
        .node("Reshape", "x a", "pixels0")
        .node("Transpose", "pixels0", "turned0", "perm", new long[] {0, 2, 1})
        .longs("b", new long[] {2}, 4, 3)
        .node("Reshape", "turned0 b", "rows");
  }

  /** A shape that is computed puts pixels before images. */
  @Test
  void rowsOfAComputedShapeAreRight() throws Exception {
    SmallModel m =
        rows()
            .node("Transpose", "pixels0", "first", "perm", new long[] {2, 0, 1})
            .node("Shape", "first", "shape")
            .longs("i", new long[] {1}, 2)
            .longs("minus", new long[] {1}, -1)
            .node("Gather", "shape i", "last", "axis", 0)
            .node("Concat", "minus last", "flat", "axis", 0)
            .node("Reshape", "first flat", "all")
            .random("mask", 4, 3)
            .random("w", 12, 5)
            .node("Add", "all mask", "sum")
            .longs("c", new long[] {3}, 4, 1, 3)
            .node("Reshape", "sum c", "apart")
            .node("Transpose", "apart", "back", "perm", new long[] {1, 0, 2})
            .longs("d", new long[] {2}, 1, 12)
            .node("Reshape", "back d", "z")
            .node("MatMul", "z w", "y");
    rowsDoNotDependOnTheBatch(new Case("computed", 1, m));
  }

  /** An operator on all elements in a row. */
  private static SmallModel flat(String op, Object... attributes) {
    return new SmallModel(17, 1, 3, 2, 2)
        .random("w", 12, 5)
        .longs("zero", new long[] {1}, 0)
        .longs("all", new long[] {1}, 12)
        .node("Reshape", "x all", "flat")
        .node(op, op.equals("Softmax") ? "flat" : "flat zero", "z", attributes)
        .longs("s", new long[] {2}, 1, 12)
        .node("Reshape", "z s", "rows")
        .node("MatMul", "rows w", "y");
  }

  private void refused(SmallModel model, String why) throws Exception {
    Network network = Network.load(model.write(folder));
    assertThat(network.graph(1, SessionOptions.FORWARD).nodes()).isNotEmpty();
    assertThatThrownBy(() -> network.graph(4, SessionOptions.FORWARD))
        .isInstanceOf(OnlyBatch.class)
        .hasMessage("small.onnx: " + why + "; the model is made for batches of 1: use batch 1");
  }
}
