package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Collections;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Defaults are the papers' on images of their size, and go with the size of others. */
class DefaultsTest {
  private static <T> T of(String method, int h, int w, Function<Probe<Attribution>, T> what) {
    var levels = new Levels(Collections.nCopies(1, 0f), Collections.nCopies(1, 1f));
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      Subject subject = new Subject(Shape.of(1, h, w), new float[h * w], 0, levels);
      return what.apply(Methods.parse(method).probe(subject, workspace));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "extremal-perturbation, 224, 224, step, 7",
    "extremal-perturbation, 224, 224, sigma, 21",
    "extremal-perturbation, 32, 32, step, 1",
    "extremal-perturbation, 32, 32, sigma, 3",
    "extremal-perturbation, 64, 128, step, 4",
    "extremal-perturbation, 64, 128, sigma, 12",
    "'extremal-perturbation:step=7,sigma=21', 32, 32, step, 7",
    "'extremal-perturbation:step=7,sigma=21', 32, 32, sigma, 21",
    "fido, 224, 224, cells, 56",
    "fido, 28, 28, cells, 7",
    "fido, 64, 32, cells, 8",
    "fido, 1, 5, cells, 1",
    "fido:cells=3, 28, 28, cells, 3",
    "occlusion, 224, 224, window, 32",
    "occlusion, 224, 224, stride, 16",
    "occlusion, 28, 14, window, 4",
    "'occlusion:window=9,stride=2', 28, 28, stride, 2",
    "sliding-patch, 224, 224, patch, 53",
    "sliding-patch, 32, 32, patch, 8",
    "sliding-patch, 28, 40, patch, 7",
    "sliding-patch, 2, 5, patch, 1",
    "sliding-patch:patch=5, 28, 28, patch, 5"
  })
  void sizesGoWithTheImage(String method, int h, int w, String note, double value) {
    Map<String, Double> notes = of(method, h, w, p -> p.result().notes());
    assertThat(notes).containsEntry(note, value);
    Method on = Methods.parse(method).on(Shape.of(1, h, w));
    assertThat(((Number) Methods.parameters(on).get(note)).doubleValue()).isEqualTo(value);
  }

  @Test
  void aTunnelTellsThoseOfItsMethod() {
    Method tunnel = Methods.parse("noise-tunnel:method=occlusion,samples=2");
    assertThat(Methods.text(tunnel.on(Shape.of(3, 224, 224))))
        .contains("window=32, stride=16")
        .contains("samples=2");
  }

  /** Of 3 by 3 pixels steps: those of the paper. */
  @ParameterizedTest
  @ValueSource(strings = {"sliding-patch", "sliding-patch:patch=53"})
  void aPatchOfThePapersSizeHasThePapersPlaces(String method) {
    int rows = of(method, 224, 224, Probe::size);
    assertThat(rows).isEqualTo(58 * 58 + 1);
  }
}
