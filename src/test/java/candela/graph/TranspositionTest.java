package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import org.junit.jupiter.api.Test;

class TranspositionTest {
  private static final int[] TO_NHWC = {0, 2, 3, 1};
  private static final int[] TO_NCHW = {0, 3, 1, 2};

  @Test
  void theInverseUndoesAPermutation() {
    assertThat(Transposition.inverse(TO_NHWC)).containsExactly(TO_NCHW);
    assertThat(Transposition.isIdentity(Transposition.then(TO_NHWC, TO_NCHW))).isTrue();
    assertThat(Transposition.then(TO_NHWC, TO_NHWC)).containsExactly(0, 3, 1, 2);
  }

  @Test
  void movingSingletonAxesKeepsTheOrderOfElements() {
    assertThat(Transposition.keepsOrder(Shape.of(4, 7, 1, 1), TO_NHWC)).isTrue();
    assertThat(Transposition.keepsOrder(Shape.of(4, 7, 1, 2), TO_NHWC)).isFalse();
  }

  @Test
  void constantsAreTransposed() {
    // [[0,1,2],[3,4,5]] transposed is [[0,3],[1,4],[2,5]]
    OnnxTensor t = OnnxTensor.of("t", Shape.of(2, 3), new float[] {0, 1, 2, 3, 4, 5});
    OnnxTensor y = Transposition.constant(t, new int[] {1, 0});
    assertThat(y.shape()).isEqualTo(Shape.of(3, 2));
    assertThat(y.floats()).containsExactly(0, 3, 1, 4, 2, 5);
  }
}
