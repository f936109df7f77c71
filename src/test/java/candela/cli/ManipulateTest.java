package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.image.Image;
import candela.image.Npy;
import candela.image.WholeFile;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.sanity.Manipulation;
import candela.study.Shipped;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code candela manipulate} as a user meets it. */
class ManipulateTest {
  @TempDir Path folder;

  @Test
  void itWritesTheImageAndTheMaps() throws IOException {
    Path out = folder.resolve("out");
    MainTest.Ran ran = MainTest.run("manipulate", "--iterations=3", "--method=lrp", "--out=" + out);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(ran.out())
        .contains("heart: heart 97.94 %, manipulated 9")
        .contains("(predicted: heart), in 8 bits 9")
        .contains("gradient, in 8 bits")
        .contains("lrp");
    assertThat(ran.err()).doesNotContain("soften");
    assertThat(Files.readAllLines(out.resolve("loss.csv"))).hasSize(4);
    Image heart = Image.read(out.resolve("example").resolve("heart.png"));
    Image manipulated = Image.read(out.resolve("manipulated.png"));
    // three steps of 2e-4 are less than a level
    for (int i = 0; i < 3 * heart.width() * heart.height(); i++) {
      int at = i / 3;
      int x = at % heart.width();
      int y = at / heart.width();
      assertThat(manipulated.at(x, y, i % 3) - heart.at(x, y, i % 3)).isBetween(-1, 1);
    }
    assertThat(Image.read(out.resolve("manipulation.png")).height()).isGreaterThan(4 * 224);
    JsonNode record = new ObjectMapper().readTree(out.resolve("provenance.json").toFile());
    assertThat(record.get("iterations").asInt()).isEqualTo(3);
  }

  @Test
  void theImageIsNotWrittenOver() throws IOException {
    Path heart = Shipped.picture("heart", folder);
    Path image = Files.copy(heart, folder.resolve("manipulated.png"));
    String model = "--model=" + Shipped.model("cnn", folder);
    for (String[] two : new String[][] {{image + "", heart + ""}, {heart + "", image + ""}}) {
      MainTest.Ran ran =
          MainTest.run("manipulate", two[0], two[1], model, "--iterations=1", "--out=" + folder);
      assertThat(ran.code()).isEqualTo(2);
      assertThat(ran.err())
          .contains("--out: another file expected than those that are read, " + image);
    }
    assertThat(image).hasSameBinaryContentAs(heart);
  }

  @Test
  void theRecordRepeatsTheRun() throws IOException {
    Path out = folder.resolve("out");
    MainTest.run("manipulate", "--iterations=2", "--beta=5", "--method=sobel", "--out=" + out);
    JsonNode record = new ObjectMapper().readTree(out.resolve("provenance.json").toFile());
    Path example = out.resolve("example");
    String output = OnnxModel.read(Shipped.model("cnn", example)).outputs().getFirst().name();
    assertThat(record.get("output").asString()).isEqualTo(output);
    assertThat(record.get("beta").asDouble()).isEqualTo(5);
    assertThat(record.get("growth").asDouble()).isEqualTo(10);
    assertThat(record.get("device").get("precision").asString()).isEqualTo("float32");
    for (String key : new String[] {"image", "other"}) {
      JsonNode image = record.get(key);
      Path file = Path.of(image.get("file").asString());
      assertThat(image.get("sha256").asString()).hasSize(64).isEqualTo(WholeFile.sha256(file));
    }
    assertThat(record.get("image").get("target").asInt()).isEqualTo(3);
    assertThat(record.get("other").get("target").asInt()).isEqualTo(6);
    assertThat(record.get("loss").get("map").asDouble()).isBetween(0.1, 10.0);
    assertThat(record.get("loss").get("probability").asDouble()).isBetween(0.0, 0.1);
    for (String which : new String[] {"image", "manipulated", "manipulated.png"}) {
      assertThat(record.get("probability").get(which).asDouble()).isBetween(0.9, 1.0);
    }
  }

