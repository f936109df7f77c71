package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.graph.Network;
import candela.onnx.ModelBuilder;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.StringStringEntryProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainedTest {
  @TempDir Path folder;

  /** Of images [channels,2,2], with what its file tells: keys and values. */
  private Network network(int channels, String... told) throws IOException {
    byte[] bytes =
        new ModelBuilder(13)
            .input("x", 1, channels, 2, 2)
            .output("y")
            .node("Flatten", "x", "y")
            .bytes();
    ModelProto.Builder model = ModelProto.parseFrom(bytes).toBuilder();
    for (int i = 0; i < told.length; i += 2) {
      model.addMetadataProps(
          StringStringEntryProto.newBuilder().setKey(told[i]).setValue(told[i + 1]));
    }
    return Network.load(Files.write(folder.resolve("m.onnx"), model.build().toByteArray()));
  }

  private Network trained(int channels, String preprocess, String classes) throws IOException {
    return network(channels, "recipe", "data: …", "preprocess", preprocess, "classes", classes);
  }

  @Test
  void aModelOfOursTells() throws IOException {
    assertThat(Trained.of(trained(3, "unit", "cat,\"a, b\"").model()))
        .contains(new Trained("unit", List.of("cat", "a, b")));
  }

  /** Or a file could name another one to read, and block what is given instead. */
  @Test
  void whatCannotBeTrueIsNotBelieved() throws IOException {
    Path file = Files.writeString(folder.resolve("p.yaml"), "preset: unit\n");
    assertThat(Trained.of(trained(3, "mine", "a,b").model())).isEmpty();
    assertThat(Trained.of(trained(3, file.toString(), "a,b").model())).isEmpty();
    assertThat(Trained.of(trained(3, "unit", "\"a,b").model())).isEmpty();
    assertThat(Trained.of(trained(3, "unit", " ").model())).isEmpty();
    assertThat(Trained.of(network(3, "preprocess", "unit", "classes", "a,b").model())).isEmpty();
  }

  @Test
  void picturesAndInputsOfAGreyModelAreAsItsFileTells() throws IOException {
    List<Path> inputs = List.of(Path.of("a.npy"));
    Preparation told = Preparation.of(null, trained(1, "unit", "a,b"), inputs);
    assertThat(told.name()).isEqualTo("unit");
    assertThat(told.levels().black()).isNotEmpty();
    assertThat(Preparation.of(null, network(1), inputs).name()).isEqualTo("none");
    assertThat(Preparation.of("imagenet", trained(3, "unit", "a,b"), inputs).name())
        .isEqualTo("imagenet");
  }
}
