package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Masks of a given area find what counts. */
class ExtremalPerturbationTest {
  @TempDir Path folder;

  /**
   * A sum of pixels, one of them bright: that one is kept, or deleted, first. With the margin of a
   * pixel the mask has 16.
   */
  @Test
  void extremalMasksFindThePixelThatCounts() {
    float[] x = {0, 0, 0, 9};
    Subject subject = new Subject(Shape.of(1, 2, 2), x, 0);
    List<Method> methods = new ArrayList<>();
    for (String variant : List.of("preserve", "delete", "dual")) {
      methods.add(
          Methods.parse(
              "extremal-perturbation:area=0.0625,step=1,sigma=0.4,maxIter=300,variant=" + variant));
    }
    for (Attribution a : Maps.of(Toy.pixels(folder), 1, 4, methods, List.of(subject))) {
      assertThat(a.values()[3]).isGreaterThan(.9f);
      assertThat(a.values()[0]).isLessThan(.5f);
    }
  }

  /**
   * At first all of the mask's border is equal but for the rounding of its sums, which differs
   * between rows and columns. The score is a sum, which no transposition changes; what is left is
   * rounding.
   */
  @Test
  void theMaskOfATransposedImageIsTransposed() {
    int n = 13;
    float[] x = Toy.draw(new Random(1), n * n);
    Subject image = new Subject(Shape.of(1, n, n), x, 0);
    Subject across = new Subject(Shape.of(1, n, n), transposed(x, n), 0);
    Method method = Methods.parse("extremal-perturbation:sigma=2,maxIter=9");
    List<Attribution> maps =
        Maps.of(Toy.pixels(folder, n), 1, 4, List.of(method), List.of(image, across));
    assertThat(transposed(maps.get(1).values(), n))
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(maps.get(0).values());
  }

  private static float[] transposed(float[] x, int n) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i % n * n + i / n] = x[i];
    }
    return y;
  }
}