  /** The picture is what the values are, to half a level. */
  @Test
  void thePictureHasTheRoundedValues() throws IOException {
    Path out = folder.resolve("first");
    MainTest.run("manipulate", "--iterations=5", "--method=sobel", "--out=" + out);
    Image picture = Image.read(out.resolve("manipulated.png"));
    int h = picture.height();
    int w = picture.width();
    var file = Npy.read(out.resolve("manipulated.npy"));
    assertThat(file.shape()).containsExactly(3, h, w);
    int between = 0;
    for (int i = 0; i < file.values().length; i++) {
      int at = i % (h * w);
      // the shipped models read levels / 255
      double level = 255.0 * file.values()[i];
      assertThat((double) picture.at(at % w, at / w, i / (h * w)))
          .isCloseTo(level, Offset.offset(0.501));
      between += Math.abs(level - Math.rint(level)) > 0.1 ? 1 : 0;
    }
    assertThat(between).isGreaterThan(h * w);
    JsonNode told = probability(out);
    Path example = out.resolve("example");
    manipulate(Shipped.model("cnn", example), out.resolve("manipulated.png"), "--map=gradient");
    JsonNode read = probability(folder.resolve("out"));
    assertThat(told.get("manipulated.png")).isEqualTo(read.get("image"));
    assertThat(told.get("manipulated.png")).isNotEqualTo(told.get("manipulated"));
  }

