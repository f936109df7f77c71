package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.device.Device;
import candela.device.Devices;
import candela.probe.Workspace;
import candela.tensor.Shape;
import org.junit.jupiter.api.Test;

/** What removed pixels leave. */
class SubstrateTest {
  /**
   * A one in the middle of 11 x 11 zeros, smoothed by scipy.ndimage.gaussian_filter with sigma 5,
   * is RISE's kernel: what a one far from the border leaves. Its middle, the middle of its first
   * row, and a corner.
   */
  @Test
  void theBlurHasTheKernelOfRise() {
    float[] x = new float[31 * 31];
    x[15 * 31 + 15] = 1;
    try (Device device = Devices.open("cpu", 1);
        var workspace = new Workspace(device)) {
      var explained = new Explained(Shape.of(1, 31, 31), x, 0, new float[31 * 31], 31, 31, null);
      float[] y = device.read(Substrate.BLUR.of(explained, workspace));
      assertThat(y[15 * 31 + 15]).isCloseTo(0.0088326f, within(1e-6f));
      assertThat(y[10 * 31 + 15]).isCloseTo(0.0082665f, within(1e-6f));
      assertThat(y[10 * 31 + 10]).isCloseTo(0.0077366f, within(1e-6f));
      assertThat(y[9 * 31 + 15]).isZero();
    }
  }
}
