package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.config.Csv;
import candela.image.Image;
import candela.study.Shipped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class SanityTest {
  @TempDir Path folder;

  @Test
  void itWritesEverySimilarityAndThePictures() throws IOException {
    Path out = folder.resolve("out");
    Path example = folder.resolve("example");
    Path model = Shipped.model("cnn", example);
    Path robust = Shipped.model("cnn-robust", example);
    Path photo = Shipped.pictures(example).getFirst();
    Path broken = Files.writeString(folder.resolve("broken.png"), "no picture");
    MainTest.Ran ran =
        MainTest.run(
            "sanity",
            photo.toString(),
            broken.toString(),
            "--model=" + model,
            "--preprocess=" + Shipped.PREPROCESS,
            "--method=gradient",
            "--method=sobel",
            "--similarity=spearman",
            "--stages=2",
            "--against=" + robust,
            "--out=" + out);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.PARTIAL);
    assertThat(ran.err()).contains("broken.png");
    assertThat(ran.out())
        .contains("other class   last 1   all 5   cnn-robust.onnx")
        .contains("complexity-rise of maps, mean over 1 image", "SD of all 5");
    List<String> lines = Files.readAllLines(out.resolve("sanity.csv"));
    assertThat(lines).hasSize(1 + 2 * 4 * 2);
    String name = photo.getFileName().toString().replace(".png", "");
    assertThat(lines.get(1)).startsWith(name + ",0,gradient,another-class,other class,,");
    assertThat(lines.get(2)).contains(",another-class,other class,", ",complexity-rise,");
    List<String> sobel = Csv.read(lines.get(9) + "\n").getFirst().cells();
    assertThat(String.join(",", sobel.subList(0, 8)))
        .matches(name + ",0,sobel,another-class,other class,,[1-7],spearman");
    assertThat(Double.parseDouble(sobel.get(8)))
        .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-9));
    assertThat(sobel.get(9)).isEmpty();
    Image sheet = Image.read(out.resolve(name + ".sanity.png"));
    assertThat(sheet.width()).isGreaterThan(6 * 160);
    assertThat(Image.read(out.resolve("curves.png")).height()).isGreaterThan(400);
    JsonNode record = new ObjectMapper().readTree(out.resolve("provenance.json").toFile());
    assertThat(record.get("order").asString()).isEqualTo("top-down");
    assertThat(record.get("methods")).hasSize(2);
    assertThat(record.get("failed")).hasSize(1);
    assertThat(record.get("images")).hasSize(1);
    assertThat(record.get("images").get(0).get("target").asInt()).isEqualTo(0);
    assertThat(record.get("images").get(0).get("otherClass").asInt()).isBetween(1, 7);
  }

  @Test
  void aModelThatIsAFolderIsRefused() {
    MainTest.Ran ran = MainTest.run("sanity", "--out=" + folder.resolve("s"), "--against=/");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err()).contains("candela: /: expected a file, came a directory");
  }

  /** An even image has no edges; its reason is told again by a run that goes on. */
  @Test
  void whatIsNoNumberIsSaidWhyAndSettingsHaveNamesOfTheirOwn() throws IOException {
    Path example = folder.resolve("example");
    Path flat = folder.resolve("flat.png");
    byte[] rgb = new byte[3 * 64 * 64];
    Arrays.fill(rgb, (byte) 200);
    new Image(64, 64, rgb).writePng(flat);
    Path out = folder.resolve("out");
    String[] words = {
      "sanity",
      flat.toString(),
      "--model=" + Shipped.model("cnn", example),
      "--preprocess=" + Shipped.PREPROCESS,
      "--method=occlusion:window=32,stride=16",
      "--method=sobel",
      "--method=occlusion:window=32,stride=32",
      "--similarity=spearman",
      "--stages=1",
      "--out=" + out
    };
    MainTest.Ran ran = MainTest.run(words);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(ran.out())
        .contains(
            "  occlusion:stride=16   ", "  sobel                 ", "  occlusion:stride=32   ");
    // another class and all layers, of spearman and the rise
    String why = "candela: NaN of sobel (4 values): the original map is 0 everywhere\n";
    assertThat(ran.err()).contains(why);
    List<List<String>> lines =
        Csv.read(Files.readString(out.resolve("sanity.csv"))).stream().map(Csv.Row::cells).toList();
    assertThat(lines)
        .filteredOn(l -> l.get(2).equals("sobel"))
        .hasSize(4)
        .allSatisfy(
            l ->
                assertThat(l.subList(8, 10))
                    .containsExactly("NaN", "the original map is 0 everywhere"));
    assertThat(lines).filteredOn(l -> l.get(2).equals("occlusion:stride=32")).hasSize(4);

    Path record = out.resolve("provenance.json");
    String ended = Files.readString(record);
    Files.writeString(record, ended.replaceFirst(",\\s*\"seconds\" : [0-9.E-]+", ""));
    MainTest.Ran again = MainTest.run(words);
    assertThat(again.out()).contains("goes on from " + out + ": 1 image done");
    assertThat(again.err()).isEqualTo(ran.err());
  }

  @Test
  void aKilledRunGoesOnWithTheImagesThatAreLeft() throws IOException {
    Path example = folder.resolve("example");
    Path model = Shipped.model("cnn", example);
    List<Path> photos = Shipped.pictures(example);
    Path odd = Files.copy(photos.get(0), folder.resolve("odd, name.png"));
    Path second = photos.get(1);
    Path undisturbed = folder.resolve("undisturbed");
    assertThat(check(model, undisturbed, odd, second)).doesNotContain("goes on");

    Path out = folder.resolve("out");
    check(model, out, odd);
    // As it is while a run goes on: how long it took is told at its end.
    Path record = out.resolve("provenance.json");
    String ended = Files.readString(record);
    Files.writeString(record, ended.replaceFirst(",\\s*\"seconds\" : [0-9.E-]+", ""));
    Files.delete(out.resolve("odd, name.sanity.png"));

    assertThat(check(model, out, odd, second)).contains("goes on from " + out + ": 1 image done");
    assertThat(out.resolve("odd, name.sanity.png")).doesNotExist();
    for (String file : List.of("sanity.csv", "curves.png")) {
      assertThat(out.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
    }
    JsonNode both = new ObjectMapper().readTree(record.toFile());
    JsonNode whole = new ObjectMapper().readTree(undisturbed.resolve("provenance.json").toFile());
    assertThat(both.get("images")).isEqualTo(whole.get("images"));

    // One that has come to its end begins anew, and so does one whose table is another's by now,
    // as a run writes it before its record, and one whose image has changed.
    assertThat(check(model, out, odd, second)).doesNotContain("goes on");
    String going = ended.replaceFirst(",\\s*\"seconds\" : [0-9.E-]+", "");
    Path table = out.resolve("sanity.csv");
    String rows = Files.readString(table);
    Files.writeString(record, going);
    Files.writeString(table, rows.replaceFirst("another-class", "another-model"));
    MainTest.Ran anew = run(model, out, odd, second);
    assertThat(anew.out()).doesNotContain("goes on");
    assertThat(anew.err())
        .contains(out + ": the check begun there differs in its table; begins anew");
    assertThat(table).hasSameBinaryContentAs(undisturbed.resolve("sanity.csv"));
    Files.writeString(record, going.replace("\"stages\" : 2", "\"stages\" : 3"));
    assertThat(run(model, out, odd).err()).contains("begun there differs in stages; begins anew");
    Files.writeString(record, going.replaceFirst("(?s),\\s*\"complexity\" : \\{.*?\\}", ""));
    assertThat(run(model, out, odd).err()).contains("differs in complexity; begins anew");
    Files.writeString(record, going.replaceFirst("\"otherClass\" : [0-9]+", "\"otherClass\" : 9"));
    Files.writeString(table, rows);
    assertThat(run(model, out, odd).err()).contains("differs in its table; begins anew");
    Files.writeString(record, going);
    Files.writeString(table, rows); // the part that was known is there, rows follow
    assertThat(check(model, out, odd)).contains("goes on");
    Files.writeString(record, going);
    Files.copy(second, odd, StandardCopyOption.REPLACE_EXISTING);
    assertThat(check(model, out, odd)).doesNotContain("goes on");
  }

  private static String check(Path model, Path out, Path... photos) {
    MainTest.Ran ran = run(model, out, photos);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    return ran.out();
  }

  private static MainTest.Ran run(Path model, Path out, Path... photos) {
    List<String> words = new ArrayList<>(List.of("sanity"));
    List.of(photos).forEach(p -> words.add(p.toString()));
    words.add("--model=" + model);
    words.add("--preprocess=" + Shipped.PREPROCESS);
    words.addAll(List.of("--method=gradient", "--method=smoothgrad:samples=4", "--stages=2"));
    words.addAll(List.of("--similarity=spearman", "--similarity=ssim", "--out=" + out));
    return MainTest.run(words.toArray(String[]::new));
  }
}