  private static JsonNode probability(Path out) {
    return new ObjectMapper().readTree(out.resolve("provenance.json").toFile()).get("probability");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--map=lrp | --map: gradient or input-x-gradient expected, got 'lrp'",
        "--keep=1e308 | keep: 0.0 to 1e6 expected, got 1.0E308",
        "--beta=1e-320 | beta: 0.001 to 1e6 expected, got 1.0E-320",
        "--beta=1e39 | beta: 0.001 to 1e6 expected, got 1.0E39",
        "--rate=2 | rate: above 0, at most 1 expected, got 2.0",
        "--precision=bf16 | --precision: float32 or tf32 expected, got bf16; differences of"
            + " gradients are lost in 16 bits",
        "--precision=fp16 | --precision: float32 or tf32 expected, got fp16; differences of"
            + " gradients are lost in 16 bits",
      })
  void wrongOptionsAreSaid(String option, String message) {
    MainTest.Ran ran = MainTest.run("manipulate", option, "--out=" + folder.resolve("out"));
    assertThat(ran.err()).isEqualTo("candela: " + message + "\n");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  /** Black times any gradient is nothing. */
  @Test
  void anImageWithoutAMapIsSaid() {
    Path black = folder.resolve("black.png");
    new Image(32, 32, new byte[3 * 32 * 32]).writePng(black);
    MainTest.Ran ran = manipulate(Shipped.model("cnn", folder), black, "--map=input-x-gradient");
    assertThat(ran.err())
        .isEqualTo(
            "candela: the image's own map: finite values that are not all zero expected, their"
                + " sizes add up to 0.0; take another image, class or model\n");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
  }

  @Test
  void killedItGoesOnToTheSameBits() throws Exception {
    var child = new Child(folder);
    Path out = folder.resolve("killed");
    String[] command = {
      "manipulate", "--iterations=250", "--method=sobel", "--threads=1", "--out=" + out
    };
    Path state = out.resolve("manipulation.state");
    Process p = child.start(new ProcessBuilder(child.command(command)));
    while (p.isAlive() && !Files.exists(state)) {
      Thread.sleep(20);
    }
    p.destroyForcibly().waitFor();
    assertThat(state).as(child.said()).exists();
    assertThat(out.resolve("manipulated.npy")).doesNotExist();
    command[3] = "--threads=2";
    MainTest.Ran second = MainTest.run(command);
    assertThat(second.code()).as(second.err()).isEqualTo(Main.OK);
    assertThat(second.err()).matches("(?s)goes on: [1-9][0-9]* of 250 iterations are done\n.*");
    assertThat(state).doesNotExist();
    Path whole = folder.resolve("whole");
    command[4] = "--out=" + whole;
    assertThat(MainTest.run(command).code()).isEqualTo(Main.OK);
    for (String file : new String[] {"manipulated.npy", "loss.csv", "manipulation.png"}) {
      assertThat(out.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
  }

  @Test
  void whatIsKeptIsTakenByTheSameRunAlone() throws IOException {
    var kept =
        new Manipulation.State(2, new float[] {1, 2, 3}, new double[] {4, 5, 6}, new double[3]);
    var mine = new ManipulateState(folder, "mine");
    assertThat(mine.read()).isNull();
    mine.write(kept, List.of("1,a", "2,b"));
    ManipulateState.Begun begun = mine.read();
    assertThat(begun.losses()).containsExactly("1,a", "2,b");
    assertThat(begun.state()).usingRecursiveComparison().isEqualTo(kept);
    assertThat(new ManipulateState(folder, "another").read()).isNull();
    Path file = folder.resolve("manipulation.state");
    byte[] bytes = Files.readAllBytes(file);
    for (int at : new int[] {0, 30, bytes.length / 2, bytes.length - 1}) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      assertThat(mine.read()).as("byte %d", at).isNull();
    }
    mine.delete();
    assertThat(file).doesNotExist();
  }

  private MainTest.Ran manipulate(Path model, Path image, String option) {
    return MainTest.run(
        "manipulate",
        image.toString(),
        Shipped.pictures(folder).get(6).toString(),
        "--model=" + model,
        "--preprocess=" + Shipped.PREPROCESS,
        "--method=gradient",
        "--iterations=2",
        option,
        "--out=" + folder.resolve("out"));
  }

  /** Classes from the mean colours by one activation. */
  private Path model(String activation) throws IOException {
    byte[] bytes =
        new ModelBuilder(17)
            .input("x", -1, 3, 16, 16)
            .output("y")
            .constant("a", Shape.of(2, 3, 3, 3), weights(54))
            .constant("b", Shape.of(2, 3), 1, 0.5f, -1, 0.25f, 2, 1)
            .node("Conv", "x,a", "c")
            .node(activation, "c", "r")
            .node("Mul", "r,r", "s")
            .node("GlobalAveragePool", "s", "g")
            .node("Flatten", "g", "f")
            .node("MatMul", "f,b", "y")
            .bytes();
    return Files.write(folder.resolve(activation + ".onnx"), bytes);
  }

  private static float[] weights(int n) {
    float[] w = new float[n];
    for (int i = 0; i < n; i++) {
      w[i] = (float) Math.sin(1 + i);
    }
    return w;
  }

  @Test
  void cornersThatAreNotSoftenedAreSaid() throws IOException {
    Path heart = Shipped.pictures(folder).get(3);
    MainTest.Ran hard = manipulate(model("HardSwish"), heart, "--batch=1");
    assertThat(hard.code()).as(hard.err()).isEqualTo(Main.OK);
    assertThat(hard.err())
        .isEqualTo(
            "candela: HardSwish.onnx: not softened though the slope jumps: HardSwish; the map may"
                + " follow less well\n");
    MainTest.Ran smooth = manipulate(model("Tanh"), heart, "--batch=1");
    assertThat(smooth.code()).as(smooth.err()).isEqualTo(Main.OK);
    assertThat(smooth.err())
        .isEqualTo(
            "candela: Tanh.onnx: nothing was softened, it has no Relu, Clip, LeakyRelu or PRelu\n");
    MainTest.Ran soft = manipulate(model("LeakyRelu"), heart, "--batch=1");
    assertThat(soft.code()).as(soft.err()).isEqualTo(Main.OK);
    assertThat(soft.err()).isEmpty();
  }
}
