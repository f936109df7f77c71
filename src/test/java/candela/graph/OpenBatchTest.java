package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose files leave the number of images open: whether images reach each other there. */
class OpenBatchTest {
  @TempDir Path folder;

  /** Means of three channels of any number of images. */
  static SmallModel open() {
    return means(-1);
  }

  /** The same of so many. */
  private static SmallModel means(int images) {
    return new SmallModel(13, images, 3, 2, 2)
        .random("w", 3, 5)
        .longs("from", new long[] {1}, 1)
        .longs("to", new long[] {1}, Integer.MAX_VALUE)
        .longs("zero", new long[] {1}, 0)
        .node("GlobalAveragePool", "x", "means")
        .node("Flatten", "means", "z");
  }

  /** As many rows as there are images are cut off, where channels and images became rows. */
  static SmallModel sliced(long... perm) {
    return open()
        .random("v", 8, 5)
        .longs("a", new long[] {3}, -1, 2, 2)
        .longs("b", new long[] {4}, 2, -1, 2, 2)
        .longs("c", new long[] {2}, -1, 8)
        .node("Shape", "x", "shape")
        .node("Gather", "shape zero", "n")
        .node("Transpose", "x", "turned", "perm", perm)
        .node("Reshape", "turned a", "rows")
        .node("Slice", "rows n to zero", "rest")
        .node("Reshape", "rest b", "apart")
        .node("Transpose", "apart", "back", "perm", new long[] {1, 0, 2, 3})
        .node("Reshape", "back c", "flat")
        .node("MatMul", "flat v", "y");
  }

  /** All features in a row, and its places: 0, 1, … */
  private static SmallModel places() {
    return open()
        .longs("start", new long[0], 0)
        .longs("one", new long[0], 1)
        .longs("all", new long[] {1}, -1)
        .longs("s", new long[] {2}, -1, 3)
        .node("Size", "z", "size")
        .node("Range", "start size one", "places")
        .node("Reshape", "z all", "row");
  }

  /** The place, among three rows of each of any number of images, of the largest sum. */
  static SmallModel numbered() {
    return numbered(-1);
  }

  /**
   * @param images that the file is made for, −1 for any number
   */
  static SmallModel numbered(int images) {
    return means(images)
        .longs("t", new long[] {3}, -1, 3, 4)
        .longs("four", new long[] {2}, -1, 4)
        .longs("last", new long[] {1}, -1)
        .longs("first", new long[0], 0)
        .longs("one", new long[0], 1)
        .longs("three", new long[0], 3)
        .node("Reshape", "x t", "tokens")
        .node("Reshape", "tokens four", "rows")
        .node("ReduceSum", "tokens last", "seen", "keepdims", 0)
        .node("ArgMax", "seen", "place", "axis", 1, "keepdims", 0)
        .node("Shape", "x", "shape")
        .node("Gather", "shape first", "n")
        .node("Range", "first n one", "numbers")
        .node("Mul", "numbers three", "begin")
        .node("Add", "begin place", "all");
  }

  static Stream<Named<SmallModel>> mixed() {
    return Stream.of(
        Named.of(
            "rows of other images where the largest are",
            open()
                .node("ArgMax", "z", "place", "axis", 1, "keepdims", 0)
                .node("Gather", "z place", "picked", "axis", 0)
                .node("MatMul", "picked w", "y")),
        Named.of(
            "elements of other images where the largest are",
            open()
                .longs("pairs", new long[] {3}, -1, 1, 1)
                .node("ArgMax", "z", "place", "axis", 1)
                .node("Concat", "place place", "tuple", "axis", 1)
                .node("GatherND", "z tuple", "picked")
                .node("Reshape", "picked pairs", "one")
                .node("Reshape", "z s3", "three")
                .longs("s3", new long[] {3}, -1, 1, 3)
                .node("Mul", "three one", "more")
                .node("Flatten", "more", "flat")
                .node("MatMul", "flat w", "y")),
        Named.of(
            "rows of a table by the image's number",
            numbered().random("v", 64, 5).node("Gather", "v all", "y")),
        Named.of(
            "the image's number in a place",
            numbered()
                .longs("pairs", new long[] {2}, -1, 1)
                .node("Reshape", "all pairs", "column")
                .node("Cast", "column", "number", "to", 1)
                .node("Mul", "z number", "more")
                .node("MatMul", "more w", "y")),
        Named.of(
            "the mean of a batch",
            open()
                .node("ReduceMean", "z", "m", "axes", new long[] {0})
                .node("Sub", "z m", "rest")
                .node("MatMul", "rest w", "y")),
        Named.of(
            "a softmax over images",
            open().node("Softmax", "z", "soft", "axis", 0).node("MatMul", "soft w", "y")),
        Named.of(
            "products of each with each",
            open()
                .node("Transpose", "z", "t", "perm", new long[] {1, 0})
                .node("MatMul", "z t", "products")
                .node("MatMul", "products z", "back")
                .node("MatMul", "back w", "y")),
        Named.of(
            "all features from the last to the first",
            places()
                .node("Sub", "size one", "last")
                .node("Sub", "last places", "turned")
                .node("Gather", "row turned", "picked", "axis", 0)
                .node("Reshape", "picked s", "rows")
                .node("MatMul", "rows w", "y")),
        Named.of(
            "images from the last to the first",
            open()
                .longs("end", new long[] {1}, Integer.MIN_VALUE)
                .longs("back", new long[] {1}, -1)
                .node("Slice", "z back end zero back", "turned")
                .node("MatMul", "turned w", "y")),
        Named.of(
            "zeros instead of the first image",
            open()
                .longs("pads", new long[] {4}, 1, 0, -1, 0)
                .node("Pad", "z pads", "later")
                .node("MatMul", "later w", "y")),
        Named.of(
            "a diagonal through the images",
            open()
                .node("EyeLike", "z", "ones")
                .node("Mul", "z ones", "some")
                .node("MatMul", "some w", "y")),
        Named.of(
            "a place of the first image",
            open()
                .longs("place", new long[] {1, 1}, 2)
                .random("u", 1, 1)
                .node("ScatterElements", "z place u", "some", "axis", 1)
                .node("MatMul", "some w", "y")),
        Named.of("channels of all but the first image", sliced(0, 1, 2, 3)),
        Named.of(
            "images moved by one",
            open()
                .node("Slice", "z from to zero", "later")
                .node("Slice", "z zero from zero", "first")
                .node("Concat", "later first", "moved", "axis", 0)
                .node("MatMul", "moved w", "y")),
        Named.of(
            "how many images there are",
            open()
                .node("Shape", "x", "shape")
                .node("Gather", "shape zero", "n")
                .node("Cast", "n", "number", "to", 1)
                .node("Mul", "z number", "more")
                .node("MatMul", "more w", "y")),
        Named.of(
            "which of the images it is",
            places()
                .longs("pairs", new long[] {2}, -1, 3)
                .node("Cast", "places", "numbers", "to", 1)
                .node("Reshape", "numbers pairs", "rows")
                .node("Add", "z rows", "moved")
                .node("MatMul", "moved w", "y")));
  }

