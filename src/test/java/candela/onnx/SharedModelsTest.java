package candela.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real files; their facts were read off with a program in another language. */
class SharedModelsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "squeezenet1.1.onnx,7,66,52,data_0,softmaxout_1",
    "squeezenet1.1-fp16.onnx,7,66,52,data_0,softmaxout_1",
    "mnist-cntk.onnx,7,12,8,Input3,Plus214_Output_0",
    "mobilenet_v2_1.0_224.onnx,13,100,176,input,logits",
    "cifar10/resnet20_bn.onnx,13,166,97,input,logits",
    "cifar10/resnet20_folded.onnx,13,111,40,input,logits",
    "cifar10/mlperf_resnet8.onnx,13,22,20,input,logits",
    "light/light_zfnet512.onnx,9,38,18,gpu_0/data_0,gpu_0/softmax_1",
    "light/light_squeezenet.onnx,9,105,52,data_0,softmaxout_1",
    "light/light_resnet50.onnx,9,415,269,gpu_0/data_0,gpu_0/softmax_1",
    "light/light_shufflenet.onnx,9,446,281,gpu_0/data_0,gpu_0/softmax_1",
    "light/light_bvlc_alexnet.onnx,9,40,17,data_0,prob_1",
    "light/light_inception_v1.onnx,9,237,118,data_0,prob_1",
    "light/light_inception_v2.onnx,9,916,486,data_0,prob_1",
    "light/light_densenet121.onnx,9,1746,848,data_0,fc6_1",
    "light/light_vgg19.onnx,9,82,39,data_0,prob_1",
  })
  void modelsAreRead(String file, int opset, int nodes, int weights, String input, String output) {
    OnnxModel m = OnnxModel.read(Shared.path("models/" + file));
    assertThat(m.opset()).isEqualTo(opset);
    assertThat(m.nodes()).hasSize(nodes);
    assertThat(m.initialisers()).hasSize(weights);
    assertThat(m.inputs()).extracting(OnnxValue::name).containsExactly(input);
    assertThat(m.outputs()).extracting(OnnxValue::name).containsExactly(output);
  }

  @Test
  void halfWeightsAreTheFloatWeights() {
    OnnxModel floats = OnnxModel.read(Shared.path("models/squeezenet1.1.onnx"));
    OnnxModel halves = OnnxModel.read(Shared.path("models/squeezenet1.1-fp16.onnx"));
    int compared = 0;
    for (OnnxTensor w : floats.initialisers().values()) {
      OnnxTensor h = halves.initialisers().get(w.name());
      if (h.type() == ElementType.FLOAT16) {
        assertThat(h.floats()).as(w.name()).isEqualTo(w.floats());
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(40);
  }

  @Test
  void conformanceFilesAreRead() throws IOException {
    int models = 0;
    int tensors = 0;
    try (var zip = new ZipFile(Shared.path("conformance/onnx-node.zip").toFile())) {
      for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
        String name = entry.getName();
        if (name.endsWith(".pb")) {
          assertThat(OnnxTensor.read(unpack(zip, entry)).floats()).isNotNull();
          tensors++;
        } else if (name.endsWith(".onnx")) {
          models++;
          assertThat(OnnxModel.read(unpack(zip, entry)).nodes()).as(name).isNotEmpty();
        }
      }
    }
    assertThat(models).isEqualTo(334);
    assertThat(tensors).isGreaterThan(900);
  }

  private Path unpack(ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = zip.getInputStream(entry)) {
      return Files.write(folder.resolve("file.onnx"), in.readAllBytes());
    }
  }
}
