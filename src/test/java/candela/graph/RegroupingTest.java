package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reshapes that axes can be told through, and transposes that thereby vanish. */
class RegroupingTest {
  @TempDir Path folder;

  /** A piece of one axis before and one after. */
  private static Regrouping.Piece piece(int size, int from, int to) {
    return new Regrouping.Piece(size, List.of(from), List.of(to));
  }

  private static void pieces(Shape before, Shape after, Regrouping.Piece... pieces) {
    assertThat(Regrouping.of(before, after).pieces())
        .as("%s to %s", before, after)
        .containsExactly(pieces);
  }

  /** Of images along the first axis. */
  private static Regrouping ofImages(int n, Shape before, Shape after) {
    SingleImage.At first = new SingleImage.At(0, 1);
    return n == 1 ? Regrouping.of(before, first, after, first) : Regrouping.of(before, after);
  }

  @Test
  void axesAreCutIntoTheFewestPieces() {
    pieces(
        Shape.of(2, 6, 5),
        Shape.of(2, 3, 2, 5),
        piece(2, 0, 0),
        piece(3, 1, 1),
        piece(2, 1, 2),
        piece(5, 2, 3));
    pieces(Shape.of(4, 3, 5), Shape.of(12, 5), piece(4, 0, 0), piece(3, 1, 0), piece(5, 2, 1));
    // 3 and 20 joined where 5 was split from 20: the heads of a transformer.
    pieces(
        Shape.of(7, 3, 20),
        Shape.of(7, 15, 4),
        piece(7, 0, 0),
        piece(3, 1, 1),
        piece(5, 2, 1),
        piece(4, 2, 2));
    pieces(Shape.of(3, 1, 5, 1), Shape.of(3, 5, 1), piece(3, 0, 0), piece(5, 2, 1));
    // 4 x 6 cannot be cut into 3 x 8.
    pieces(
        Shape.of(7, 4, 6),
        Shape.of(7, 3, 8),
        piece(7, 0, 0),
        new Regrouping.Piece(24, List.of(1, 2), List.of(1, 2)));
    assertThat(Regrouping.of(Shape.of(0, 3), Shape.of(3, 0))).isNull();
    assertThat(Regrouping.of(Shape.of(1, 1), Shape.of(1))).isNull();
  }

  /** Of one image the pieces are those of several. */
  @Test
  void aSingleImageRegroupsAsSeveralDo() {
    for (int n : new int[] {1, 5}) {
      assertThat(ofImages(n, Shape.of(n, 8), Shape.of(2 * n, 4)).pieces())
          .containsExactly(piece(n, 0, 0), piece(2, 1, 0), piece(4, 1, 1));
      assertThat(ofImages(n, Shape.of(3 * n, 5), Shape.of(n, 3, 5)).pieces())
          .containsExactly(piece(n, 0, 0), piece(3, 0, 1), piece(5, 1, 2));
      // queries, keys and values before the images, heads behind them
      Shape before = Shape.of(3, n, 2, 7);
      Shape after = Shape.of(3, 2 * n, 7);
      SingleImage.At second = new SingleImage.At(1, 1);
      Regrouping heads =
          n == 1 ? Regrouping.of(before, second, after, second) : Regrouping.of(before, after);
      assertThat(heads.pieces())
          .containsExactly(piece(3, 0, 0), piece(n, 1, 1), piece(2, 2, 1), piece(7, 3, 2));
      // an axis that is held on the other side of the images cannot join the one behind them
      Regrouping joins = ofImages(n, Shape.of(n, 5, 7), Shape.of(n, 35));
      assertThat(joins.lies(new int[] {1, 0, 2}, Shape.of(5, n, 7))).isEqualTo(true);
      Regrouping uneven = ofImages(n, Shape.of(n, 4, 6), Shape.of(n, 3, 8));
      assertThat(uneven.lies(new int[] {1, 0, 2}, Shape.of(4, n, 6))).isFalse();
      assertThat(uneven.lies(new int[] {0, 1, 2}, Shape.of(n, 4, 6))).isTrue();
    }
  }

