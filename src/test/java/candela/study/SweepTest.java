package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.image.Npy;
import candela.method.Methods;
import candela.metric.Pair;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SweepTest {
  @Test
  void listsAndRangesGiveAllCombinations() {
    Sweep s =
        Sweep.parse("s", "sliding-patch:patch=[5*,9..17/4],stride=[1,3*],score=logit", Path.of(""));
    assertThat(s.settings())
        .extracting(Setting::label)
        .containsExactly(
            "patch=5, stride=1",
            "patch=5, stride=3",
            "patch=9, stride=1",
            "patch=9, stride=3",
            "patch=13, stride=1",
            "patch=13, stride=3",
            "patch=17, stride=1",
            "patch=17, stride=3");
    assertThat(s.settings().get(4).method())
        .isEqualTo(Methods.parse("sliding-patch:patch=13,stride=1,score=logit"));
    assertThat(s.baseline()).isEqualTo(1);
    assertThat(s.pairs()).hasSize(7).contains(new Pair(0, 1), new Pair(7, 1));
  }

  @Test
  void withoutAMarkEveryTwoAreCompared() {
    Sweep s = Sweep.parse("s", "smoothgrad:spread=[0.1..0.3/0.1]", Path.of(""));
    assertThat(s.settings()).extracting(Setting::label).containsExactly("0.1", "0.2", "0.3");
    assertThat(s.pairs()).containsExactly(new Pair(0, 1), new Pair(0, 2), new Pair(1, 2));
    assertThat(Sweep.parse("s", "gradient", Path.of("")).pairs()).isEmpty();
  }

  /** A file of the folder above is no range, be it marked. */
  @Test
  void filesMayLieInTheFolderAbove(@TempDir Path above) throws IOException {
    new Npy(new int[] {1, 2, 2}, new float[] {1, 2, 3, 4}).write(above.resolve("grey.npy"));
    Path folder = Files.createDirectory(above.resolve("studies"));
    String text = "integrated-gradients:baseline=[zero,../grey.npy*]";
    Sweep s = Sweep.parse("s", text, folder);
    assertThat(s.settings()).extracting(Setting::label).containsExactly("zero", "../grey.npy");
    assertThat(s.settings().get(1).method())
        .isEqualTo(Methods.parse("integrated-gradients:baseline=../grey.npy", folder));
    assertThat(s.baseline()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "sliding-patch:patch=[5,5] | s: every setting once expected, 5 is there twice",
        "sliding-patch:patch=[5*,6*] | sliding-patch: patch: one value with * expected",
        "sliding-patch:patch=[5,,6] | sliding-patch: patch: values between commas expected",
        "sliding-patch:patch=[9..5] | sliding-patch: patch: a range FROM..TO or FROM..TO/STEP",
        "sliding-patch:patch=[1..9/0] | sliding-patch: patch: a range FROM..TO or FROM..TO/STEP",
        "sliding-patch:patch=[-1,5] | sliding-patch: patch: 0 or more expected, got -1",
        "sliding-patch:patch=[4*,5],stride=[1,2] | s: a value marked with * in all lists",
        "sliding-patch:patches=[4,5] | sliding-patch: unknown parameter 'patches'; it takes fill,"
            + " inpainter, patch",
        "smoothgrad:seed=[1..20000] | smoothgrad: seed: a range FROM..TO",
        "smoothgrad:seed=[1..9999],samples=[1..9999] | s: at most 10000 settings expected",
        "smoothgrad:seed=\"[\" | 'smoothgrad:seed=[': a closing bracket expected",
      })
  void whatIsWrongIsSaid(String text, String message) {
    assertThatThrownBy(() -> Sweep.parse("s", text, Path.of("")))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void severalMethodsAreCompared() {
    List<String> texts = List.of("gradient", "smoothgrad:samples=[5,9]", "lrp:composite=epsilon");
    Sweep all = Sweep.ofMethods("s", texts, Path.of(""));
    assertThat(all.settings())
        .extracting(Setting::label)
        .containsExactly(
            "gradient", "smoothgrad:samples=5", "smoothgrad:samples=9", "lrp:composite=epsilon");
    assertThat(all.pairs()).hasSize(6);
    assertThat(all.method()).isEmpty();
    Sweep with = Sweep.ofMethods("s", List.of("gradient", "sobel*"), Path.of(""));
    assertThat(with.pairs()).containsExactly(new Pair(0, 1));
    assertThat(with.baseline()).isEqualTo(1);
    assertThat(Sweep.ofMethods("s", texts.subList(1, 2), Path.of("")).method())
        .isEqualTo("smoothgrad");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gradient;gradient | s: every setting once expected, gradient is there twice",
        "lrp;lrp:composite=epsilon_plus_flat | s: every setting once expected,"
            + " lrp:composite=epsilon_plus_flat is the same as lrp",
        "gradient*;sobel* | s: of several methods one at most is marked with *, as a whole",
        "gradient;smoothgrad:samples=[5*,9] | s: of several methods one at most is marked with *",
        "smoothgrad:samples=[5,9]*;sobel | s: of several methods one at most is marked with *",
      })
  void whatIsWrongWithSeveralIsSaid(String texts, String message) {
    assertThatThrownBy(() -> Sweep.ofMethods("s", List.of(texts.split(";")), Path.of("")))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(message);
  }

  /** 2,000 settings have 1,999,000 pairs; with a mark there are as many as settings. */
  @Test
  void pairsAreNotMoreThanMemoryHolds() {
    String all = "smoothgrad:spread=[0.001..2/0.001%s],samples=2";
    assertThat(Sweep.parse("s", all.formatted(""), Path.of("")).pairs()).hasSize(1_999_000);
    String more = all.formatted(",2.5");
    String study = "models: [m]\nimages: [x]\nsweeps: [%s]\n";
    String one = study.formatted("s: \"" + more + "\"");
    assertThatThrownBy(() -> Study.parse("s.yaml", one, Path.of("")))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "s.yaml:3: sweeps: s: at most 2,000,000 pairs of settings expected, every two of 2,001"
                + " are 2,001,000; mark one with *, and the others are compared with it");
    String two = study.formatted("s: [gradient, \"" + more + "\"]");
    assertThatThrownBy(() -> Study.parse("s.yaml", two, Path.of("")))
        .hasMessageContaining("every two of 2,002");
    assertThat(Sweep.ofMethods("s", List.of("gradient*", more), Path.of("")).pairs()).hasSize(2001);
    assertThat(Sweep.parse("s", all.formatted(",2.5*"), Path.of("")).pairs()).hasSize(2000);
    // nothing is compared
    Study measured = Study.parse("s.yaml", one + "similarities: []\n", Path.of(""));
    assertThat(measured.sweeps().getFirst().settings()).hasSize(2001);
    Plan plan = Plan.of(measured.sweeps());
    assertThat(Comparison.of(measured, plan, List.of(), 8, 8)).isEmpty();
  }
}
