package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.graph.ScoreKind;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sampled Shapley values against exact ones. */
class ShapleyTest {
  @TempDir Path folder;

  /** 600 orders of three features are 100 times each of the six, but for chance. */
  @Test
  void sampledShapleyValuesComeCloseToTheExactOnes() {
    Subject subject = new Subject(Shape.of(3), MethodCase.X, 0);
    var method = new ShapleySampling(ScoreCases.EACH, Baseline.ZERO, 600, 0, ScoreKind.LOGIT);
    Attribution a = Maps.of(Toy.ml(folder), 32, method, subject);
    assertThat(a.values()).containsExactly(ScoreCases.SHAPLEY, Offset.offset(3f));
    assertThat(a.notes().get("convergenceDelta")).isCloseTo(0, Offset.offset(1e-4));
  }

  /** Twelve coalitions are six with their complements, for eight unknowns. */
  @Test
  void tooFewSamplesAreTold() {
    Subject subject = SmallMethods.subject(new Random(5), 1);
    Method few = Methods.parse("kernel-shap:grid=3,samples=12");
    Attribution a = Maps.of(Toy.random(folder), 8, few, subject);
    assertThat(a.notes().get("undetermined")).isGreaterThanOrEqualTo(2);
    assertThat(few.remark(a)).contains("of the features undetermined; give more samples");
    Method enough = Methods.parse("kernel-shap:grid=3,samples=300");
    Attribution b = Maps.of(Toy.random(folder), 8, enough, subject);
    assertThat(b.notes()).doesNotContainKey("undetermined");
    assertThat(enough.remark(b)).isNull();
    Method infidelity = Methods.parse("optimal-infidelity:grid=3,samples=8");
    Attribution c = Maps.of(Toy.random(folder), 8, infidelity, subject);
    assertThat(infidelity.remark(c))
        .startsWith("so few samples leave 1 of the features undetermined");
  }

  /** Not all coalitions fit: the values add up, and come close where features hardly interact. */
  @Test
  void sampledKernelShapComesCloseToShapleyValues() {
    Path file = Toy.random(folder);
    Subject subject = SmallMethods.subject(new Random(5), 1);
    List<Method> methods =
        List.of(
            Methods.parse("exact-shapley:grid=3"),
            Methods.parse("kernel-shap:grid=3,samples=300"),
            Methods.parse("shapley-sampling:grid=3,samples=400"));
    List<Attribution> a = Maps.of(file, 1, 32, methods, List.of(subject));
    for (Attribution b : a) {
      assertThat(b.notes().get("convergenceDelta")).isCloseTo(0, Offset.offset(1e-4));
      assertThat(Maps.distance(b.values(), a.get(0).values())).isLessThan(.1);
    }
    assertThat(Maps.distance(a.get(1).values(), a.get(2).values())).isPositive();
  }
}
