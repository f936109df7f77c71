package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** By hand: a convolution of 3 pixels at every other one, then a pooling of the same kind. */
class ExtentTest {
  private static final Reach THREE =
      new Reach(new int[] {3, 3}, new int[] {2, 2}, new int[] {1, 0}, 0);

  private static final int WINDOW = 53;

  @Test
  void pixelsThatAWindowChangesAreCounted() {
    Extent across = Extent.image(224).behind(THREE, 1).changed(WINDOW, 1, 1);
    // pixel i sees 2i .. 2i + 2, so that 0 .. 52 are seen by 0 .. 26 and 1 .. 53 by 0 .. 26
    assertThat(across).isEqualTo(new Extent(2, 0, 2, 1, 1, 0, 28));
    Extent pooled = across.behind(THREE, 1).changed(WINDOW, 1, 1);
    // pixel i sees 4i .. 4i + 6
    assertThat(pooled).isEqualTo(new Extent(4, 0, 6, 1, 1, 0, 15));
    Extent down = Extent.image(224).behind(THREE, 0).changed(WINDOW, 1, 1);
    // padded by 1: pixel i sees 2i - 1 .. 2i + 1
    assertThat(down).isEqualTo(new Extent(2, -1, 1, 1, 1, 0, 28));
  }

  @Test
  void whatPixelsAreMadeOfReachesFurther() {
    Extent down = Extent.image(224).behind(THREE, 0).changed(WINDOW, 2, 12);
    // from an even pixel: one more; even number
    assertThat(down).isEqualTo(new Extent(2, -1, 1, 2, 2, 0, 30));
    // from twice that pixel less the padding, 2 · 29 + 3 of them
    assertThat(down.before(THREE, 0)).isEqualTo(new Extent(2, -1, 1, 2, 4, -1, 61));
  }

  @Test
  void smallWindowsTakeTheLeast() {
    assertThat(Extent.image(32).changed(1, 2, 12).size()).isEqualTo(12);
  }

  @Test
  void twoWaysToAPixelAreJoinedWhereTheyStepAlike() {
    Extent a = new Extent(4, -3, 3, 1, 1, 0, 5);
    Extent b = new Extent(4, -1, 7, 1, 1, 0, 5);
    assertThat(a.and(b)).isEqualTo(new Extent(4, -3, 7, 0, 0, 0, 0));
    assertThat(a.and(new Extent(8, -1, 7, 1, 1, 0, 5))).isNull();
  }
}
