package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What class activation maps refuse and note. */
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

  /** The sum of the pixels; no mask leaves more than 14/3. */
  @Test
  void theScoreThatIsNotedIsTheImages() {
    Subject subject = new Subject(Shape.of(1, 2, 2), new float[] {0, 1, 2, 3}, 0);
    for (String method : List.of("score-cam:score=logit", "grad-cam")) {
      Attribution a = Maps.of(Toy.pixels(folder), 2, Methods.parse(method), subject);
      assertThat(a.notes().get("score")).as(method).isEqualTo(6);
    }
  }

  @Test
  void aNetworkWithoutConvolutionNeedsALayer() {
    Subject subject = new Subject(Shape.of(3), MethodCase.X, 0);
    assertThatThrownBy(() -> Maps.of(Toy.ml(folder), 1, new GradCam(), subject))
        .hasMessageEndingWith(
            "no convolution of more than one pixel and no attention; name the value to look at,"
                + " layer=NAME");
  }
}
