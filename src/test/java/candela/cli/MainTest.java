package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.device.Devices;
import candela.graph.Operators;
import candela.image.Npy;
import candela.method.Methods;
import candela.metric.Metrics;
import candela.metric.Similarities;
import candela.onnx.Compositions;
import candela.onnx.ElementType;
import candela.onnx.ModelBuilder;
import candela.study.Shipped;
import candela.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The command line as a user meets it: what it prints, writes and returns. */
class MainTest {
  @TempDir Path folder;

  /** Exit code and both streams of one run. */
  record Ran(int code, String out, String err) {}

  static Ran run(String... arguments) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    var o = new ByteArrayOutputStream();
    var e = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(o, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(e, true, StandardCharsets.UTF_8));
      int code = Main.run(arguments);
      return new Ran(code, o.toString(StandardCharsets.UTF_8), e.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  /** Explains a heart under a model, results to "out". */
  private Ran explain(Path model, String... options) {
    return explain(folder, model, options);
  }

  /** Of a picture that comes with it, into the folder's out. */
  static Ran explain(Path folder, Path model, String... options) {
    List<String> command = new ArrayList<>();
    command.add("explain");
    command.add(Shipped.pictures(folder).get(3).toString());
    command.add("--model=" + model);
    command.add("--out=" + folder.resolve("out"));
    command.addAll(List.of(options));
    return run(command.toArray(String[]::new));
  }

  /** A file of a model that scores by the means of a value's channels, times w. */
  private Path averaged(String name, String value, ModelBuilder model) throws IOException {
    return averaged(folder, name, value, model);
  }

  static Path averaged(Path folder, String name, String value, ModelBuilder model)
      throws IOException {
    model
        .node("GlobalAveragePool", value, "g")
        .node("Flatten", "g", "f")
        .node("MatMul", "f,w", "y");
    return Files.write(folder.resolve(name), model.bytes());
  }

  @Test
  void whatAFolderOfPicturesLeavesOutIsSaid() throws IOException {
    Path mixed = Files.createDirectories(folder.resolve("mixed"));
    Files.copy(Shipped.pictures(folder).getFirst(), mixed.resolve("a.png"));
    Path array = Files.write(mixed.resolve("b.npy"), new byte[0]);
    String[] explain = {
      "explain",
      mixed.toString(),
      "--model=" + Shipped.model("cnn", folder),
      "--method=gradient",
      "--out=" + folder.resolve("out")
    };
    Ran ran = run(explain);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.err())
        .startsWith("candela: " + mixed + ": 1 .npy file left out, because a folder with pictures")
        .hasLineCount(1);
    Files.delete(array);
    assertThat(run(explain).err()).isEmpty();
  }

  @Test
  void resultsThatCannotBeWrittenAreToldBefore() throws IOException {
    Path photo = Shipped.pictures(folder).get(3);
    Path model = Shipped.model("cnn", folder);
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    for (Path out : List.of(file.resolve("a.png"), Path.of("/proc/a.png"))) {
      for (String command : List.of("explain", "gallery")) {
        Path to = command.equals("explain") ? out.getParent() : out;
        Ran ran = run(command, photo.toString(), "--model=" + model, "--out=" + to);
        assertThat(ran.code()).as(command).isEqualTo(Main.WRONG);
        assertThat(ran.out()).as(command).isEmpty();
        assertThat(ran.err())
            .startsWith("candela: --out: a folder expected that can be written: " + out.getParent())
            .hasLineCount(1);
      }
    }
  }

  /** The default is one of colours: it says nothing of an input that is there as it is read. */
  @Test
  void aGreyInputNeedsNoPreprocessing() throws IOException {
    Path model =
        averaged(
            "grey.onnx",
            "x",
            new ModelBuilder(17)
                .input("x", -1, 1, 3, 5)
                .output("y")
                .constant("w", Shape.of(1, 2), 1, 2));
    Path input = folder.resolve("in.npy");
    float[] x = new float[15];
    x[7] = -40;
    new Npy(new int[] {1, 3, 5}, x).write(input);
    Path out = folder.resolve("out");
    String[] options = {"--model=" + model, "--method=gradient", "--out=" + out};
    Ran ran = run("explain", input.toString(), options[0], options[1], options[2]);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(ran.out()).doesNotContain("preprocessing");
    assertThat(out.resolve("in.gradient.overlay.png")).isNotEmptyFile();
    String photo = Shipped.pictures(folder).get(3).toString();
    Ran both = run("explain", input.toString(), photo, options[0], options[1], options[2]);
    assertThat(both.code()).isEqualTo(Main.WRONG);
    assertThat(both.err()).contains("the model has one channel, mean has three values");
  }

