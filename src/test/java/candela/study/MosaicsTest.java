package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.config.Spec;
import candela.image.Image;
import candela.metric.Truth;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mosaics of photos whose class is their red, and whose number is their green. */
class MosaicsTest {
  private static final int TILE = 4;

  @TempDir Path folder;

  /** So many photos of each class, wider than high, white outside of the square at their middle. */
  private Path photos(int... ofClass) throws IOException {
    Path photos = Files.createDirectories(folder.resolve("photos"));
    List<String> lines = new ArrayList<>(List.of("file,class"));
    int number = 0;
    for (int c = 0; c < ofClass.length; c++) {
      for (int i = 0; i < ofClass[c]; i++) {
        byte[] rgb = new byte[3 * 9 * 5];
        for (int p = 0; p < 45; p++) {
          boolean outside = p % 9 < 2 || p % 9 > 6;
          rgb[3 * p] = (byte) (outside ? 255 : c);
          rgb[3 * p + 1] = (byte) (outside ? 255 : number);
        }
        new Image(9, 5, rgb).writePng(photos.resolve(number + ".png"));
        lines.add(number++ + ".png," + (c == 0 ? "first" : c));
      }
    }
    Files.write(folder.resolve("classes.csv"), lines);
    Files.writeString(folder.resolve("names.txt"), "first\nsecond\nthird\n");
    return photos;
  }

  private Mosaics mosaics(Path photos, String settings) {
    return Mosaics.of(
        Spec.parse("mosaics:tile=" + TILE + "," + settings),
        List.of(photos),
        folder.resolve("classes.csv"),
        folder.resolve("names.txt"));
  }

  @Test
  void twoQuartersShowTheClassAndTwoShowOthers() throws IOException {
    Mosaics mosaics = mosaics(photos(3, 1, 4), "count=600");
    assertThat(mosaics.count()).isEqualTo(600);
    assertThat(mosaics.classes()).isEqualTo(2);
    Map<Integer, Integer> ofClass = new HashMap<>();
    Map<Set<Integer>, Integer> places = new HashMap<>();
    Set<Set<Integer>> pairs = new HashSet<>();
    for (int i = 0; i < mosaics.count(); i++) {
      Mosaics.Mosaic m = mosaics.mosaic(i);
      Image picture = m.picture();
      assertThat(picture.width()).isEqualTo(2 * TILE);
      assertThat(picture.height()).isEqualTo(2 * TILE);
      Set<Integer> shown = new HashSet<>();
      Set<Integer> own = new HashSet<>();
      for (int q = 0; q < 4; q++) {
        int x = q % 2 * TILE;
        int y = q / 2 * TILE;
        boolean boxed = m.boxes().contains(new Truth.Box(x, y, x + TILE, y + TILE));
        for (int p = 0; p < TILE * TILE; p++) {
          assertThat(picture.at(x + p % TILE, y + p / TILE, 0) == m.label()).isEqualTo(boxed);
          assertThat(picture.at(x + p % TILE, y + p / TILE, 1)).isEqualTo(picture.at(x, y, 1));
        }
        shown.add(picture.at(x, y, 1));
        if (boxed) {
          own.add(q);
        }
      }
      assertThat(shown).as("different photos").hasSize(4);
      assertThat(own).hasSize(2);
      ofClass.merge(m.label(), 1, Integer::sum);
      places.merge(own, 1, Integer::sum);
      pairs.add(shown);
    }
    // 300 and 100 each are expected; six standard deviations.
    assertThat(ofClass.keySet()).containsExactlyInAnyOrder(0, 2);
    assertThat(ofClass.values()).allSatisfy(n -> assertThat(n).isBetween(227, 373));
    assertThat(places).hasSize(6);
    assertThat(places.values()).allSatisfy(n -> assertThat(n).isBetween(45, 155));
    // Three pairs of five others' ten, and six of four others' six, of which 18 are in both.
    assertThat(pairs).hasSize(30 + 36 - 18);
  }

  @Test
  void aMosaicDependsOnSettingsAndItsNumberAlone() throws IOException {
    Path photos = photos(2, 2);
    Mosaics few = mosaics(photos, "count=3,seed=5");
    Mosaics many = mosaics(photos, "count=30,seed=5");
    Set<Image> pictures = new HashSet<>();
    for (int i = 2; i >= 0; i--) {
      assertThat(few.mosaic(i)).isEqualTo(many.mosaic(i));
    }
    for (int i = 0; i < many.count(); i++) {
      pictures.add(many.mosaic(i).picture());
    }
    assertThat(pictures).hasSizeGreaterThan(10);
    assertThat(mosaics(photos, "seed=6").mosaic(0)).isNotEqualTo(many.mosaic(0));
    assertThat(many).hasToString("mosaics:count=30,tile=4,seed=5");
    assertThat(mosaics(photos, "seed=1")).hasToString("mosaics:count=100,tile=4,seed=1");
  }

  @Test
  void photosThatCannotBeJoinedAreRefused() throws IOException {
    Path one = photos(1, 1, 1);
    assertThatThrownBy(() -> mosaics(one, "seed=1"))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "mosaics: two photos of one class and two of others expected, got 3 photos of 3"
                + " classes; name more");
    Files.writeString(folder.resolve("classes.csv"), "file,class\n0.png,1\n2.png,1\n");
    assertThatThrownBy(() -> mosaics(one, "seed=1"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("classes.csv: the class of every photo expected, ")
        .hasMessageEndingWith("1.png is not in it; add it");
    assertThatThrownBy(() -> mosaics(photos(3, 1), "seed=1"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("two of others expected");
    assertThatThrownBy(() -> mosaics(photos(2, 2), "size=1"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("size");
  }
}