  /** Their files tell any number of images. */
  @ParameterizedTest
  @MethodSource("mixed")
  void whatMixesImagesOfAnyNumberIsReadForOne(SmallModel model) throws Exception {
    Network network = Network.load(model.write(folder));
    assertThat(network.graph(1, SessionOptions.FORWARD).nodes()).isNotEmpty();
    for (int batch : new int[] {2, 3, 8}) {
      assertThatThrownBy(() -> network.channelsFirst().graph(batch, SessionOptions.FORWARD))
          .isInstanceOf(OnlyBatch.class)
          .hasMessageEndingWith("; the images of a batch may depend on each other: use batch 1");
    }
  }

  /** One and three images cannot be read, so that what two give may be of both. */
  @Test
  void aModelOfSomeNumbersOfImagesIsNotTakenForOneOfAll() throws Exception {
    SmallModel m =
        open()
            .longs("pairs", new long[] {3}, -1, 2, 3)
            .longs("rows", new long[] {2}, -1, 3)
            .node("Reshape", "z pairs", "two")
            .node("CumSum", "two from", "sums")
            .node("Reshape", "sums rows", "again")
            .node("MatMul", "again w", "y");
    Network network = Network.load(m.write(folder));
    for (int batch : new int[] {2, 4}) {
      assertThatThrownBy(() -> network.graph(batch, SessionOptions.FORWARD))
          .isInstanceOf(OnlyBatch.class);
    }
  }

  @Test
  void whatIsPickedWithinEachImageIsNotMixed() throws Exception {
    SmallModel m = places().longs("t", new long[] {3}, 2, 0, 1);
    m.node("Reshape", "places s", "table");
    m.node("Gather", "table t", "turned", "axis", 1).node("Reshape", "turned all", "picks");
    m.node("Gather", "row picks", "picked", "axis", 0).node("Reshape", "picked s", "rows");
    Network network = Network.load(m.node("MatMul", "rows w", "y").write(folder));
    Graph graph = network.graph(5, SessionOptions.FORWARD);
    assertThat(graph.outputs().getFirst().shape().dim(0)).isEqualTo(5);
  }

  /** Lengths that a file computes from the number of images do not mix them. */
  @Test
  void lengthsOfAnyNumberOfImagesAreNotMixed() throws Exception {
    SmallModel m =
        open()
            .longs("rest", new long[] {1}, -1)
            .random("token", 1, 1, 3)
            .longs("size", new long[] {2}, 1, 3)
            .longs("row", new long[] {1}, 1)
            .node("Shape", "x", "shape")
            .node("Gather", "shape zero", "n")
            .node("Concat", "n size", "tokens", "axis", 0)
            .node("Expand", "token tokens", "first")
            .node("Concat", "n row rest", "s", "axis", 0)
            .node("Reshape", "z s", "rows")
            .node("Concat", "first rows", "both", "axis", 1)
            .node("ReduceMean", "both", "mean", "axes", new long[] {1}, "keepdims", 0)
            .node("MatMul", "mean w", "y");
    Network network = Network.load(m.write(folder));
    assertThat(network.graph(5, SessionOptions.FORWARD).outputs().getFirst().shape().dim(0))
        .isEqualTo(5);
  }
}
