package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.device.Device;
import candela.device.Devices;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.Arrays;
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
    float[] y = of(Substrate.BLUR, Shape.of(1, 31, 31), x);
    assertThat(y[15 * 31 + 15]).isCloseTo(0.0088326f, within(1e-6f));
    assertThat(y[10 * 31 + 15]).isCloseTo(0.0082665f, within(1e-6f));
    assertThat(y[10 * 31 + 10]).isCloseTo(0.0077366f, within(1e-6f));
    assertThat(y[9 * 31 + 15]).isZero();
  }

  /** Of ones, what of the kernel lies inside: PyTorch's conv2d with padding 5. */
  @Test
  void thePaddedBlurTakesWhatLiesBeyondForZero() {
    float[] x = new float[31 * 31];
    Arrays.fill(x, 1);
    float[] y = of(Substrate.PADDED_BLUR, Shape.of(1, 31, 31), x);
    assertThat(y[15 * 31 + 15]).isCloseTo(1, within(1e-6f));
    // six of eleven weights, which are symmetric: (1 + .0939824) / 2 down and across
    assertThat(y[0]).isCloseTo(.2991994f, within(1e-6f));
    assertThat(y[15]).isCloseTo(.5469912f, within(1e-6f));
    assertThat(of(Substrate.BLUR, Shape.of(1, 31, 31), x)[0]).isCloseTo(1, within(1e-6f));
  }

  @Test
  void othersAreOneValueEverywhere() {
    Shape shape = Shape.of(2, 1, 2);
    float[] x = {-3, 1, 4, 2};
    assertThat(of(Substrate.LEAST, shape, x)).containsOnly(-3);
    assertThat(of(Substrate.MOST, shape, x)).containsOnly(4);
    assertThat(of(Substrate.AVERAGE, shape, x)).containsOnly(1);
    assertThat(of(Substrate.ZERO, shape, x)).containsOnly(0);
    assertThat(of(Substrate.MEAN, shape, x)).containsExactly(-1, -1, 3, 3);
  }

  private static float[] of(Substrate substrate, Shape shape, float[] x) {
    try (Device device = Devices.open("cpu", 1);
        var workspace = new Workspace(device)) {
      int h = shape.dim(1);
      int w = shape.dim(2);
      var explained = new Explained(shape, x, 0, new float[h * w], h, w, null);
      return device.read(substrate.of(explained, workspace));
    }
  }
}
