package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Anchors among many candidates. */
class AnchorsTest {
  @TempDir Path folder;

  /**
   * 25 cells of which many are about as good: a step is 25 · 8 rows, and as many at most to tell
   * them apart; what is left goes to the anchor's own precision.
   */
  @Test
  void anchorsAreFoundWhereCandidatesAreAlike() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    Method method = Methods.parse("anchors:grid=5");
    Attribution a = Maps.of(Toy.random(folder), 32, method, subject);
    int features = (int) (double) a.notes().get("features");
    assertThat(a.notes().get("precision")).isGreaterThan(.95);
    assertThat(a.notes().get("rows")).isLessThanOrEqualTo(8 + features * 2 * 25 * 8 + 400.0);
  }

  @Test
  void anAnchorThatIsNoneIsTold() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    Method method = Methods.parse("anchors:grid=5");
    Attribution whole = Maps.of(Toy.random(folder), 32, method, subject);
    Attribution none =
        Maps.of(Toy.random(folder), 32, Methods.parse("anchors:grid=5,rows=8"), subject);
    assertThat(method.remark(whole)).isNull();
    assertThat(none.notes().get("precision")).isLessThan(0.95);
    assertThat(method.remark(none))
        .startsWith("no anchor was found, all that is kept holds the prediction in ");
    assertThat(method.remark(held(whole, new float[63], 0.8)))
        .isEqualTo("the prediction holds whatever is shown: the anchor is empty");
  }

  /** 8 of 8 samples are surely no more than 75 %. */
  @Test
  void anAnchorOfTooFewSamplesIsTold() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    Method method = Methods.parse("anchors:grid=5");
    Attribution whole = Maps.of(Toy.random(folder), 32, method, subject);
    assertThat(method.remark(held(whole, whole.values(), 0.7499)))
        .isEqualTo(
            "rows ran out: the anchor held the prediction in 100 % of few samples, which is surely"
                + " 74 % or more; give more rows");
    assertThat(method.remark(held(whole, whole.values(), 0.8))).isNull();
  }

  /** In all samples. */
  private static Attribution held(Attribution like, float[] values, double sure) {
    return new Attribution(
        like.shape(), values, like.channels(), Map.of("precision", 1.0, "precisionAtLeast", sure));
  }
}