  /** The root of x - x has no slope. */
  @Test
  void aMapWithoutNumbersIsTold() throws Exception {
    Path model =
        averaged(
            "root.onnx",
            "r",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("w", Shape.of(3, 2), 1, 2, 3, 4, 5, 6)
                .node("Sub", "x,x", "d")
                .node("Sqrt", "d", "r"));
    Ran ran = explain(model, "--method=gradient", "--method=sobel");
    assertThat(ran.code()).isEqualTo(Main.PARTIAL);
    assertThat(ran.err())
        .contains("candela: heart: gradient: 64 of 64 values are NaN or infinite, and grey")
        .doesNotContain("sobel");
  }

  /** At one pixel the root is of 0, whose slope is infinite. */
  @Test
  void aMapThatIsNotAllNumbersIsTold() throws Exception {
    float[] last = new float[3 * 64];
    Arrays.fill(last, 1);
    last[191] = 0;
    Path model =
        averaged(
            "hole.onnx",
            "r",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("w", Shape.of(3, 2), 1, 2, 3, 4, 5, 6)
                .constant("zero", Shape.of(), 0f)
                .constant("ones", Shape.of(1, 3, 8, 8), last)
                .node("Mul", "x,zero", "d")
                .node("Add", "d,ones", "a")
                .node("Sqrt", "a", "r"));
    Ran ran = explain(model, "--method=gradient");
    assertThat(ran.err()).contains("heart: gradient: 1 of 64 values are NaN or infinite, and grey");
    assertThat(ran.code()).isEqualTo(Main.PARTIAL);
  }

