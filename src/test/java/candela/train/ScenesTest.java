package candela.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.Philox;
import candela.tensor.CandelaException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScenesTest {
  private static final Scenes PLAIN = Scenes.parse("synthetic:count=16,test=8,seed=3");

  /** A picture depends on settings and number alone; the first eight show the eight classes. */
  @Test
  void picturesAreFunctionsOfSeedAndNumber() {
    for (int i = 0; i < 8; i++) {
      Scene scene = PLAIN.scene(i);
      assertThat(scene.label()).isEqualTo(i);
      assertThat(scene.levels()).isEqualTo(PLAIN.scene(i).levels());
      assertThat(scene.levels()).isNotEqualTo(PLAIN.scene(i + 8).levels());
    }
    Dataset set = PLAIN.set(16, 24);
    assertThat(set.pixels().get(3)).isEqualTo(PLAIN.scene(19).levels());
    assertThat(set.classes()).hasSize(8).contains("star");
  }

  /** The object stands out: its pixels and those around it differ in brightness. */
  @Test
  void masksCoverTheObject() {
    for (int i = 0; i < 24; i++) {
      Scene s = PLAIN.scene(i);
      int[] b = s.box();
      double in = 0;
      double out = 0;
      int inside = 0;
      for (int p = 0; p < s.mask().length; p++) {
        int x = p % 64;
        int y = p / 64;
        boolean boxed = x >= b[0] && x < b[2] && y >= b[1] && y < b[3];
        if (s.mask()[p]) {
          assertThat(boxed).isTrue();
          in += luma(s, p);
          inside++;
        } else {
          out += luma(s, p);
        }
      }
      assertThat(inside).as("pixels of picture %d", i).isBetween(100, 1200);
      double difference = Math.abs(in / inside - out / (4096 - inside));
      assertThat(difference).as("contrast of picture %d", i).isGreaterThan(0.08);
    }
  }

  private static double luma(Scene s, int p) {
    double[] rgb = new double[3];
    for (int c = 0; c < 3; c++) {
      rgb[c] = (s.levels()[3 * p + c] & 255) / 255.0;
    }
    return Colours.luma(rgb);
  }

  /** With the same number, pictures with and without differ inside the region, and there only. */
  @ParameterizedTest
  @EnumSource(value = Artefact.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void artefactsStayInTheirRegion(Artefact artefact) {
    Scenes marked =
        Scenes.parse("synthetic:count=16,artefact=" + artefact.word() + ",decides=artefact");
    assertThat(marked.classes()).containsExactly("plain", artefact.word());
    Scene scene = marked.scene(5);
    assertThat(scene.label()).isEqualTo(1);
    assertThat(marked.scene(4).label()).isZero();
    double[] before = new double[3 * 64 * 64];
    Arrays.fill(before, 0.4);
    Philox random = new Philox(1, 1);
    for (int i = 0; i < before.length; i++) {
      before[i] = random.uniform(0.3, 0.7);
    }
    double[] after = before.clone();
    artefact.plant(after, 64, random);
    int changed = 0;
    for (int p = 0; p < 64 * 64; p++) {
      boolean same = after[3 * p] == before[3 * p] && after[3 * p + 1] == before[3 * p + 1];
      assertThat(same || scene.mask()[p]).as("pixel %d", p).isTrue();
      changed += same ? 0 : 1;
    }
    assertThat(changed).isGreaterThan(30);
  }

  /** With the shortcut, the hue of the object tells its class; without, it does not. */
  @Test
  void theColourShortcutIsSwitched() {
    Scenes coloured = Scenes.parse("synthetic:count=64,colour=1,seed=9");
    assertThat(hueSpread(coloured)).isLessThan(0.12);
    assertThat(hueSpread(PLAIN)).isGreaterThan(0.15);
  }

  /** Mean distance of the objects' hues from the hue of their class, at most 0.5. */
  private static double hueSpread(Scenes scenes) {
    double sum = 0;
    int n = 48;
    for (int i = 0; i < n; i++) {
      Scene s = scenes.scene(i);
      double[] rgb = new double[3];
      for (int p = 0; p < s.mask().length; p++) {
        for (int c = 0; c < 3 && s.mask()[p]; c++) {
          rgb[c] += s.levels()[3 * p + c] & 255;
        }
      }
      double hue = Colours.hsv(rgb[0], rgb[1], rgb[2])[0];
      sum += Math.abs(Math.IEEEremainder(hue - s.label() / 8.0, 1)) / n;
    }
    return sum;
  }

  @Test
  void hueAndBack() {
    Philox random = new Philox(2, 3);
    for (int i = 0; i < 100; i++) {
      double[] rgb = {random.uniform(), random.uniform(), random.uniform()};
      double[] hsv = Colours.hsv(rgb[0], rgb[1], rgb[2]);
      double[] back = Colours.rgb(hsv[0], hsv[1], hsv[2]);
      assertThat(back).containsExactly(rgb, org.assertj.core.data.Offset.offset(1e-9));
    }
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> Scenes.parse("synthetic:decides=artefact"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("needs an artefact");
    assertThatThrownBy(() -> Scenes.parse("synthetic:size=8"))
        .isInstanceOf(CandelaException.class)
        .hasMessage("synthetic: size: 16 to 1024 expected, got '8'");
  }
}
