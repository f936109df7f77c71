package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What features of an image can be. */
class FeaturesTest {
  @TempDir Path folder;

  /** What a method says of superpixels is one value on each of those that LIME has. */
  @Test
  void featuresCanBeTheSuperpixelsOfLime() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    List<Method> methods = new ArrayList<>(List.of(Methods.parse("lime:segments=5,sigma=1")));
    for (String name : List.of("anchors", "exact-shapley", "feature-ablation", "kernel-shap")) {
      methods.add(Methods.parse(name + ":segments=5,sigma=1"));
    }
    List<Attribution> a = Maps.of(Toy.random(folder), 1, 8, methods, List.of(subject));
    float[] lime = a.get(0).values();
    assertThat(Arrays.stream(boxed(lime)).distinct().count()).isBetween(3L, 9L);
    for (int i = 1; i < a.size(); i++) {
      Map<Float, Float> of = new HashMap<>();
      for (int p = 0; p < lime.length; p++) {
        float v = a.get(i).values()[p];
        assertThat(of.computeIfAbsent(lime[p], k -> v)).as("%s", methods.get(i)).isEqualTo(v);
      }
    }
    assertThat(Maps.distance(a.get(2).values(), a.get(4).values())).isLessThan(1e-3);
  }

  private static Float[] boxed(float[] v) {
    Float[] boxes = new Float[v.length];
    Arrays.setAll(boxes, i -> v[i]);
    return boxes;
  }

  /** Before they are drawn, which would take minutes. */
  @Test
  void moreCoalitionsThanATableHoldsAreRefused() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    Map<String, String> faults =
        Map.of(
            "shapley-sampling:grid=7,samples=2000000",
            "shapley-sampling: samples: 98000000 rows of 49 features are more than a table holds;"
                + " take fewer of either, got samples=2000000",
            "kernel-shap:grid=7,samples=2000000000",
            "kernel-shap: samples: 2000000000 rows of 49 features are more than a table holds;"
                + " take fewer of either, got samples=2000000000");
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      assertRefused(faults, subject, workspace);
      // all 510 coalitions of nine features, however many are wanted
      assertThat(Methods.parse("kernel-shap:grid=3,samples=2000000000").probe(subject, workspace))
          .extracting(Probe::size)
          .isEqualTo(512);
    }
  }

  /** Each method with its sentence. */
  private static void assertRefused(
      Map<String, String> faults, Subject subject, Workspace workspace) {
    faults.forEach(
        (method, sentence) ->
            assertThatThrownBy(() -> Methods.parse(method).probe(subject, workspace))
                .hasMessage(sentence));
  }

  /** A product of two parameters, or of one and the image's windows, that an int does not hold. */
  @Test
  void moreRowsThanCanBeCountedAreRefused() {
    Subject subject = new Subject(Shape.of(3, 224, 224), new float[3 * 224 * 224], 0);
    Map<String, String> faults =
        Map.of(
            "pda:stride=1,samples=92915",
            "pda: samples: at most 46457 expected for 46225 windows, got 92915; take a larger"
                + " stride, or fewer",
            "fido:nSteps=65536,samples=65536",
            "fido: samples: at most 32767 expected for 65536 steps, got 65536");
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      assertRefused(faults, subject, workspace);
    }
  }

  @Test
  void everyValueIsAFeatureOfSmallInputsOnly() {
    Subject subject = new Subject(Shape.of(3, 40, 40), new float[4800], 0);
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      assertThatThrownBy(
              () -> Methods.parse("kernel-shap:features=values").probe(subject, workspace))
          .hasMessage(
              "kernel-shap: features=values: an input of at most 4096 values expected, got"
                  + " [3,40,40]; use superpixels");
    }
  }
}
