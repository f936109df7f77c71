package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FuseProductTest {
  private static final long[] SWAPPED = {0, 2, 1};

  @TempDir Path folder;

  /** q, k and v are exp(x), tanh(x) and x; [2,5,6]. */
  private static SmallModel model() {
    return new SmallModel(13, 2, 5, 6)
        .scalar("scale", .3f)
        .node("Exp", "x", "q")
        .node("Tanh", "x", "k");
  }

  @Test
  void attentionReadsItsKeysAsTheyLie() throws IOException {
    Path m =
        model()
            .node("Transpose", "k", "kt", "perm", SWAPPED)
            .node("Mul", "q scale", "qs")
            .node("Mul", "kt scale", "ks")
            .node("MatMul", "qs ks", "s")
            .node("Softmax", "s", "p")
            .node("MatMul", "p x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m))
        .containsExactly("EXP", "TANH", "MatMul", "Softmax", "MatMul");
  }

  @Test
  void aScaleBehindTheProduct() throws IOException {
    Path m =
        model()
            .node("Transpose", "q", "qt", "perm", SWAPPED)
            .node("MatMul", "qt k", "s")
            .node("Div", "s scale", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("EXP", "TANH", "MatMul");
  }

  @Test
  void bothOperandsTransposed() throws IOException {
    Path m =
        new SmallModel(13, 2, 5, 5)
            .node("Exp", "x", "q")
            .node("Transpose", "q", "qt", "perm", SWAPPED)
            .node("Transpose", "x", "xt", "perm", SWAPPED)
            .node("MatMul", "qt xt", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("EXP", "MatMul");
  }

  /** Heads of a window attention: [tokens,heads,size] to [heads,size,tokens], scaled before. */
  @Test
  void theInnermostAxisStaysWhereItIs() throws IOException {
    Path m =
        new SmallModel(13, 2, 5, 3, 4)
            .scalar("scale", .3f)
            .node("Mul", "x scale", "q")
            .node("Transpose", "q", "qt", "perm", new long[] {0, 2, 1, 3})
            .node("Tanh", "x", "k")
            .node("Transpose", "k", "kt", "perm", new long[] {0, 2, 3, 1})
            .node("MatMul", "qt kt", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("TANH", "Transpose", "Transpose", "MatMul");
  }

  @Test
  void aScaledOperandThatIsReadElsewhereStays() throws IOException {
    Path m =
        model()
            .node("Mul", "q scale", "qs")
            .node("Transpose", "k", "kt", "perm", SWAPPED)
            .node("MatMul", "qs kt", "s")
            .node("MatMul", "s qs", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("EXP", "TANH", "LINEAR", "MatMul", "MatMul");
  }

  /** As non-local blocks have it: (q kᵀ / n) v. */
  @Test
  void aScaleThatOneProductTookInIsNotTakenByTheNext() throws IOException {
    Path m =
        model()
            .node("Transpose", "k", "kt", "perm", SWAPPED)
            .node("MatMul", "q kt", "s")
            .node("Mul", "s scale", "ss")
            .node("MatMul", "ss x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("EXP", "TANH", "MatMul", "MatMul");
  }

  @Test
  void norIsOneThatIsTransposedBetweenThem() throws IOException {
    Path m =
        model()
            .node("Transpose", "k", "kt", "perm", SWAPPED)
            .node("MatMul", "q kt", "s")
            .node("Div", "s scale", "ss")
            .node("Transpose", "ss", "st", "perm", SWAPPED)
            .node("MatMul", "st x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("EXP", "TANH", "MatMul", "MatMul");
  }
}
