package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.method.Attribution;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Similarities of a sweep. */
class ComparisonTest {
  private static final String UNSIGNED = "  - a: smoothgrad:samples=6,spread=[0.1,0.2*,0.4]\n";
  private static final String SIGNED = "  - b: smoothgrad:samples=[3,6*,12],channels=mean\n";

  /** Maps of the same setting have the same values, whatever else the plan has. */
  private static List<Findings.Similar> similar(String sweeps, String sweep) {
    Study study =
        Study.parse(
            "s.yaml",
            "models: [cnn]\nimages: [shipped]\nsimilarities: [ssim, spearman]\nsweeps:\n" + sweeps,
            Path.of(""));
    Plan plan = Plan.of(study.sweeps());
    List<Attribution> found = new ArrayList<>();
    for (var method : plan.methods()) {
      var random = new Random(method.toString().hashCode());
      float[] values = new float[16 * 16];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat() - (method.channels().signed() ? .5f : 0);
      }
      Shape shape = Shape.of(1, 16, 16);
      found.add(new Attribution(shape, values, method.channels(), Map.of()));
    }
    return Comparison.of(study, plan, found, 16, 16).stream()
        .filter(s -> s.sweep().equals(sweep))
        .toList();
  }

  /** Signed and unsigned maps have other ranges in SSIM: each sweep has its own. */
  @Test
  void otherSweepsDoNotChangeOnesNumbers() {
    for (String both : List.of(UNSIGNED + SIGNED, SIGNED + UNSIGNED)) {
      assertThat(similar(both, "a")).hasSize(4).isEqualTo(similar(UNSIGNED, "a"));
      assertThat(similar(both, "b")).hasSize(4).isEqualTo(similar(SIGNED, "b"));
    }
  }

  /** With the range of signs, as one of them has some. */
  @Test
  void severalMethodsAreComparedAsSignedOnes() {
    String both = "  - c: [smoothgrad, 'smoothgrad:channels=mean']\n";
    String mixed = "  - c: [smoothgrad, 'smoothgrad:channels=mean', sobel]\n";
    assertThat(similar(both, "c")).hasSize(2);
    assertThat(similar(mixed, "c")).hasSize(6).containsAll(similar(both, "c"));
    assertThat(similar(mixed + UNSIGNED, "c")).isEqualTo(similar(mixed, "c"));
  }
}
