package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a study is said to cost before it runs. */
class EstimateTest {
  @TempDir Path folder;

  private Estimate of(String sweep) {
    String text = "models: [cnn]\nimages: [shipped]\nsweeps: [\"" + sweep + "\"]\n";
    Study study = Study.parse("estimated", text, folder);
    Material material = Material.of(study, folder);
    try (Device device = TestDevice.open(1)) {
      return Estimate.of(study, Plan.of(study.sweeps()), material.models().get(0), device, 4);
    }
  }

  /** A filling with a radius of 30 takes many times as long as a row of so small a network. */
  @Test
  void theTimeOfInpaintingCounts() {
    String sweep = "lime:samples=50,segments=[5,9]";
    Estimate without = of(sweep);
    Estimate with = of(sweep + ",fill=inpaint,inpainter=telea:radius=30");
    assertThat(with.maps()).isEqualTo(without.maps());
    assertThat(with.seconds()).isGreaterThan(3 * without.seconds());
  }
}
