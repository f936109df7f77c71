package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.image.Npy;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GivenArrayTest {
  @TempDir Path folder;

  private Path file(float... values) {
    return file(new int[] {values.length}, values);
  }

  private Path file(int[] shape, float... values) {
    Path file = folder.resolve("b.npy");
    new Npy(shape, values).write(file);
    return file;
  }

  private Attribution ablated(String method) {
    Levels levels = new Levels(List.of(-1f), List.of(2f), false);
    Subject subject = new Subject(Shape.of(3), MethodCase.X, 0, levels);
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

  /** Values 0 and 2 of (20, 10, 3) are one feature, whatever its number. */
  @Test
  void aFeatureMaskMayBeAFile() {
    String method = "feature-ablation:featureMask=" + file(new int[] {1, 1, 3}, -7, 1e9f, -7);
    assertThat(ablated(method).values()).containsExactly(200, 200, 200);
    Method read = Methods.parse(method);
    assertThat(Methods.text(read)).contains("featureMask=").doesNotContain("features=", "grid=");
    assertThat(Methods.parse(Methods.name(read) + ":" + Methods.text(read))).isEqualTo(read);
  }

  /** Half of it from a baseline where the last unit is off; as the two one by one. */
  @Test
  void aBackgroundMayBeAFile() {
    String text = "deepshap:background=" + file(new int[] {2, 3}, 1, 2, 3, 0, 0, 0);
    float[] each = new float[3];
    for (float[] b : new float[][] {{1, 2, 3}, {0, 0, 0}}) {
      float[] one = ablated("deepshap:background=" + other(b)).values();
      for (int i = 0; i < 3; i++) {
        each[i] += one[i] / 2;
      }
    }
    assertThat(ablated(text).values()).containsExactly(each);
    Method read = Methods.parse(text);
    assertThat(Methods.parse(Methods.name(read) + ":" + Methods.text(read))).isEqualTo(read);
  }

  private Path other(float... values) {
    Path file = folder.resolve("c.npy");
    new Npy(new int[] {1, values.length}, values).write(file);
    return file;
  }

  @Test
  void whatIsGivenAsItIsByDefaultIsTheDefault() {
    for (String name : Methods.names()) {
      Method plain = Methods.parse(name);
      assertThat(Methods.parse(name + ":" + Methods.text(plain))).as(name).isEqualTo(plain);
      assertThat(Methods.parse(name + ":" + String.join(",", Methods.usage(name).split(", "))))
          .as(name)
          .isEqualTo(plain);
      if (Methods.text(plain).contains("baseline=random")) {
        assertThat(ablated(name + ":baseline=random").values())
            .as(name)
            .isEqualTo(ablated(name).values());
      }
    }
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
    assertThatThrownBy(() -> ablated("feature-ablation:featureMask=" + file(1, 2)))
        .hasMessage("featureMask: %s: [1,3] or [1,1,3] expected, got [2]", folder.resolve("b.npy"));
    assertThatThrownBy(() -> ablated("deepshap:background=" + file(1, 2)))
        .hasMessage(
            "background: %s: the network's input [3], or several of them, expected, got [2]",
            folder.resolve("b.npy"));
    assertThatThrownBy(() -> Methods.parse("kernel-shap:grid=2,featureMask=" + file(1)))
        .hasMessage(
            "featureMask: it tells all features; leave out features, grid, segments, compactness"
                + " and sigma");
    assertThatThrownBy(() -> Methods.parse("deeplift:baseline=grey"))
        .hasMessage(
            "baseline: zero, mean, blur, random, white, black or a FILE.npy expected, got"
                + " 'grey'");
    assertThatThrownBy(() -> Methods.parse("deeplift:baseline=none.npy"))
        .hasMessage("none.npy: cannot be read: there is no such file");
  }
}
