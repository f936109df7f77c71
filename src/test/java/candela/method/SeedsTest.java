package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SeedsTest {
  static List<String> names() {
    return Methods.names();
  }

  /** Nothing else is changed, and what draws nothing is the same object. */
  @ParameterizedTest
  @MethodSource("names")
  void everyMethodWithASeedHasAnother(String name) {
    Method method = Methods.parse(name);
    Map<String, Object> wanted = Methods.parameters(method);
    Method other = Seeds.plus(method, 5L << 32);
    if (!wanted.containsKey("seed")) {
      assertThat(other).isSameAs(method);
      return;
    }
    wanted.put("seed", 5L << 32);
    wanted.computeIfPresent(
        "method", (k, v) -> v.toString().replace("seed=0", "seed=" + (5L << 32)));
    assertThat(Methods.parameters(other)).isEqualTo(wanted);
  }

  @Test
  void aMethodWithinAnotherHasAnotherSeedToo() {
    var tunnel = (NoiseTunnel) Methods.parse("noise-tunnel:seed=3,method=\"rise:seed=2\"");
    assertThat(Seeds.plus(tunnel, 10))
        .isEqualTo(Methods.parse("noise-tunnel:seed=13,method=\"rise:seed=12\""));
  }

  /** Seeds of roar are of 64 bits: its maps can be asked for by what its provenance says. */
  @Test
  void aSeedOf64BitsIsReadAsItIsWritten() {
    Method method = Seeds.plus(Methods.parse("rise"), 5L << 32);
    String text = "rise:" + Methods.text(method).replace(", ", ",");
    assertThat(text).contains("seed=21474836480");
    assertThat(Methods.parse(text)).isEqualTo(method);
    assertThat(Methods.parse("rise:seed=-9223372036854775808"))
        .isEqualTo(Seeds.plus(Methods.parse("rise"), Long.MIN_VALUE));
  }
}
