package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What methods that walk along paths add up to, and how far they may go. */
class CompletenessTest {
  @TempDir Path folder;

  /** Complete but for the error of steps: the last unit's corner. */
  @Test
  void pathsAreComplete() {
    Path file = Toy.random(folder);
    Subject subject = SmallMethods.subject(new Random(6), 1);
    List<Method> methods =
        List.of(
            Methods.parse("blur-integrated-gradients:nSteps=200"),
            Methods.parse("guided-integrated-gradients:nSteps=400"),
            Methods.parse("layer-conductance"),
            Methods.parse("expected-gradients:samples=2000"),
            Methods.parse("deepshap"));
    for (Attribution a : Maps.of(file, 1, 32, methods, List.of(subject))) {
      double difference = a.notes().get("score") - a.notes().get("baselineScore");
      assertThat(Math.abs(a.notes().get("convergenceDelta")))
          .as(a.notes().toString())
          .isLessThan(.05 * Math.abs(difference));
    }
  }

  /** Taps further away than any pixel do not count. */
  @Test
  void aBlurMayBeLargerThanTheImage() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    List<Method> methods =
        List.of(
            Methods.parse("blur-integrated-gradients:nSteps=2,maxSigma=1e9"),
            Methods.parse("blur-integrated-gradients:nSteps=2,maxSigma=1e7"));
    List<Attribution> a = Maps.of(Toy.random(folder), 1, 3, methods, List.of(subject));
    assertThat(Maps.distance(a.get(0).values(), a.get(1).values())).isLessThan(1e-5);
  }
}
