package candela.graph;

import java.util.Arrays;
import java.util.stream.Stream;

/** Models that hold, or count on, the number of images that they were exported with. */
final class BatchingCases {
  /**
   * A model whose rows are to be those of its own batch in any.
   *
   * @param own the images that its file is for
   */
  record Case(String name, int own, SmallModel model) {
    @Override
    public String toString() {
      return name;
    }
  }

  private BatchingCases() {}

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
        new Case("rows that attend to their own, before images", 1, axial(false)),
        new Case("the same, scaled", 1, axial(true)),
        new Case("images between rows and channels, of any number", 1, between(-1)),
        new Case(
            "channels but the first, of any number of images",
            1,
            OpenBatchTest.sliced(1, 0, 2, 3)));
  }

  static SmallModel model(long... x) {
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
  static SmallModel states(String begin, float... initial) {
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

  /** Attention of rows, for which images stand behind them: of one a transpose moves nothing. */
  private static SmallModel axial(boolean scaled) {
    SmallModel m =
        new SmallModel(17, -1, 5, 4, 6)
            .random("q", 6, 6)
            .random("k", 6, 6)
            .random("out", 120, 5)
            .longs("flat", new long[] {2}, -1, 120)
            .scalar("s", 0.37f)
            .node("Transpose", "x", "t", "perm", new long[] {1, 0, 2, 3})
            .node("MatMul", "t q", "tq")
            .node("MatMul", "t k", "tk")
            .node("Transpose", "tk", "kt", "perm", new long[] {0, 1, 3, 2});
    m = scaled ? m.node("Mul", "tq s", "tqs") : m;
    return m.node("MatMul", scaled ? "tqs kt" : "tq kt", "a")
        .node("Softmax", "a", "p", "axis", 3)
        .node("MatMul", "p t", "o")
        .node("Transpose", "o", "b", "perm", new long[] {1, 0, 2, 3})
        .node("Reshape", "b flat", "f")
        .node("MatMul", "f out", "y");
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
}
