package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.image.Npy;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaselineTest {
  @TempDir Path folder;

  private Path file(float... values) {
    Path file = folder.resolve("b.npy");
    new Npy(new int[] {values.length}, values).write(file);
    return file;
  }

  private Attribution ablated(String method) {
    Subject subject = new Subject(Shape.of(3), MethodCase.X, 0);
    return Maps.of(Toy.ml(folder), 4, Methods.parse(method), subject);
  }

  /** A value of 20 that becomes 1 costs 4 · 19. */
  @Test
  void aBaselineMayBeAFile() {
    String method = "feature-ablation:features=values,baseline=" + file(1, 2, 3);
    assertThat(ablated(method).values()).containsExactly(76, 192, 108);
    Method read = Methods.parse(method);
    assertThat(Methods.parse(Methods.name(read) + ":" + Methods.text(read))).isEqualTo(read);
    assertThat(Methods.text(read)).contains("b.npy:sha256=");
  }

  @Test
  void anotherFileIsToldFromTheOneThatWasRead() {
    String text = Methods.text(Methods.parse("deeplift:baseline=" + file(1, 2, 3)));
    file(1, 2, 4);
    assertThatThrownBy(() -> Methods.parse("deeplift:" + text))
        .isInstanceOf(CandelaException.class)
        .hasMessageMatching("baseline: .*b.npy: the file with sha256 .* expected.*")
        .hasMessageContaining(", this one's is ");
  }

  @Test
  void whatDoesNotFitIsRefusedInASentence() {
    String method = "feature-ablation:features=values,baseline=" + file(1, 2);
    assertThatThrownBy(() -> ablated(method))
        .hasMessage(
            "baseline: %s: the network's input [3] expected, got [2]", folder.resolve("b.npy"));
    assertThatThrownBy(() -> Methods.parse("deeplift:baseline=grey"))
        .hasMessage(
            "baseline: zero, mean, blur, random, white, black or a FILE.npy expected, got"
                + " 'grey'");
    assertThatThrownBy(() -> Methods.parse("deeplift:baseline=none.npy"))
        .hasMessage("none.npy: cannot be read: there is no such file");
  }
}
