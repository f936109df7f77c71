package candela.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import candela.tensor.CandelaException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecTest {
  @Test
  void everyKindOfValueIsRead() {
    Spec s =
        Spec.parse("ig:nSteps=7, stdev = 1e-2,rule=\"a,b=c\",at=[1,[2,3]],keep=true,kind=riemann");
    assertThat(s.name()).isEqualTo("ig");
    assertThat(s.integer("nSteps", 50)).isEqualTo(7);
    assertThat(s.number("stdev", 0)).isEqualTo(0.01);
    assertThat(s.text("rule", "")).isEqualTo("a,b=c");
    assertThat(s.text("at", "")).isEqualTo("[1,[2,3]]");
    assertThat(s.bool("keep", false)).isTrue();
    assertThat(s.choice("kind", "gauss", List.of("gauss", "riemann"))).isEqualTo("riemann");
    s.finish();
  }

  @Test
  void quotesWithinQuotesBelongToTheInnerSpec() {
    Spec outer = Spec.parse("a:of=\"b:of = \"c:k=1, l=2\", m=3\",n=4");
    assertThat(outer.given())
        .containsExactly(entry("of", "b:of = \"c:k=1, l=2\", m=3"), entry("n", "4"));
    assertThat(Spec.parse(outer.text("of", "")).given())
        .containsExactly(entry("of", "c:k=1, l=2"), entry("m", "3"));
    assertThat(Spec.parse("a:of=\"b:of=\"c:k=\"1,2\"\"\"").given())
        .containsExactly(entry("of", "b:of=\"c:k=\"1,2\"\""));
  }

  @ParameterizedTest
  @CsvSource({"rise", "rise:"})
  void whatIsNotGivenHasItsDefault(String text) {
    Spec s = Spec.parse(text);
    assertThat(s.integer("masks", 4000)).isEqualTo(4000);
    assertThat(s.number("keep", 0.5)).isEqualTo(0.5);
    assertThat(s.text("fill", "mean")).isEqualTo("mean");
    assertThat(s.bool("soft", true)).isTrue();
    assertThat(s.choice("kind", "x", List.of("x"))).isEqualTo("x");
    s.finish();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "rise:mask=3 | rise: unknown parameter 'mask'; it takes keep, kind, masks, soft",
        "rise:masks=many | rise: masks: a whole number expected, got 'many'",
        "rise:masks=4294967296 | rise: masks: 1 to 100 expected, got '4294967296'",
        "rise:masks=0 | rise: masks: 1 to 100 expected, got '0'",
        "gradient:]=[ | 'gradient:]=[': an opening bracket expected before ]",
        "rise:keep=NaN | rise: keep: 0.0 to 1.0 expected, got 'NaN'",
        "rise:keep=x | rise: keep: a number expected, got 'x'",
        "rise:soft=yes | rise: soft: true, false expected, got 'yes'",
        "rise:kind=z | rise: kind: x, y expected, got 'z'",
        "rise:keep=1,keep=1 | rise: parameter 'keep' is given twice",
        "rise:keep | rise: key=value expected, got 'keep'",
        "rise:keep=1,,soft=true | rise: key=value expected, got ''",
        "rise:kind=[1 | 'rise:kind=[1': a closing bracket expected",
        "rise:kind=\"1 | 'rise:kind=\"1': a closing quote expected",
        "rise:kind=\"a:b=\"1,2\" | 'rise:kind=\"a:b=\"1,2\"': a closing quote expected",
        ":keep=1 | ':keep=1': NAME:key=value,… expected, the name is missing"
      })
  void aWrongSpecIsRefusedInASentence(String text, String message) {
    assertThatThrownBy(
            () -> {
              Spec s = Spec.parse(text);
              s.integer("masks", 4, 1, 100);
              s.number("keep", 0.5, 0, 1);
              s.bool("soft", true);
              s.choice("kind", "x", List.of("x", "y"));
              s.finish();
            })
        .isInstanceOf(CandelaException.class)
        .hasMessage(message);
  }
}
