package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimeTest {
  /** The penalty of 1e-9, and float scores of size 100. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-3f);

  /** Superpixels of one pixel. */
  private static final String PIXELS =
      "lime:segments=3,compactness=1e9,sigma=0,samples=60,alpha=1e-9,score=logit,fill=";

  @TempDir Path folder;

  private Attribution map(String method, Path network, Subject subject) {
    return Maps.of(network, 16, Methods.parse(method), subject);
  }

  /** SLRP scores 18 times the sum, above 0: a pixel is worth 18 times what it is above its fill. */
  @ParameterizedTest
  @CsvSource({
    "zero, 18, 36, 54",
    "grey, 9, 27, 45",
    "black, 36, 54, 72",
    "white, -18, 0, 18",
    "mean, -18, 0, 18",
    "superpixel_mean, 0, 0, 0"
  })
  void aPixelIsWorthWhatItIsAboveItsFill(String fill, float a, float b, float c) {
    Levels levels = new Levels(List.of(-1f), List.of(2f));
    Subject subject = new Subject(Shape.of(3), new float[] {1, 2, 3}, 0, levels);
    // black alone has a negative sum, where SLRP is flat: only few samples hide all three
    Path network = fill.equals("black") ? Toy.sum(folder, 3) : Toy.slrp(folder);
    assertThat(map(PIXELS + fill, network, subject).values())
        .containsExactly(new float[] {a, b, c}, ROUNDING);
  }

  /** Where the rest of a constant image is that constant, hiding any of it changes nothing. */
  @Test
  void moreSuperpixelsThanARegressionCanHoldAreRefusedBeforeTheFirstRow() {
    Shape image = Shape.of(1, 100, 100);
    Subject subject = new Subject(image, Toy.draw(new Random(1), 10_000), 0);
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      String every = "lime:samples=3,segments=10000,compactness=1e9,sigma=0";
      assertThatThrownBy(() -> Methods.parse(every).probe(subject, workspace))
          .hasMessage(
              "lime: segments: at most 8192 superpixels expected for a regression, got 10000; take"
                  + " fewer, or estimate=mean");
      assertThat(Methods.parse(every + ",estimate=mean").probe(subject, workspace).size())
          .isEqualTo(3);
    }
  }

  @Test
  void whatLooksLikeTheRestIsWorthNothing() {
    float[] x = new float[189];
    Arrays.fill(x, .5f);
    Subject subject = new Subject(Shape.of(3, 9, 7), x, 1);
    String method = "lime:segments=9,compactness=1e9,samples=20,score=logit,fill=";
    for (float v : map(method + "inpaint", Toy.random(folder), subject).values()) {
      assertThat(v).isCloseTo(0, ROUNDING);
    }
    float most = 0;
    for (float v : map(method + "zero", Toy.random(folder), subject).values()) {
      most = Math.max(most, Math.abs(v));
    }
    assertThat(most).isGreaterThan(.1f);
  }

  @Test
  void superpixelsDoNotDependOnTheOrderOfTheColours() {
    float[] rgb = Toy.draw(new Random(2), 189);
    float[] bgr = new float[189];
    for (int i = 0; i < 189; i++) {
      bgr[i] = rgb[(2 - i / 63) * 63 + i % 63];
    }
    List<Float> black = List.of(-2f, -2f, -2f);
    List<Float> white = List.of(2f, 2f, 2f);
    Shape shape = Shape.of(3, 9, 7);
    Path network = Toy.random(folder);
    // one superpixel's value at a time: where maps are equal everywhere, superpixels are
    String method = "lime:segments=9,compactness=1,sigma=1,samples=30";
    float[] a = map(method, network, new Subject(shape, rgb, 1, new Levels(black, white))).values();
    float[] b =
        map(method, network, new Subject(shape, bgr, 1, new Levels(black, white, true))).values();
    for (int i = 0; i < 63; i++) {
      for (int j = 0; j < i; j++) {
        assertThat(b[i] == b[j]).as("%d, %d", i, j).isEqualTo(a[i] == a[j]);
      }
    }
  }

  @Test
  void fillsThatNeedLevelsSayWhenTheyAreUnknown() {
    Subject subject = new Subject(Shape.of(3), new float[] {1, 2, 3}, 0);
    assertThatThrownBy(() -> map("lime:fill=grey", Toy.slrp(folder), subject))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("baseline: grey needs to know black and white of 1 channels");
  }

  @Test
  void presetsAreTheirAuthorsSettings() {
    assertThat(Methods.parse("lime:preset=sam")).isEqualTo(Lime.sam());
    assertThat(Methods.parse("lime:preset=lime-g"))
        .isEqualTo(Methods.parse("lime:samples=500,fill=inpaint"));
    assertThat(Methods.parse("sliding-patch:preset=sp-g"))
        .isEqualTo(Methods.parse("sliding-patch:patch=77,stride=3,fill=inpaint"));
    assertThat(Methods.parse("lime:preset=lime,seed=3,fill=zero"))
        .isEqualTo(Methods.parse("lime:segments=100,compactness=10,sigma=0,seed=3"));
    assertThatThrownBy(() -> Methods.parse("lime:preset=shap"))
        .hasMessageContaining("lime: preset: lime, lime-g, sam, none expected, got 'shap'");
    assertThatThrownBy(() -> Methods.parse("lime:segments=0"))
        .hasMessageContaining("slic: segments: 1 or more expected, got 0");
  }
}
