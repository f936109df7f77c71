package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.graph.WeightedLayers.Layer;
import candela.graph.WeightedLayers.Parameter;
import candela.graph.WeightedLayers.Role;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WeightedLayersTest {
  /** n values 1, 2, … */
  private static float[] count(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = i + 1;
    }
    return values;
  }

  private static ModelBuilder image() {
    return new ModelBuilder(17).input("x", -1, 3, 5, 7).output("y");
  }

  @Test
  void aLayerIsAConvolutionOrProductWithWhatFollowsIt() {
    OnnxModel model =
        image()
            .constant("mean", Shape.of(3, 1, 1), count(3))
            .constant("w", Shape.of(4, 3, 3, 3), count(108))
            .constant("b", Shape.of(4), count(4))
            .constant("scale", Shape.of(4), count(4))
            .constant("shift", Shape.of(4), count(4))
            .constant("running", Shape.of(4), count(4))
            .constant("variance", Shape.of(4), count(4))
            .constant("slope", Shape.of(4, 1, 1), count(4))
            .constant("matrix", Shape.of(4, 6), count(24))
            .constant("bias", Shape.of(6), count(6))
            .constant("half", Shape.of(1), 0.5f)
            .constant("gamma", Shape.of(6), count(6))
            .constant("beta", Shape.of(6), count(6))
            .constant("last", Shape.of(2, 6), count(12))
            .constant("end", Shape.of(2), count(2))
            .node("Add", "x,mean", "c0")
            .node("Conv", "c0,w,b", "c1")
            .node("BatchNormalization", "c1,scale,shift,running,variance", "c2")
            .node("PRelu", "c2,slope", "c3")
            .node("GlobalAveragePool", "c3", "c4")
            .node("Flatten", "c4", "c5")
            .node("MatMul", "c5,matrix", "c6")
            .node("Add", "c6,bias", "c7")
            .node("Mul", "c7,half", "c8")
            .node("Mul", "c8,gamma", "c9")
            .node("Add", "beta,c9", "c10")
            .node("Gemm", "c10,last,end", "y", "transB", 1)
            .model();
    assertThat(WeightedLayers.of(model, null).layers())
        .containsExactly(
            new Layer(
                "Conv.c1",
                List.of(
                    new Parameter("w", Role.WEIGHT, 27),
                    new Parameter("b", Role.BIAS, 27),
                    new Parameter("scale", Role.SCALE, 27),
                    new Parameter("shift", Role.SHIFT, 27),
                    new Parameter("running", Role.MEAN, 27),
                    new Parameter("variance", Role.VARIANCE, 27),
                    new Parameter("slope", Role.OTHER, 27))),
            new Layer(
                "MatMul.c6",
                List.of(
                    new Parameter("matrix", Role.WEIGHT, 4),
                    new Parameter("bias", Role.BIAS, 4),
                    new Parameter("gamma", Role.SCALE, 4),
                    new Parameter("beta", Role.SHIFT, 4))),
            new Layer(
                "Gemm.y",
                List.of(
                    new Parameter("last", Role.WEIGHT, 6), new Parameter("end", Role.BIAS, 6))));
  }

  @Test
  void weightsThatWereMovedAreFoundAndSharedOnesBelongToTheFirst() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 3)
            .output("y")
            .constant("w", Shape.of(5, 3), count(15))
            .node("Transpose", "w", "t", "perm", new int[] {1, 0})
            .node("MatMul", "x,t", "a")
            .node("Gemm", "a,w", "y")
            .model();
    assertThat(WeightedLayers.of(model, null).layers())
        .containsExactly(new Layer("MatMul.a", List.of(new Parameter("w", Role.WEIGHT, 3))));
  }

  @Test
  void constantsInTheGraphAreParametersToo() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 3)
            .output("y")
            .node("Constant", "", "w", "value", OnnxTensor.of("", Shape.of(3, 2), count(6)))
            .node("MatMul", "x,w", "y")
            .model();
    WeightedLayers layers = WeightedLayers.of(model, null);
    Parameter w = new Parameter("w", Role.WEIGHT, 3);
    assertThat(layers.layers()).containsExactly(new Layer("MatMul.y", List.of(w)));
    assertThat(layers.value(w).floats()).containsExactly(count(6));
    float[] other = {0, 0, 0, 0, 0, 9};
    OnnxModel changed = layers.with(Map.of("w", OnnxTensor.of("w", Shape.of(3, 2), other)));
    assertThat(changed.initialisers().get("w").floats()).containsExactly(other);
    assertThat(Import.graph(changed, 1).nodes()).hasSize(1);
  }

  /** As weight normalisation is exported: v over its length, times g. */
  @Test
  void quantisedWeightsAreParametersAsTheNumbersThatTheyStandFor() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 2)
            .output("y")
            .constant("levels", Shape.of(2, 2), 10L, -20L, 30L, 40L)
            .constant("scales", Shape.of(2), .5f, .25f)
            .constant("zeros", Shape.of(2), 0L, 4L)
            .node("DequantizeLinear", "levels,scales,zeros", "w", "axis", 1)
            .node("MatMul", "x,w", "y")
            .model();
    WeightedLayers layers = WeightedLayers.of(Network.of(model).model(), null);
    Parameter w = new Parameter("w", Role.WEIGHT, 2);
    assertThat(layers.layers()).containsExactly(new Layer("MatMul.y", List.of(w)));
    assertThat(layers.value(w).floats()).containsExactly(5, -6, 15, 9);
    assertThat(layers.with(Map.of()).initialisers()).containsOnlyKeys("w");
  }

  @Test
  void weightsThatTheFileComputesFromFloatsAreThose() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 3)
            .output("y")
            .constant("v", Shape.of(3, 2), count(6))
            .constant("g", Shape.of(1, 2), count(2))
            .node("ReduceL2", "v", "length", "axes", new int[] {0})
            .node("Div", "v,length", "unit")
            .node("Mul", "unit,g", "w")
            .node("MatMul", "x,w", "y")
            .model();
    assertThat(WeightedLayers.of(model, null).layers())
        .containsExactly(new Layer("MatMul.y", List.of(new Parameter("v", Role.WEIGHT, 3))));
  }

  @Test
  void weightsMadeOfNothingAreRefused() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 3)
            .output("y")
            .constant("shape", Shape.of(2), 3L, 2L)
            .node("ConstantOfShape", "shape", "w")
            .node("MatMul", "x,w", "y")
            .model();
    assertThatThrownBy(() -> WeightedLayers.of(model, null))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "test.onnx: node 'MatMul.y' (MatMul): weights that are floats in the file expected,"
                + " they are made of none; export it with its weights as floats");
  }

  @Test
  void quantisedWeightsAreRefusedWhateverTheirScale() {
    for (Shape scale : List.of(Shape.of(), Shape.of(1), Shape.of(1, 2))) {
      OnnxModel model =
          new ModelBuilder(17)
              .input("x", -1, 3)
              .output("y")
              .constant("whole", Shape.of(3, 2), 1L, 2L, 3L, 4L, 5L, 6L)
              .constant("scale", scale, count(scale.count()))
              .node("Cast", "whole", "cast", "to", 1)
              .node("Mul", "cast,scale", "w")
              .node("MatMul", "x,w", "y")
              .model();
      assertThatThrownBy(() -> WeightedLayers.of(model, null))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("weights that are floats in the file expected");
    }
  }

  @Test
  void layersOfOtherOutputsDoNotCount() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 3)
            .output("y", "aux")
            .constant("v", Shape.of(3, 2), count(6))
            .constant("w", Shape.of(3, 2), count(6))
            .node("MatMul", "x,v", "y")
            .node("MatMul", "x,w", "aux")
            .model();
    assertThat(WeightedLayers.of(model, null).layers().stream().map(Layer::name))
        .containsExactly("MatMul.y");
    assertThat(WeightedLayers.of(model, "aux").layers().stream().map(Layer::name))
        .containsExactly("MatMul.aux");
  }

  @Test
  void squeezeNetHasItsTwentySixConvolutions() {
    OnnxModel model = OnnxModel.read(Shared.path("models/squeezenet1.1.onnx"));
    List<Layer> layers = WeightedLayers.of(model, null).layers();
    assertThat(layers).hasSize(26);
    assertThat(layers)
        .allSatisfy(
            l ->
                assertThat(l.parameters().stream().map(Parameter::role))
                    .containsExactly(Role.WEIGHT, Role.BIAS));
  }

  @Test
  void everyFloatOfResNet20BelongsToALayer() {
    OnnxModel model = OnnxModel.read(Shared.path("models/cifar10/resnet20_bn.onnx"));
    List<Layer> layers = WeightedLayers.of(model, null).layers();
    assertThat(layers).hasSize(20);
    List<String> found =
        layers.stream().flatMap(l -> l.parameters().stream().map(Parameter::name)).toList();
    List<String> floats =
        model.initialisers().entrySet().stream()
            .filter(e -> !e.getValue().isInteger() && e.getValue().shape().count() > 1)
            .map(Map.Entry::getKey)
            .toList();
    assertThat(found).doesNotHaveDuplicates().containsAll(floats);
  }
}