  @Test
  void anInputThatIsNotAllNumbersIsRefused() {
    Path model = Shipped.model("cnn", folder);
    float[] x = new float[3 * 64 * 64];
    x[5] = Float.NaN;
    Path input = folder.resolve("nan.npy");
    new Npy(new int[] {3, 64, 64}, x).write(input);
    String wrong =
        "nan.npy: finite numbers expected, got 1 of 12288 values that are NaN or infinite";
    Ran ran = run("explain", input.toString(), "--model=" + model, "--out=" + folder.resolve("o"));
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err()).contains(wrong);
    assertThat(explain(model, "--method=integrated-gradients:baseline=" + input).err())
        .contains(wrong);
  }

  /** The scores fall with the channels' means, which the ReLU has made 0. */
  @Test
  void aMapOfZerosIsTold() throws Exception {
    Path model =
        averaged(
            "dark.onnx",
            "r",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("far", Shape.of(1), -1000f)
                .constant("w", Shape.of(3, 2), 1f, 2f, 3f, 4f, 5f, 6f)
                .node("Add", "x,far", "d")
                .node("Relu", "d", "r"));
    Ran ran = explain(model, "--method=gradient", "--method=sobel");
    assertThat(ran.code()).isEqualTo(Main.OK);
    assertThat(ran.err())
        .contains("candela: heart: gradient: all values are 0: nothing there speaks for the class")
        .doesNotContain("sobel");
  }

  @Test
  void theLayerThatIsNotNamedIsTold() throws Exception {
    Path model = Shipped.model("cnn", folder);
    String told = run("describe", model.toString()).out();
    String name = told.replaceAll("(?s).*\\nfeatures +([^:\n]*): where CAMs look.*", "$1");
    Ran ran =
        explain(
            model,
            "--preprocess=" + Shipped.PREPROCESS,
            "--method=grad-cam",
            "--method=grad-cam:layer=" + name);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    Path out = folder.resolve("out");
    JsonNode record = new ObjectMapper().readTree(out.resolve("provenance.json").toFile());
    assertThat(record.get("model").get("features").asString()).isEqualTo(name);
    assertThat(Npy.read(out.resolve("heart.grad-cam-2.npy")).values())
        .containsExactly(Npy.read(out.resolve("heart.grad-cam.npy")).values());
  }

  @Test
  void aLayerThatIsNotThereIsToldWithThoseThatAre() {
    Path model = Shipped.model("cnn", folder);
    assertThat(explain(model, "--method=grad-cam:layer=nix").err())
        .startsWith("candela: cnn.onnx: no value 'nix' in the graph; it has ");
    assertThat(explain(model, "--method=grad-cam:layer=R").err())
        .contains("no value 'R' in the graph; it has ")
        .contains("r");
  }

  static ModelBuilder linear(ElementType type) {
    return new ModelBuilder(17)
        .input("x", type, -1, 3, 8, 8)
        .constant("w", Shape.of(3, 4), 1, 2, 3, 4, -1, 2, 0, 3, 2, -1, 1, 0)
        .node("Cast", "x", "f", "to", 1)
        .node("GlobalAveragePool", "f", "g")
        .node("Flatten", "g", "flat")
        .node("MatMul", "flat,w", "scores");
  }

  /** What a run shows is of that run alone. */
  @Test
  void sheetsOfAnEarlierRunWithMoreImagesGo() throws Exception {
    Path model = Shipped.model("cnn", folder);
    Path out = folder.resolve("out");
    Files.createDirectories(out);
    for (int number : new int[] {2, 3, 5}) {
      Files.writeString(out.resolve("contact-sheet-" + number + ".png"), "of another run");
    }
    assertThat(explain(model, "--preprocess=" + Shipped.PREPROCESS, "--method=sobel").code())
        .isEqualTo(Main.OK);
    assertThat(out.resolve("contact-sheet.png")).isNotEmptyFile();
    assertThat(out.resolve("contact-sheet-2.png")).doesNotExist();
    assertThat(out.resolve("contact-sheet-3.png")).doesNotExist();
    assertThat(out.resolve("contact-sheet-5.png")).exists();
  }

  /** A seventh of 64 pixels, by half of that. */
  @Test
  void occlusionsWindowsFitTheImage() throws Exception {
    Path model = Shipped.model("cnn", folder);
    List<float[]> maps = new ArrayList<>();
    for (String method : List.of("occlusion", "occlusion:window=9,stride=4")) {
      Ran ran = explain(model, "--preprocess=" + Shipped.PREPROCESS, "--method=" + method);
      assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
      maps.add(Npy.read(folder.resolve("out/heart.occlusion.npy")).values());
    }
    assertThat(maps.getFirst()).containsExactly(maps.getLast());
  }

  @Test
  void aMapOfOneValueIsRemarked() throws Exception {
    Path model = folder.resolve("flat.onnx");
    Files.write(model, linear(ElementType.FLOAT).output("scores").bytes());
    assertThat(explain(model, "--method=occlusion:window=8,stride=8").err())
        .contains("all values are equal: no place is told from another");
    assertThat(explain(model, "--method=occlusion:window=4,stride=4").err()).isEmpty();
  }

  @Test
  void numbersDoNotDependOnTheLanguage() throws Exception {
    var child = new Child(folder);
    var arabic =
        new ProcessBuilder(
            child.command("describe", "src/main/resources/candela/cnn.onnx", "--threads=2"));
    arabic.environment().put("JAVA_TOOL_OPTIONS", "-Duser.language=ar -Duser.extensions=u-nu-arab");
    assertThat(child.start(arabic).waitFor()).as(child.said()).isZero();
    assertThat(child.said()).contains("threads 2").doesNotContain("٢");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "explain a.png | Missing required option: '--model=FILE'",
        "explain --model m.onnx | Missing required parameter: 'IMAGE'",
        "explain a.png --model m.onnx --colour | Unknown option: '--colour'",
        "explain a.png --model m.onnx --clip 7 | --clip: 50 to 100 expected, got 7.0",
        "explain a.png --model m.onnx --target dog | --target: a class number of 0 or more",
        "explain a.png --model m.onnx --method grad | method: unknown 'grad'",
        "explain a.png --model m.onnx --batch 0 | --batch: 1 or more expected, got 0",
        "explain a.png --model nowhere.onnx | nowhere.onnx",
        "describe nowhere.onnx | nowhere.onnx",
        "paint | Unmatched argument",
        "paint --help | candela: Unmatched argument at index 0: 'paint'; see candela --help",
        "gallery --out g.txt | --out: a name that ends with .png expected, got g.txt",
        "gallery --out / | /: cannot be written: a file expected, it is a folder",
        "gallery --out src | src: cannot be written: a file expected, it is a folder",
        "study quickstart --ledger / | /: cannot be written: a file expected, it is a folder",
        "study quickstart --ledger src | src: cannot be written: a file expected, it is a folder",
        "study quickstart --ledger /proc/a.duckdb | --ledger: a folder expected that can be"
            + " written: /proc",
        "train src/recipes/cnn.yaml --out /proc | --out: a folder expected that can be written:",
        "study /dev/zero | /dev/zero: a text file of at most 16 MiB expected",
        "train /dev/zero | /dev/zero: a text file of at most 16 MiB expected",
        "train src | src: cannot be read: Is a directory",
        "report src | src: a ledger expected, it is a folder",
        "report src/main/resources/candela/cnn.json | cnn.json: a ledger expected, came something"
            + " else",
        "explain --scale foo | candela explain: --scale: one of own, shared expected, got 'foo';"
            + " see",
        "sanity --shift up | candela sanity: --shift: a number expected, got 'up'; see",
        "explain --clip much | candela explain: --clip: a number expected, got 'much'; see",
        "explain --batch few | candela explain: --batch: a whole number expected, got 'few'; see",
        "explain --batch 3000000000 | candela explain: --batch: -2147483648 to 2147483647"
            + " expected,",
        "attack m.onnx --data synthetic --noise x | candela attack: --noise: a number expected,"
            + " got",
        "sanity --seed 1.5 | candela sanity: --seed: a whole number expected, got '1.5'; see",
        "export --format xls l | candela export: --format: one of parquet, csv expected, got"
            + " 'xls';",
        "attack m.onnx --data nix | candela: --data: images, idx, csv or synthetic expected, got"
            + " 'nix'",
        "attack m.onnx --data synthetic --attack cw | --attack: pgd or fgsm expected, got 'cw'",
        "attack m.onnx --data synthetic --attack pgd:epsilon=x | --attack: pgd: epsilon: a number",
        "attack m.onnx --data synthetic --most 0 | --most: 1 or more expected, got 0",
        "attack m.onnx --data synthetic --noise NaN | --noise: 0 to 1000 expected, got NaN",
        "explain a.png --model m.onnx --method lime:width=1e-300 | width: a number whose square",
        "explain a.png --model m.onnx --method hierarchical-occlusion:depth=40 | at most 1024"
            + " cells",
        "explain a.png --model m.onnx --method hierarchical-occlusion:cells=1025,depth=1 | 1025 x"
            + " 2^0",
        "explain a.png --model m.onnx --method smoothgrad:stdev=1e300 | stdev: at most 1.0E12"
            + " expected, got 1.0E300",
      })
  void wrongUsageIsOneSentenceAndCodeTwo(String line, String sentence) {
    Ran ran = run(line.split(" "));
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains(sentence).doesNotContain("\tat ");
    assertThat(ran.err().strip().lines()).hasSize(1);
    assertThat(ran.out()).isEmpty();
  }

  /** As a variable of the shell that is not set: not the folder one is in. */
  @Test
  void anEmptyNameIsNoFile() {
    for (String option : List.of("--model=", "--out=", "--labels=")) {
      Ran ran = run("explain", "a.png", "--model=m.onnx", option);
      assertThat(ran.code()).isEqualTo(2);
      assertThat(ran.err()).contains("a file or folder expected, the name is empty");
      assertThat(ran.err().lines()).hasSize(1);
    }
    assertThat(run("explain", "", "--model=m.onnx").err())
        .contains("Unmatched argument")
        .contains("''");
  }

  /** As a name beyond ASCII without a locale. */
  @Test
  void aNameThatNoFileCanHaveIsOneSentence() {
    for (String option : List.of("--out=a\0b", "--labels=a\0b")) {
      Ran ran = run("explain", "a.png", "--model=m.onnx", option);
      assertThat(ran.code()).isEqualTo(2);
      assertThat(ran.err()).contains("a?b: no name of a file").doesNotContain("Exception");
      assertThat(ran.err().lines()).hasSize(1);
    }
    assertThat(Main.sentence(new InvalidPathException("\u00fc.png", "Malformed input")))
        .startsWith("\u00fc.png: no name of a file")
        .doesNotContain("inside candela");
  }

  /** Painting the pictures takes a minute. */
  @Test
  void aFolderForModelsThatCannotBeMadeIsToldBeforeTheDataAreRead() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    Ran ran = run("train", "src/recipes/cnn.yaml", "--out=" + file);
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains("--out: a folder expected that can be written: " + file);
    assertThat(ran.out()).isEmpty();
  }

  /** As of memory that is taken to free other memory, whoever else reports it. */
  @Test
  void tooLittleMemoryIsToldWhateverItIsWrappedIn() {
    var e = new IllegalStateException(new OutOfMemoryError("GC overhead limit exceeded"));
    assertThat(Main.sentence(e)).startsWith("Java has too little memory, ").contains("-Xmx8g");
  }

  @Test
  void helpIsACommand() {
    assertThat(run("help").out()).isEqualTo(run("--help").out());
    assertThat(run("help", "describe").out()).isEqualTo(run("describe", "--help").out());
    assertThat(run("help", "--help").out()).isEqualTo(run("--help").out());
    assertThat(run("help", "nothing").code()).isEqualTo(Main.WRONG);
  }

  @Test
  void standardOutputThatIsFullIsToldAndAReaderWhoHasHadEnoughIsNot() throws Exception {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "skipped: needs /dev/full");
    var child = new Child(folder);
    Path said = folder.resolve("err.txt");
    Process toFull =
        new ProcessBuilder(child.command("methods"))
            .redirectOutput(full.toFile())
            .redirectError(said.toFile())
            .start();
    assertThat(toFull.waitFor()).isEqualTo(Main.WRONG);
    assertThat(said).content().contains("standard output: cannot be written: ");
    Process toNobody =
        new ProcessBuilder(child.command("methods")).redirectError(said.toFile()).start();
    toNobody.getInputStream().close();
    assertThat(toNobody.waitFor()).isEqualTo(Main.OK);
    assertThat(said).isEmptyFile();
  }

  @Test
  void versionIsThePoms() throws IOException {
    assertThat(Files.readString(Path.of("pom.xml")))
        .contains("<version>" + Version.NUMBER + "</version>");
    assertThat(run("--version").out()).startsWith("candela " + Version.NUMBER);
  }

  @Test
  void devicesAreListedWithTheReasonForWhatIsNotThere() {
    Ran ran = run("devices");
    assertThat(ran.code()).isZero();
    assertThat(ran.out().lines().toList().get(0)).startsWith("cpu  ").contains("float32");
    assertThat(ran.out().lines().skip(1).toList())
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).startsWith("cuda:").contains(" "));
  }

  @Test
  void aCheckOfTheCpuFindsEveryBitTheSame() {
    Ran ran = run("check", "--device=cpu");
    assertThat(ran.code()).as(ran.out() + ran.err()).isZero();
    assertThat(ran.out()).contains("cnn.onnx: ", "all agree; largest difference none");
    assertThat(ran.out()).containsPattern("kernels: [0-9]+ against plain Java, all agree");
    assertThat(run("check", "--device=cpu", "--batch=0").err())
        .contains("--batch: 1 or more expected, got 0");
  }

  @Test
  void aCardOrPrecisionThatIsNotThereIsOneSentence() {
    Ran tf32 = run("check", "--device=cpu", "--precision=tf32");
    assertThat(tf32.code()).isEqualTo(2);
    assertThat(tf32.err()).contains("the cpu computes in float32").doesNotContain("\tat ");
    Ran bf16 = run("check", "--device=cpu", "--precision=bf16");
    assertThat(bf16.code()).isEqualTo(2);
    assertThat(bf16.err()).contains("the cpu computes in float32; bf16 needs --device cuda:0");
    Ran unknown = run("check", "--precision=int4");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("it takes float32, tf32, bf16, fp16");
    Ran fp16 = run("check", "--precision=fp16", "--device=cpu");
    assertThat(fp16.err()).contains("the cpu computes in float32; fp16 needs --device cuda:0");
    Ran far = run("check", "--device=cuda:999");
    assertThat(far.code()).isEqualTo(2);
    assertThat(far.err()).contains("cuda").doesNotContain("\tat ");
    assertThat(far.err().lines()).hasSize(1);
  }

  @Test
  void aPrecisionOfCardsIsNamedWhereNoneIsThere() {
    assumeTrue(Devices.list().get("cuda:0").startsWith("not there"), "skipped: there is a card");
    Ran ran = run("check", "--precision=bf16");
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).startsWith("candela: precision: bf16 needs a card; cuda: no CUDA driver");
    assertThat(ran.err().lines()).hasSize(1);
  }

  @Test
  void helpNamesEveryMethod() {
    String help = run("explain", "--help").out();
    assertThat(Methods.names()).allSatisfy(n -> assertThat(help).contains(n));
    // lines break at spaces: what is copied stays whole
    String joined = help.replaceAll("\\s+", " ");
    assertThat(Methods.names())
        .allSatisfy(n -> assertThat(joined).contains(n + ": " + Methods.usage(n)));
  }

  @Test
  void operatorsAreListed() {
    List<String> words = List.of(run("operators").out().split("\\s+"));
    assertThat(words)
        .containsAll(Operators.names())
        .containsAll(Operators.decided())
        .containsAll(Compositions.names())
        .containsSequence("Erf", "9");
  }

  @Test
  void methodsAndMetricsAreListedWithAllThatIsKnownOfThem() {
    // a compiler takes sources beside classes for what it has to compile, too
    assertThat(Methods.class.getResource("Rise.java")).isNull();
    String methods = run("methods").out();
    assertThat(Methods.names()).allSatisfy(n -> assertThat(methods.lines()).contains(n));
    assertThat(run("methods", "grad_cam").out()).startsWith("grad-cam\n").contains("definition: ");
    String metrics = run("metrics").out();
    assertThat(Metrics.names()).allSatisfy(n -> assertThat(metrics.lines()).contains(n));
    assertThat(Similarities.names()).allSatisfy(n -> assertThat(metrics.lines()).contains(n));
    assertThat(run("metrics", "max-sensitivity", "top_k").out())
        .startsWith("max-sensitivity\n")
        .contains("Lower is better.", "Needs the method", "samples=10", "\ntop-k\n")
        .contains("Higher is more alike.");
    assertThat(run("metrics", "road").out()).contains("diagonal").doesNotContain("LinearImputer");
    assertThat(run("metrics", "SSIM", "Max_Sensitivity").out())
        .startsWith("ssim\n")
        .contains("\nmax-sensitivity\n");
    Ran unknown = run("metrics", "nix");
    assertThat(unknown.code()).isEqualTo(Main.WRONG);
    assertThat(unknown.err())
        .startsWith("candela: metrics: unknown 'nix'; known are aic, average-drop, ");
  }

  @Test
  void explainWritesEveryFileAndSaysWhatItSaw() throws IOException {
    Path photo = Shared.path("photos/n02129604_tiger.jpg");
    Path model = Shared.path("models/squeezenet1.1.onnx");
    Path labels = Shared.path("models/imagenet-classes.txt");
    Path broken = Files.writeString(folder.resolve("broken.jpg"), "not an image");
    Path out = folder.resolve("out");
    Ran ran =
        run(
            "explain",
            photo.toString(),
            broken.toString(),
            "--model=" + model,
            "--labels=" + labels,
            "--preprocess=caffe-bgr",
            "--method=gradient",
            "--method=integrated-gradients:nSteps=3",
            "--out=" + out);
    assertThat(ran.code()).as(ran.err()).isEqualTo(1);
    assertThat(ran.err()).contains("broken.jpg").doesNotContain("\tat ");
    assertThat(ran.out()).contains("tiger");
    for (String method : List.of("gradient", "integrated-gradients")) {
      for (String end : List.of(".overlay.png", ".heat.png", ".npy", ".channels.npy")) {
        assertThat(out.resolve("n02129604_tiger." + method + end)).isNotEmptyFile();
      }
    }
    assertThat(out.resolve("contact-sheet.png")).isNotEmptyFile();
    JsonNode p = new ObjectMapper().readTree(out.resolve("provenance.json").toFile());
    assertThat(p.get("model").get("sha256").asString()).hasSize(64);
    assertThat(p.get("images").size()).isEqualTo(1);
    assertThat(p.get("images").get(0).get("target").get("class").asInt()).isEqualTo(292);
    assertThat(p.get("failed").get(0).get("file").asString()).endsWith("broken.jpg");
    // one row of the gradient, three steps and two ends of the path
    assertThat(p.get("batch").get("given").isNull()).isTrue();
    assertThat(p.get("batch").get("gradient").asInt()).isEqualTo(6);
    assertThat(p.get("methods").get(1).get("parameters").get("nSteps").asInt()).isEqualTo(3);
  }

  @Test
  void describeTellsOperatorsParametersAndMemory() {
    Path model = Shared.path("models/squeezenet1.1.onnx");
    Ran ran = run("describe", model.toString(), "--batch", "2");
    assertThat(ran.code()).as(ran.err()).isEqualTo(0);
    assertThat(ran.out()).contains("Conv", "MaxPool", "parameters", "1,235,496", "batch 2");
  }
}
