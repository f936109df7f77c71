package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.method.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GapsTest {
  private static Sweep sweep(String name, String text) {
    return Sweep.parse(name, text, Path.of(""));
  }

  private static Gaps gaps(Plan plan, List<Plans.LeftOut> leftOut) {
    return Gaps.of(plan, new Plans(Map.of(), leftOut, Map.of()));
  }

  @Test
  void settingsAreNamedUnlessAllOfAMethodIsLeftOut() {
    // methods 0 1 2, 3 4 5, 3 6, 7 8 and 9
    Plan plan =
        Plan.of(
            List.of(
                sweep("layers", "grad-cam:layer=[a,b*,c]"),
                sweep("spreads", "smoothgrad:spread=[0.1,0.2,0.3]"),
                sweep("both", "smoothgrad:spread=[0.1,0.4],samples=50"),
                sweep("heads", "attention-rollout:heads=[mean*,max]"),
                sweep("other", "grad-cam:layer=d")));
    Gaps gaps =
        gaps(
            plan,
            List.of(
                new Plans.LeftOut("cnn", 1, "grad-cam: no b"),
                new Plans.LeftOut("cnn", 3, "smoothgrad: why"),
                new Plans.LeftOut("cnn", 4, "smoothgrad: why"),
                new Plans.LeftOut("cnn", 7, "attention-rollout: none"),
                new Plans.LeftOut("cnn", 8, "attention-rollout: none"),
                new Plans.LeftOut("net", 0, "grad-cam: no a"),
                new Plans.LeftOut("net", 9, "grad-cam: no d")));
    assertThat(gaps.gaps().stream().map(Gaps.Gap::text))
        .containsExactly(
            "cnn: grad-cam, setting b of sweep layers: no b",
            "cnn: smoothgrad, settings 0.1; 0.2 of sweep spreads and setting 0.1 of sweep both:"
                + " why",
            "cnn: attention-rollout: none",
            "net: grad-cam, setting a of sweep layers: no a",
            "net: grad-cam, sweep other: no d");
    assertThat(gaps.uncompared())
        .containsExactly(
            "cnn: sweep layers: its marked setting is left out, so nothing is compared",
            "cnn: sweep spreads: one setting is left, so nothing is compared",
            "cnn: sweep both: one setting is left, so nothing is compared");
  }

  /** Whatever is left out of a sweep. */
  @ParameterizedTest
  @ValueSource(strings = {"[a]", "[a,b]", "[a,b*]", "[a,b,c,d]", "[a*,b,c,d]", "[a,b,c*,d]"})
  void aSweepThatSomethingIsLeftOfIsComparedOrToldOf(String layers) {
    Sweep sweep = sweep("s", "grad-cam:layer=" + layers);
    Plan plan = Plan.of(List.of(sweep));
    int n = plan.methods().size();
    for (int set = 0; set < 1 << n; set++) {
      Set<Method> out = new HashSet<>();
      List<Plans.LeftOut> leftOut = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        if ((set >> i & 1) == 1) {
          out.add(plan.methods().get(i));
          leftOut.add(new Plans.LeftOut("m", i, "grad-cam: why"));
        }
      }
      boolean some = !out.isEmpty() && out.size() < n;
      boolean compared = !plan.without(out).pairs(sweep).isEmpty();
      assertThat(gaps(plan, leftOut).uncompared())
          .as(layers + " without " + leftOut)
          .hasSize(some && !compared ? 1 : 0);
    }
  }
}
