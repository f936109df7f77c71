package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many engines are tried; needs no card. */
@Tag("kernel")
class MeasuredTest {
  private static final String PROPERTY = "candela.engines";

  private String before;

  @BeforeEach
  void remember() {
    before = System.clearProperty(PROPERTY);
  }

  @AfterEach
  void restore() {
    if (before == null) {
      System.clearProperty(PROPERTY);
    } else {
      System.setProperty(PROPERTY, before);
    }
  }

  private static Measured measured() {
    return new Measured(null, null, null);
  }

  @Test
  void tenAreComparedUnlessToldOtherwise() {
    Measured usual = measured();
    assertThat(usual.compared(30)).isEqualTo(10);
    assertThat(usual.compared(3)).isEqualTo(3);
    assertThat(usual.among("key", 30)).isEqualTo("key");

    System.setProperty(PROPERTY, "2");
    Measured few = measured();
    assertThat(few.compared(30)).isEqualTo(2);
    assertThat(few.among("key", 30)).isEqualTo("key among 2");
    // all of them, as usual
    assertThat(few.among("key", 2)).isEqualTo("key");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "", "two", "2.5", "10000"})
  void aWrongNumberIsAnsweredInOneSentence(String number) {
    System.setProperty(PROPERTY, number);
    assertThatThrownBy(MeasuredTest::measured)
        .isInstanceOf(CandelaException.class)
        .hasMessage("-Dcandela.engines: a number from 1 to 9999 expected, got '" + number + "'");
  }
}
