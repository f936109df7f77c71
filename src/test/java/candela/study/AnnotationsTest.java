package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.metric.Truth;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables of classes and boxes. */
class AnnotationsTest {
  private static final List<String> NAMES = List.of("goldfish", "tench, Tinca tinca");

  @TempDir Path folder;

  private Annotations read(String... lines) throws IOException {
    var known = new Annotations();
    known.read(Files.write(folder.resolve("t.csv"), List.of(lines)), NAMES);
    return known;
  }

  @Test
  void quotedCellsMayHoldCommas() throws IOException {
    Annotations known =
        read(
            "\uFEFFfile, class, x0, y0, x1, y1",
            "\"a, b.png\", \"tench, Tinca tinca\", 1, 2, 3, 4",
            "",
            "c.png,goldfish,1,2,3,4",
            "c.png,0,5,6,7,8");
    assertThat(known.target(Path.of("photos/a, b.png"))).isEqualTo(1);
    assertThat(known.target(Path.of("c.png"))).isZero();
    assertThat(known.boxes(Path.of("c.png")))
        .containsExactly(new Truth.Box(1, 2, 3, 4), new Truth.Box(5, 6, 7, 8));
    assertThat(known.target(Path.of("d.png"))).isEqualTo(-1);
  }

  @Test
  void theLongestPathThatIsTheEndOfAnImagesCounts() throws IOException {
    Annotations known = read("file,class", "a/x.png,1", "x.png,2", "b/x.png,3", "/c/d/x.png,4");
    assertThat(known.target(Path.of("a/x.png"))).isEqualTo(1);
    assertThat(known.target(Path.of("/photos/a/x.png"))).isEqualTo(1);
    assertThat(known.target(Path.of("b/x.png"))).isEqualTo(3);
    assertThat(known.target(Path.of("/c/d/x.png"))).isEqualTo(4);
    assertThat(known.target(Path.of("e/x.png"))).isEqualTo(2);
    assertThat(known.target(Path.of("ax.png"))).isEqualTo(-1);
    assertThat(read("file,class", "/c/d/x.png,4").target(Path.of("/c/d/x.png"))).isEqualTo(4);
    assertThat(read("file,class", "/c/d/x.png,4").target(Path.of("c/d/x.png"))).isEqualTo(-1);
  }

  /** Two tables may write a file's name differently. */
  @Test
  void boxesAreThoseOfTheLongestPathThatHasSome() throws IOException {
    Annotations known =
        read(
            "file,class,x0,y0,x1,y1",
            "./a/x.png,1,1,2,3,4",
            "x.png,1,5,6,7,8",
            "x.png,1,8,8,9,9",
            "y.png,0,0,0,1,1",
            "a/y.png,1,2,2,3,3");
    assertThat(known.boxes(Path.of("/photos/a/x.png"))).containsExactly(new Truth.Box(1, 2, 3, 4));
    assertThat(known.boxes(Path.of("/photos/b/x.png")))
        .containsExactly(new Truth.Box(5, 6, 7, 8), new Truth.Box(8, 8, 9, 9));
    known.read(Files.write(folder.resolve("c.csv"), List.of("file,class", "b/x.png,1")), NAMES);
    assertThat(known.boxes(Path.of("/photos/b/x.png"))).hasSize(2);
    assertThat(known.boxes(Path.of("./a/y.png"))).containsExactly(new Truth.Box(2, 2, 3, 3));
    assertThat(known.boxes(Path.of("b/y.png"))).containsExactly(new Truth.Box(0, 0, 1, 1));
  }

  @Test
  void aTableOfOtherImagesIsRefused() throws IOException {
    Annotations known = read("file,class", "./stra.png,1");
    known.checkUsed(List.of(Path.of("heart.png"), Path.of("a/stra.png")));
    assertThatThrownBy(() -> known.checkUsed(List.of(Path.of("heart.png"), Path.of("star.png"))))
        .hasMessageEndingWith(
            "t.csv: a row of one of the study's images expected, there is none; the first row is"
                + " of 'stra.png', the first image is heart.png");
    read("file,class").checkUsed(List.of(Path.of("heart.png")));
  }

  @Test
  void aNameOfTwoClassesIsRefused() throws IOException {
    Path table = Files.write(folder.resolve("t.csv"), List.of("file,class", "a.png,crane"));
    assertThatThrownBy(() -> new Annotations().read(table, List.of("crane", "kite", "crane")))
        .hasMessage(
            table + ":2: a name of one class expected, 'crane' is that of [0, 2]; give the number");
    var numbers = new Annotations();
    numbers.read(
        Files.write(table, List.of("file,class", "a.png,2")), List.of("crane", "kite", "crane"));
    assertThat(numbers.target(Path.of("a.png"))).isEqualTo(2);
    assertThat(numbers.named()).isFalse();
  }

  @Test
  void messagesHaveTheLinesOfTheFile() {
    assertThatThrownBy(() -> read("file,class", "\"a", "b.png\",0", "", "c.png,minnow, the"))
        .isInstanceOf(CandelaException.class)
        .hasMessageEndingWith(
            "t.csv:5: values for [file, class] expected, got 'c.png,minnow, the'");
    assertThatThrownBy(() -> read("file,class", "a.png,0", "b.png,\"goldfish"))
        .isInstanceOf(CandelaException.class)
        .hasMessageEndingWith("t.csv: line 3: a closing quote expected, the text ends");
  }
}
