package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
}
