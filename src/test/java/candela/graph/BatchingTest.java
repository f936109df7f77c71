package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose files hold the length of the batch they were exported with, in other batches. */
class BatchingTest {
  @TempDir Path folder;

  /** Every row as the model computes it in its own batch, with its gradient. */
  @ParameterizedTest
  @MethodSource("candela.graph.BatchingCases#cases")
  void rowsDoNotDependOnTheBatch(BatchingCases.Case c) throws Exception {
    Network network = Network.load(c.model().write(folder));
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
      for (int batch = 1; batch <= c.own(); batch++) {
        for (int from = 0; from < rows; from += batch) {
          float[] part = Arrays.copyOfRange(x, from * size, (from + batch) * size);
          float[][] alone = run(network, device, batch, part);
          String what = c + ", row " + from + ", batch " + batch;
          float[] y = Arrays.copyOfRange(all[0], from * 5, (from + batch) * 5);
          float[] dx = Arrays.copyOfRange(all[1], from * size, (from + batch) * size);
          Compare.assertSame(what, alone[0], y);
          Compare.assertSame(what + ", gradient", alone[1], dx);
          assertThat(alone[1]).as(what).isNotEqualTo(new float[alone[1].length]);
        }
      }
    }
  }

  @Test
  void statesThatDifferFromImageToImageAreNotCut() throws Exception {
    Network network = Network.load(BatchingCases.states("h0", 1f, 2f, 1f, 3f).write(folder));
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
    Network alike = Network.load(BatchingCases.states("h0", 1f, 2f, 1f, 2f).write(folder));
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
        BatchingCases.model(1, 3, 2, 2)
            .longs("zero", new long[] {}, 0)
            .node("Gather", "x zero", "first", "axis", 0)
            .longs("s", new long[] {2}, 1, 12)
            .node("Reshape", "first s", "flat")
            .node("MatMul", "flat w", "y");
    refused(first, "node 'first' (Gather): it picks along axis 0 of [1,3,2,2], where images lie");
    SmallModel sum =
        BatchingCases.model(1, 3, 2, 2)
            .node("ReduceMean", "x", "mean", "axes", new long[] {0}, "keepdims", 1)
            .node("Flatten", "mean", "flat")
            .node("MatMul", "flat w", "y");
    refused(sum, "node 'mean' (ReduceMean): 'mean' is [1,3,2,2] for any number of images");
    SmallModel mixed =
        BatchingCases.model(1, 3, 2, 2)
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
        BatchingCases.model(1, 3, 2, 2)
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
        BatchingCases.model(1, 3, 2, 2)
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
    rowsDoNotDependOnTheBatch(new BatchingCases.Case("computed", 1, m));
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
