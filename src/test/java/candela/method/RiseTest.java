package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.tensor.Shape;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** RISE against what the mean over all masks would be. */
class RiseTest {
  @TempDir Path folder;

  /**
   * The pixels see cells a, (a + b)/2, (a + c)/2, (a + b + c + d)/4 of the grid. E(M_i M_j) = ¼ (1
   * + o_ij), o the products of these shares summed, and a_i = 2 Σ_j x_j E(M_i M_j).
   */
  @Test
  void riseOfASumIsTheMeanOfProductsOfMasks() {
    Subject subject = new Subject(Shape.of(1, 2, 2), new float[] {0, 1, 2, 3}, 0);
    var method = Methods.parse("rise:masks=4000,cells=2,score=logit");
    float[] a = Maps.of(Toy.pixels(folder), 32, method, subject).values();
    // one deviation of such a mean is about 0.05
    assertThat(a).containsExactly(new float[] {4.125f, 3.875f, 4, 3.75f}, Offset.offset(.2f));
  }
}
