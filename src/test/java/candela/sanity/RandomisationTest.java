package candela.sanity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.sanity.Randomisation.Stage;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomisationTest {
  private static final int LAYERS = 9;

  /** Products w0 … w8 of 7 × 7, in the order in which they run, the first with a batch norm. */
  private static OnnxModel model() {
    Random r = new Random(4);
    var b = new ModelBuilder(17).input("v0", -1, 7).output("v" + LAYERS);
    for (String name : List.of("scale", "shift", "mean", "variance")) {
      b.constant(name, Shape.of(7), draw(r, 7));
    }
    for (int i = 0; i < LAYERS; i++) {
      b.constant("w" + i, Shape.of(7, 7), draw(r, 49));
      String to = i == 0 ? "n" : "v" + (i + 1);
      b.node("MatMul", "v" + i + ",w" + i, to);
      if (i == 0) {
        b.node("BatchNormalization", "n,scale,shift,mean,variance", "v1");
      }
    }
    return b.model();
  }

  private static float[] draw(Random r, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = 1 + r.nextFloat();
    }
    return values;
  }

  private static float[] values(OnnxModel m, int layer) {
    return m.initialisers().get("w" + layer).floats();
  }

  /** Layers whose weights are not the model's. */
  private static List<Integer> changed(OnnxModel model, Stage stage) {
    return IntStream.range(0, LAYERS)
        .filter(i -> !Arrays.equals(values(model, i), values(stage.model(), i)))
        .boxed()
        .toList();
  }

  private static List<Stage> stages(Order order, int n) {
    return new Randomisation(order, Init.PERMUTE, n, 0).of(model(), null);
  }

  @Test
  void theCascadeGoesFromTheLastLayerDown() {
    OnnxModel model = model();
    List<Stage> stages = stages(Order.TOP_DOWN, 5);
    assertThat(stages.stream().map(Stage::name))
        .containsExactly("last 1", "last 3", "last 5", "last 7", "all 9");
    assertThat(stages.stream().map(s -> changed(model, s)))
        .containsExactly(
            List.of(8),
            List.of(6, 7, 8),
            List.of(4, 5, 6, 7, 8),
            List.of(2, 3, 4, 5, 6, 7, 8),
            List.of(0, 1, 2, 3, 4, 5, 6, 7, 8));
    assertThat(stages.stream().map(Stage::layer))
        .containsExactly("MatMul.v9", "MatMul.v7", "MatMul.v5", "MatMul.v3", "MatMul.n");
  }

  @Test
  void bottomUpGoesFromTheFirstAndIndependentTakesOneAlone() {
    OnnxModel model = model();
    assertThat(stages(Order.BOTTOM_UP, 2).stream().map(s -> changed(model, s)))
        .containsExactly(List.of(0), List.of(0, 1, 2, 3, 4, 5, 6, 7, 8));
    List<Stage> alone = stages(Order.INDEPENDENT, 3);
    assertThat(alone.stream().map(s -> changed(model, s)))
        .containsExactly(List.of(8), List.of(4), List.of(0));
    assertThat(alone.stream().map(Stage::name)).containsExactly("layer 9", "layer 5", "layer 1");
    assertThat(stages(Order.INDEPENDENT, 1).getFirst().name()).isEqualTo("layer 9");
    assertThat(stages(Order.TOP_DOWN, 1).getFirst().name()).isEqualTo("all 9");
  }

  @ParameterizedTest
  @EnumSource(Order.class)
  void moreStagesThanLayersAreOneALayer(Order order) {
    List<Stage> stages = stages(order, 100);
    assertThat(stages).hasSize(LAYERS);
    assertThat(stages.stream().map(Stage::name)).doesNotHaveDuplicates();
  }

  /** So that what a stage adds is what it changes. */
  @ParameterizedTest
  @EnumSource(Init.class)
  void aLayerForgetsTheSameInEveryStageAndOrder(Init init) {
    List<OnnxModel> models = new ArrayList<>();
    for (Order order : Order.values()) {
      new Randomisation(order, init, 100, 7).of(model(), null).forEach(s -> models.add(s.model()));
    }
    for (int i = 0; i < LAYERS; i++) {
      float[] was = values(model(), i);
      int layer = i;
      List<List<Float>> seen =
          models.stream()
              .map(m -> values(m, layer))
              .filter(v -> !Arrays.equals(v, was))
              .map(RandomisationTest::list)
              .distinct()
              .toList();
      assertThat(seen).hasSize(1);
    }
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>();
    for (float v : values) {
      list.add(v);
    }
    return list;
  }

  @Test
  void permutedParametersKeepTheirValues() {
    OnnxModel model = model();
    OnnxModel all = stages(Order.TOP_DOWN, 1).getFirst().model();
    for (String name : model.initialisers().keySet()) {
      float[] was = model.initialisers().get(name).floats();
      float[] is = all.initialisers().get(name).floats();
      assertThat(is).as(name).isNotEqualTo(was).containsExactlyInAnyOrder(was);
    }
  }

  /** ±1/√7 for a sum of seven inputs; the mean of 441 values has a deviation of a hundredth. */
  @Test
  void kaimingIsHowPyTorchBegins() {
    Randomisation r = new Randomisation(Order.TOP_DOWN, Init.KAIMING, 1, 0);
    OnnxModel all = r.of(model(), null).getFirst().model();
    double bound = 1 / Math.sqrt(7);
    double sum = 0;
    double most = 0;
    for (int i = 0; i < LAYERS; i++) {
      for (float v : values(all, i)) {
        most = Math.max(most, Math.abs(v));
        sum += v;
      }
    }
    assertThat(most).isBetween(0.98 * bound, bound);
    assertThat(sum / (49 * LAYERS)).isBetween(-0.04, 0.04);
    assertThat(all.initialisers().get("scale").floats()).containsOnly(1);
    assertThat(all.initialisers().get("variance").floats()).containsOnly(1);
    assertThat(all.initialisers().get("shift").floats()).containsOnly(0);
    assertThat(all.initialisers().get("mean").floats()).containsOnly(0);
  }

  @Test
  void anotherSeedIsAnotherModel() {
    OnnxModel a =
        new Randomisation(Order.TOP_DOWN, Init.PERMUTE, 1, 0).of(model(), null).get(0).model();
    OnnxModel b =
        new Randomisation(Order.TOP_DOWN, Init.PERMUTE, 1, 1).of(model(), null).get(0).model();
    assertThat(values(a, 0)).isNotEqualTo(values(b, 0));
  }

  @Test
  void aModelWithoutWeightsIsRefused() {
    OnnxModel none =
        new ModelBuilder(17).input("x", -1, 7).node("Relu", "x", "y").output("y").model();
    assertThatThrownBy(() -> new Randomisation().of(none, null))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("layers with float weights expected, it has none");
    assertThatThrownBy(() -> new Randomisation(Order.TOP_DOWN, Init.PERMUTE, 0, 0))
        .isInstanceOf(CandelaException.class)
        .hasMessage("stages: 1 or more expected, got 0");
  }
}
