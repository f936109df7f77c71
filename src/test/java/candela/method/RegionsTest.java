package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RegionsTest {
  private static final double[] A = {4, 2, 6, -1, -2, -3};

  /** Two segmentations of a strip. */
  private static final List<int[]> STRIP =
      List.of(new int[] {0, 0, 1, 1, 1, 1}, new int[] {0, 0, 0, 1, 1, 1});

  /** Means are 3, 0, 4, −2: the third goes first, and leaves −1 … −3. */
  @Test
  void regionsAreTakenByTheMeanOfWhatTheyAdd() {
    Regions regions = Regions.of(STRIP, 1, 6, 0);
    assertThat(regions.count()).isEqualTo(4);
    assertThat(regions.ranked(A, 1)).containsExactly(4, 4, 4, -2, -2, -2);
  }

  /** Of {0, 1}, {2, …, 5}, {0, 1, 2}, {3, 4, 5} only the second has four pixels; 4, 2 are left. */
  @Test
  void whatAddsTooLittleIsLeftToTheRest() {
    assertThat(Regions.of(STRIP, 1, 6, 0).ranked(A, 4)).containsExactly(3, 3, 0, 0, 0, 0);
    assertThat(Regions.of(STRIP, 1, 6, 0).ranked(A, 7)).containsOnly(1);
  }

  /**
   * By one pixel: {0, 1, 2} has 4, {1, …, 5} 0.4, {0, …, 3} 2.75, {2, …, 5} 0. The second has {3,
   * 4, 5} left.
   */
  @Test
  void regionsGrow() {
    assertThat(Regions.of(STRIP, 1, 6, 1).ranked(A, 1)).containsExactly(4, 4, 4, -1, -2.5, -2.5);
  }

  /** A pixel in the middle of 7 × 7 becomes the disc of so many pixels, as in scikit-image. */
  @Test
  void theyGrowByADisc() {
    int[] label = new int[49];
    label[24] = 1;
    int[] pixels = {1, 5, 13, 29};
    for (int radius = 0; radius < pixels.length; radius++) {
      double[] a = new double[49];
      a[24] = pixels[radius];
      double[] map = Regions.of(List.of(label), 7, 7, radius).ranked(a, 1);
      assertThat(map[24]).as("radius %d", radius).isEqualTo(1);
      assertThat(Arrays.stream(map).filter(v -> v == 1).count()).isEqualTo(pixels[radius]);
    }
  }
}
