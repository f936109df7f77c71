package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
   * between rows and columns, and what is beyond the image changes no score. The score is a sum,
   * which no transposition changes; what is left is rounding. With 10 pixels and a step of 2 equal
   * values lie on both sides of an odd multiple of 2⁻¹⁷, and with 7 pixels, too.
   */
  @ParameterizedTest
  @CsvSource({
    "13, 'sigma=2,maxIter=9'",
    "6, 'area=0.3,step=2,sigma=2.6,maxIter=6'",
    "7, 'variant=delete,area=0.3,step=1,sigma=2.6,maxIter=6'",
    "10, 'area=0.3,step=2,sigma=2.6,maxIter=6'"
  })
  void theMaskOfATransposedImageIsTransposed(int n, String settings) {
    float[] x = Toy.draw(new Random(n), n * n);
    Subject image = new Subject(Shape.of(1, n, n), x, 0);
    Subject across = new Subject(Shape.of(1, n, n), transposed(x, n), 0);
    Method method = Methods.parse("extremal-perturbation:" + settings);
    List<Attribution> maps =
        Maps.of(Toy.pixels(folder, n), 1, 4, List.of(method), List.of(image, across));
    assertThat(transposed(maps.get(1).values(), n))
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(maps.get(0).values());
  }

  /** A slope that float32 cannot hold makes the mask NaN, which is told from the map. */
  @Test
  void aSlopeThatIsInfiniteIsNoError() {
    Subject subject = new Subject(Shape.of(1, 2, 2), new float[] {-3e38f, 3e38f, -3e38f, 3e38f}, 0);
    Method method = Methods.parse("extremal-perturbation:step=1,sigma=0.4,maxIter=9");
    assertThat(Maps.of(Toy.pixels(folder), 4, method, subject).values()).contains(Float.NaN);
  }

  private static float[] transposed(float[] x, int n) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i % n * n + i / n] = x[i];
    }
    return y;
  }
}
