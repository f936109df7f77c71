package candela.method;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.Shape;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Class activation maps refuse networks in which they have no meaning. */
class CamTest {
  @TempDir Path folder;

  @Test
  void camRefusesFeaturesThatAreNotAveraged() {
    Subject subject = new Subject(Shape.of(1, 4, 4), MethodCase.IMAGE, 0);
    assertThatThrownBy(() -> Maps.of(Toy.conv(folder), 1, new Cam(), subject))
        .hasMessage(
            "cam: a layer that is averaged over its pixels before the classifier expected, the"
                + " gradient differs from pixel to pixel; use grad-cam, or name another layer");
  }

  @Test
  void aNetworkWithoutConvolutionNeedsALayer() {
    Subject subject = new Subject(Shape.of(3), MethodCase.X, 0);
    assertThatThrownBy(() -> Maps.of(Toy.ml(folder), 1, new GradCam(), subject))
        .hasMessageEndingWith(
            "no convolution of more than one pixel; name the value to look at, layer=NAME");
  }
}
