package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.device.Device;
import candela.device.Devices;
import candela.probe.Workspace;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The smooth mask and its margin. */
class SmoothMaskTest {
  private Device device;
  private Workspace workspace;

  @BeforeEach
  void open() {
    device = Devices.open("cpu", 1);
    workspace = new Workspace(device);
  }

  @AfterEach
  void close() {
    workspace.close();
    device.close();
  }

  /**
   * An image of 5 x 3, a parameter at every second pixel from the first on: 3 x 2 of them. sigma 3
   * is two steps, so that the mask is 4 pixels of margin, 5 rows and 3 columns of parameters and
   * what lies between, 4 pixels of margin: 13 x 11.
   */
  @Test
  void isTheSmoothMaximumOfAllParametersNearby() {
    var mask = new SmoothMask(5, 3, 2, 3, workspace);
    float[] values = mask.values();
    assertThat(values).hasSize(13 * 11);
    for (int y = -4; y < 9; y++) {
      for (int x = -4; x < 7; x++) {
        double up = 0;
        double down = 0;
        for (int a = -2; a < 5; a++) {
          for (int b = -2; b < 4; b++) {
            boolean near =
                Math.abs(Math.floorDiv(y, 2) - a) <= 3 && Math.abs(Math.floorDiv(x, 2) - b) <= 3;
            boolean inside = a >= 0 && a < 3 && b >= 0 && b < 2;
            double d = Math.hypot(y - 2 * a, x - 2 * b) / 3;
            double v = inside ? Math.exp(-2 * Math.pow(Math.max(d - .5, 0), 2)) : 0;
            up += near ? v * Math.exp(20 * v) : 0;
            down += near ? Math.exp(20 * v) : 0;
          }
        }
        assertThat(values[(y + 4) * 11 + x + 4])
            .as("%d, %d", y, x)
            .isCloseTo((float) (up / down), within(1e-5f));
      }
    }
  }

  @Test
  void placesOfPixelsLeaveTheMarginOut() {
    int[] place = new SmoothMask(5, 3, 2, 3, workspace).places(5, 3);
    assertThat(place).startsWith(4 * 11 + 4, 4 * 11 + 5, 4 * 11 + 6, 5 * 11 + 4).hasSize(15);
  }

  /** What the margin costs comes to the parameters beside it, and no parameter stands in it. */
  @Test
  void theMarginCounts() {
    var mask = new SmoothMask(9, 9, 1, 1, workspace);
    int wide = 11;
    float[] before = mask.values();
    float[] slope = new float[wide * wide];
    Arrays.fill(slope, 0, wide, -1);
    mask.ascend(slope, 1);
    float[] after = mask.values();
    int first = wide + 5;
    int middle = 5 * wide + 5;
    assertThat(after[first]).isLessThan(before[first] - .1f);
    assertThat(after[middle]).isEqualTo(before[middle]);
    Arrays.fill(slope, 0, wide, 1);
    for (int i = 0; i < 50; i++) {
      mask.ascend(slope, 1);
      mask.values();
    }
    assertThat(mask.values()).containsExactly(before);
  }

  @Test
  void refusesWhatNoImageHasRoomFor() {
    assertThatThrownBy(() -> new SmoothMask(8, 6, 9, 3, workspace))
        .hasMessageContaining("step, for an image of 8 pixels: at most 8.0 expected, got 9.0");
    assertThatThrownBy(() -> new SmoothMask(8, 6, 2, 17, workspace))
        .hasMessageContaining("sigma, for an image of 8 pixels: at most 16.0 expected, got 17.0");
  }
}