  private static SmallModel convolved() {
    return new SmallModel(13, 2, 3, 4, 4)
        .random("w", 6, 3, 3, 3)
        .random("v", 6, 6, 1, 1)
        .node("Conv", "x w", "c", "pads", new long[] {1, 1, 1, 1});
  }

  /** ShuffleNet's: one copy where the channels change places, none to turn the image. */
  @Test
  void aChannelShuffleStaysAmongTheChannels() throws IOException {
    Path m =
        convolved()
            .longs("groups", new long[] {5}, 0, 2, 3, 4, 4)
            .longs("image", new long[] {4}, 0, 6, 4, 4)
            .node("Reshape", "c groups", "g")
            .node("Transpose", "g", "s", "perm", new long[] {0, 2, 1, 3, 4})
            .node("Reshape", "s image", "i")
            .node("Conv", "i v", "y")
            .write(folder);
    assertThat(Rewritten.operators(m))
        .containsExactly("Transpose", "Conv", "Transpose", "Conv", "Transpose");
  }

  /** A vision transformer's patches: pixels in a row, then rows of channels. */
  @Test
  void patchesAreRowsAlready() throws IOException {
    Path m =
        convolved()
            .longs("rows", new long[] {3}, 0, 6, -1)
            .random("u", 6, 5)
            .node("Reshape", "c rows", "r")
            .node("Transpose", "r", "t", "perm", new long[] {0, 2, 1})
            .node("MatMul", "t u", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Transpose", "Conv", "Matrix");
  }

  /** Attention that puts tokens before the batch, as torch.nn.MultiheadAttention does. */
  @Test
  void productsAndNormsDoNotCareForTheOrderOfRows() throws IOException {
    Path m =
        new SmallModel(17, 2, 5, 6)
            .random("u", 6, 4)
            .random("s", 4)
            .node("Transpose", "x", "t", "perm", new long[] {1, 0, 2})
            .node("MatMul", "t u", "p")
            .node("LayerNormalization", "p s", "n")
            .node("Transpose", "n", "y", "perm", new long[] {1, 0, 2})
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Matrix", "LayerNorm");
  }

  /** The joined axes are brought together once, where the foremost of them stands. */
  @Test
  void headsOfAnAttentionAreTurnedOnce() throws IOException {
    Path m =
        new SmallModel(13, 2, 5, 6)
            .random("u", 6, 6)
            .longs("heads", new long[] {3}, 5, 4, 3)
            .longs("split", new long[] {4}, 2, 2, 5, 3)
            .node("MatMul", "x u", "p")
            .node("Transpose", "p", "t", "perm", new long[] {1, 0, 2})
            .node("Reshape", "t heads", "h")
            .node("Transpose", "h", "b", "perm", new long[] {1, 0, 2})
            .node("Reshape", "b split", "s")
            .node("Softmax", "s", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Matrix", "Transpose", "Softmax");
  }

  /** 4 x 6 pixels become 3 x 8, which no cut of the sides does: the image is turned before. */
  @Test
  void whatCannotBeCutIsTurned() throws IOException {
    Path m =
        new SmallModel(13, 2, 3, 4, 6)
            .random("w", 6, 3, 1, 1)
            .longs("other", new long[] {4}, 0, 6, 3, 8)
            .node("Conv", "x w", "c")
            .node("Reshape", "c other", "r")
            .node("Softmax", "r", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Transpose", "Conv", "Transpose", "Softmax");
  }

  @Test
  void squeezeAndExcitationFusesItsRectifier() throws IOException {
    Path m =
        convolved()
            .node("GlobalAveragePool", "c", "p")
            .node("Conv", "p v", "a")
            .node("Relu", "a", "r")
            .node("Conv", "r v", "b")
            .node("Sigmoid", "b", "s")
            .node("Mul", "c s", "y")
            .write(folder);
    assertThat(Rewritten.operators(m))
        .containsExactly(
            "Transpose", "Conv", "Reduce", "Conv", "Conv", "SIGMOID", "MUL", "Transpose");
  }
}
