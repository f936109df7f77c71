package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Layers of shapes as models have them. */
class FeatureMapTest {
  private static final Shape IMAGE = Shape.of(3, 8, 12);

  private static FeatureMap of(int... layer) {
    Shape s = Shape.of(layer);
    float[] values = new float[s.count()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return FeatureMap.of("m", "v", IMAGE, null, s, values);
  }

  private static void assertShape(FeatureMap m, int channels, int h, int w) {
    assertThat(new int[] {m.channels(), m.h(), m.w()}).containsExactly(channels, h, w);
  }

  @Test
  void mapsAreRead() {
    assertShape(of(1, 5, 2, 3), 5, 2, 3);
    assertThat(of(1, 5, 2, 3).at(1, 0)).isEqualTo(6);
    assertShape(of(1, 7), 7, 1, 1);
  }

  /** 2 × 3 is an image of 8 × 12 in patches of 4, 3 × 5 is none. */
  @Test
  void channelsAreLastWhereOnlyThatHasTheImagesProportions() {
    FeatureMap m = of(1, 2, 3, 5);
    assertShape(m, 5, 2, 3);
    assertThat(m.at(1, 2)).isEqualTo(2 * 5 + 1);
    assertShape(of(1, 2, 2, 3), 2, 2, 3);
    assertShape(of(1, 9, 7, 7), 9, 7, 7);
  }

  /** Neither 5 × 8 nor 8 × 3 are patches of 8 × 12, as where borders go lost; 5 : 8 is nearer. */
  @Test
  void channelsAreLastWhereThatIsNearerToTheImagesProportions() {
    assertShape(of(1, 5, 8, 3), 3, 5, 8);
    assertShape(of(1, 3, 5, 8), 3, 5, 8);
  }

  @Test
  void tokensAreThePatchesOfTheImage() {
    assertShape(of(1, 6, 5), 5, 2, 3);
    FeatureMap m = of(1, 7, 5);
    assertShape(m, 5, 2, 3);
    assertThat(m.at(2, 3)).isEqualTo((1 + 3) * 5 + 2);
    assertShape(of(1, 9, 5), 5, 2, 3);
    assertShape(of(1, 26, 5), 5, 4, 6);
  }

  @Test
  void otherTokensAreSquareOrRefused() {
    assertShape(of(1, 16 * 16, 2), 2, 16, 16);
    assertThatThrownBy(() -> of(1, 500, 2))
        .hasMessage(
            "m: layer: a map [c,h,w] or tokens of the image's patches expected, 'v' is [1,500,2];"
                + " name another value of the model");
    assertShape(FeatureMap.ofAny(IMAGE, null, Shape.of(1, 500, 2), new float[1000]), 1, 500, 2);
  }
}
