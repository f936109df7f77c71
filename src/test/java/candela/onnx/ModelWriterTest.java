package candela.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelWriterTest {
  @TempDir Path folder;

  private static OnnxModel with(OnnxTensor... constants) {
    Map<String, OnnxTensor> all = new LinkedHashMap<>();
    for (OnnxTensor t : constants) {
      all.put(t.name(), t);
    }
    OnnxModel base =
        new ModelBuilder(13).input("x", 1, 2).node("Relu", "x", "y").output("y").model();
    return base.with(base.nodes(), all);
  }

  private static OnnxTensor typed(ElementType type, long... values) {
    OnnxTensor t = OnnxTensor.of(type.toString(), Shape.of(values.length), values);
    return new OnnxTensor(t.name(), type, t.shape(), t.data());
  }

  @Test
  void integersKeepTypeAndValues() throws IOException {
    OnnxTensor[] all = {
      typed(ElementType.BOOL, 0, 1),
      typed(ElementType.INT2, -2, 1, -1, 0, 1),
      typed(ElementType.UINT2, 3, 0, 1, 2, 3, 1),
      typed(ElementType.INT4, -8, 7, -1),
      typed(ElementType.UINT4, 15, 0, 1, 14),
      typed(ElementType.INT8, -128, 127, -1),
      typed(ElementType.UINT8, 0, 255, 1),
      typed(ElementType.INT16, -32_768, 32_767, -1),
      typed(ElementType.UINT16, 0, 65_535),
      typed(ElementType.INT32, Integer.MIN_VALUE, Integer.MAX_VALUE, -1),
      typed(ElementType.UINT32, 0, 4_294_967_295L),
      typed(ElementType.INT64, Long.MIN_VALUE, Long.MAX_VALUE),
      typed(ElementType.UINT64, 0, Long.MAX_VALUE),
    };
    Path file = folder.resolve("m.onnx");
    Files.write(file, ModelWriter.bytes(with(all), Map.of(), false));
    Map<String, OnnxTensor> read = OnnxModel.read(file).initialisers();
    assertThat(List.of(all))
        .map(OnnxTensor::type)
        .containsAll(
            List.of(ElementType.values()).stream()
                .filter(t -> !t.isFloating() && t != ElementType.UNDEFINED)
                .toList());
    for (OnnxTensor t : all) {
      assertThat(read.get(t.name()).type()).isEqualTo(t.type());
      assertThat(read.get(t.name()).longs()).as(t.name()).containsExactly(t.longs());
    }
  }

  /** Each code of each type, -0 and what is no number among them. */
  @Test
  void floatsOfFewBitsKeepTypeAndValues() throws IOException {
    for (ElementType type : ElementType.values()) {
      Minifloat m = type.minifloat().orElse(null);
      if (m == null) {
        continue;
      }
      float[] all = new float[1 << m.bits()];
      for (int i = 0; i < all.length; i++) {
        all[i] = m.number(i);
      }
      OnnxTensor t = OnnxTensor.of("w", Shape.of(all.length), all).as(type);
      Path file = folder.resolve(type + ".onnx");
      Files.write(file, ModelWriter.bytes(with(t), Map.of(), false));
      OnnxTensor read = OnnxModel.read(file).initialisers().get("w");
      assertThat(read.type()).isEqualTo(type);
      assertThat(read.floats()).as("%s", type).containsExactly(all);
      OnnxTensor between = OnnxTensor.of("w", Shape.of(1), 1.05f).as(type);
      assertThatThrownBy(() -> ModelWriter.bytes(with(between), Map.of(), false))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("1.05");
    }
  }

  /** An output without a shape is not one of a single number. */
  @Test
  void whatHasNoShapeGetsNone() throws IOException {
    OnnxModel model =
        new ModelBuilder(13).input("x", 1, 2).node("Relu", "x", "y").output("y").model();
    Path file = Files.write(folder.resolve("m.onnx"), ModelWriter.bytes(model, Map.of(), false));
    assertThat(OnnxModel.read(file).outputs().getFirst().dims()).isEmpty();
    assertThat(OnnxModel.read(file).inputs().getFirst().dims().orElseThrow()).hasSize(2);
  }

  @Test
  void floatsOfOtherSizesAreRefused() {
    OnnxTensor t = OnnxTensor.of("w", Shape.of(1), 1f);
    OnnxModel model = with(new OnnxTensor("w", ElementType.FLOAT16, t.shape(), t.data()));
    assertThatThrownBy(() -> ModelWriter.bytes(model, Map.of(), false))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(
            "initialiser 'w': float, integers or floats of at most 8 bits expected");
  }
}
