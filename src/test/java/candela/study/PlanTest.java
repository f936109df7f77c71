package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.method.Levels;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Subject;
import candela.metric.Pair;
import candela.probe.Asked;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final Shape IMAGE = Shape.of(3, 224, 224);

  /** Rows of the plan of these sweeps for an image of 224 x 224. */
  private static Plan.Rows rows(String... presets) {
    Plan plan =
        Plan.of(List.of(presets).stream().flatMap(p -> SweepPresets.of(p).stream()).toList());
    List<Float> black = List.of(0f, 0f, 0f);
    List<Float> white = List.of(1f, 1f, 1f);
    Subject grey = new Subject(IMAGE, new float[IMAGE.count()], 0, new Levels(black, white));
    try (Device device = Devices.open("cpu", 0)) {
      Asked asked = Estimate.asked(device);
      Map<Method, Estimate.Size> shared = Estimate.shared(plan, grey, device, asked);
      return Estimate.rows(plan, Estimate.sizes(plan, grey, device), shared, asked);
    }
  }

  @Test
  void allOfSamTakesLittleMoreThanHalfOfTheRowsOfItsComparisons() {
    Plan.Rows all = rows("sam-all");
    // SG 800 + 3 x 50; SP 5 6 7 17 29 41 52 53 54: 38 911 patches; LIME 999 x (1 + 4 + 4); MP 450 +
    // 3 x 8 more starts, blurs and seeds of 300, 6 rows a circular start; the image itself once
    long sg = 800 + 3 * 50;
    long sp = 5476 + 5329 + 5329 + 4900 + 4356 + 3844 + 3364 + 3364 + 3249;
    long lime = 9 * 999;
    long mp = (450 + 6) + 2 * 300 + 2 * (300 + 6) + 4 * (300 + 6);
    assertThat(all.planned()).isEqualTo(sg + sp + lime + mp + 1).isEqualTo(52_045);
    assertThat(all.settings()).isEqualTo(65_650);
    assertThat(all.comparisons()).isEqualTo(95_758);
    assertThat((double) all.planned() / all.comparisons()).isLessThanOrEqualTo(0.55);
  }

  @Test
  void countsAreReadFromOneRunAndWhatTwoSweepsHaveIsRunOnce() {
    // 50, 100, 200, 500 and 800 samples are one run of 800; four comparisons ask for 50 four times
    assertThat(rows("sam-sg-samples"))
        .isEqualTo(new Plan.Rows(4 * 50 + 100 + 200 + 500 + 800, 1650, 800));
    // 10, 150, 300 and 450 iterations, 6 rows before each for the circular start
    assertThat(rows("sam-mp-iterations").planned()).isEqualTo(456);
    assertThat(rows("sam-lime-samples")).isEqualTo(new Plan.Rows(1500, 1500, 1000));
    long both = rows("sam-sp-small").planned() + rows("sam-sp-large").planned();
    assertThat(rows("sam-sp-small", "sam-sp-large").planned()).isEqualTo(both - 3365);
  }

  @Test
  void eachMethodFindsItsRun() {
    Sweep samples = Sweep.parse("s", "smoothgrad:samples=[3,5*,9],spread=[0.1*,0.2]", Path.of(""));
    Plan plan = Plan.of(List.of(samples, Sweep.parse("g", "gradient", Path.of(""))));
    assertThat(plan.methods()).hasSize(7);
    assertThat(plan.runs())
        .containsExactly(
            new Run(Methods.parse("smoothgrad:samples=9,spread=0.1"), List.of(3, 5, 9)),
            new Run(Methods.parse("smoothgrad:samples=9,spread=0.2"), List.of(3, 5, 9)),
            new Run(Methods.parse("gradient"), List.of()));
    for (int i = 0; i < plan.methods().size(); i++) {
      Method run = plan.runs().get(plan.given().get(i)).method();
      assertThat(Methods.name(run)).isEqualTo(Methods.name(plan.methods().get(i)));
    }
    assertThat(plan.places(samples)).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void whatHasNoMeaningForAModelIsInNoPairAndNoRow() {
    Sweep counts = Sweep.parse("s", "smoothgrad:samples=[3,5]", Path.of(""));
    Sweep layers = Sweep.parse("g", "grad-cam:layer=[a,b*,c]", Path.of(""));
    Plan whole = Plan.of(List.of(counts, layers));
    Plan plan = whole.without(Set.of(Methods.parse("grad-cam:layer=a")));
    assertThat(plan.methods()).isEqualTo(whole.methods());
    assertThat(plan.runs()).hasSize(3);
    assertThat(plan.given()).containsExactly(0, 0, -1, 1, 2);
    assertThat(plan.pairs(layers)).containsExactly(new Pair(2, 1));
    // a row a map: s and g compare two pairs, have four maps, and take what is told
    assertThat(plan.rows(m -> 1, 7)).isEqualTo(new Plan.Rows(4, 4, 7));
    // nothing to compare with
    Plan none = whole.without(Set.of(Methods.parse("grad-cam:layer=b")));
    assertThat(none.pairs(layers)).isEmpty();
    // a run that several counts are read from
    Plan without = whole.without(Set.of(Methods.parse("smoothgrad:samples=5")));
    assertThat(without.given()).containsExactly(-1, -1, 0, 1, 2);
    assertThat(without.pairs(counts)).isEmpty();
  }
}
