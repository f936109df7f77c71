package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens are found where the file puts the pixels. */
class LayoutsTest {
  private static final int SIZE = 5;

  @TempDir Path folder;

  /** A convolution of 2 × 3 pixels, c[n,5,2,3]. */
  private static SmallModel pixels() {
    SmallModel m = new SmallModel(17, 1, 3, 4, 6).random("w", SIZE, 3, 2, 2);
    m.longs("flat", new long[] {3}, 1, SIZE, 6).random("u", SIZE, 4).random("e", 1, 1, SIZE);
    m.longs("row", new long[] {2}, 1, SIZE);
    return m.node("Conv", "x w", "c", "strides", new long[] {2, 2});
  }

  /** Map[n,5,…] to tokens t[n,6,5]. */
  private static SmallModel tokens(SmallModel m, String map) {
    m.node("Reshape", map + " flat", "r");
    return m.node("Transpose", "r", "t", "perm", new long[] {0, 2, 1});
  }

  private Layout layout(SmallModel m, String value) throws Exception {
    m.node("ReduceMean", value, "mean", "axes", new long[] {1}).node("Reshape", "mean row", "one");
    return Network.load(m.node("MatMul", "one u", "y").write(folder)).layout(value);
  }

  private static void assertLayout(Layout l, int h, int w, int... pixels) {
    assertThat(l.pixels()).containsExactly(pixels);
    assertThat(new int[] {l.h(), l.w()}).containsExactly(h, w);
  }

  @Test
  void pixelsAreRowByRow() throws Exception {
    assertLayout(layout(tokens(pixels(), "c"), "t"), 2, 3, 0, 1, 2, 3, 4, 5);
  }

  @Test
  void theClassIsWhereTheFilePutsIt() throws Exception {
    SmallModel m = tokens(pixels(), "c").node("Concat", "t e", "all", "axis", 1);
    assertLayout(layout(m, "all"), 2, 3, 0, 1, 2, 3, 4, 5, -1);
    m = tokens(pixels(), "c").node("Concat", "e t e", "all", "axis", 1);
    m.random("g", SIZE).random("b", SIZE).random("v", SIZE, SIZE);
    m.node("LayerNormalization", "all g b", "n").node("MatMul", "n v", "p");
    assertLayout(layout(m.node("Add", "p all", "s"), "s"), 2, 3, -1, 0, 1, 2, 3, 4, 5, -1);
  }

  @Test
  void columnsAndUnrolledBlocksAreFollowed() throws Exception {
    SmallModel m = pixels().node("Transpose", "c", "ct", "perm", new long[] {0, 1, 3, 2});
    assertLayout(layout(tokens(m, "ct"), "t"), 2, 3, 0, 3, 1, 4, 2, 5);
    m = tokens(pixels(), "c").longs("cut", new long[] {4}, 1, 2, 3, SIZE);
    m.node("Reshape", "t cut", "k").longs("back", new long[] {3}, 1, 6, SIZE);
    m.node("Transpose", "k", "kt", "perm", new long[] {0, 2, 1, 3}).node("Reshape", "kt back", "o");
    assertLayout(layout(m, "o"), 2, 3, 0, 3, 1, 4, 2, 5);
  }

  /** Of every other column the first stands for both. */
  @Test
  void pooledTokensAreACoarserGrid() throws Exception {
    SmallModel m = tokens(pixels(), "c").longs("cut", new long[] {4}, 1, 3, 2, SIZE);
    m.node("Reshape", "t cut", "k")
        .node("ReduceMax", "k", "o", "axes", new long[] {2}, "keepdims", 0);
    assertThat(layout(m, "o")).isNull();
    m = pixels().longs("cut", new long[] {3}, 1, SIZE, 3);
    m.node("ReduceMax", "c", "k", "axes", new long[] {2}, "keepdims", 0);
    m.node("Transpose", "k", "o", "perm", new long[] {0, 2, 1});
    assertLayout(layout(m, "o"), 1, 3, 0, 1, 2);
  }

  @Test
  void withoutAConvolutionNothingIsKnown() throws Exception {
    SmallModel m = new SmallModel(17, 1, 6, SIZE).random("u", SIZE, 4);
    m.longs("row", new long[] {2}, 1, SIZE).node("Relu", "x", "t");
    assertThat(layout(m, "t")).isNull();
  }
}
