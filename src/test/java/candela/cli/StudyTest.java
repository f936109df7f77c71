package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import candela.image.Npy;
import candela.method.Toy;
import candela.study.Ledger;
import candela.study.Material;
import candela.study.Plan;
import candela.study.Results;
import candela.study.Shipped;
import candela.study.Study;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Studies as a user meets them: killed, side by side, on a full disk. */
class StudyTest {
  private static final String SMALL =
      """
      models: [cnn, cnn-robust]
      images: [shipped]
      target: label
      sweeps:
        - sg: smoothgrad:samples=[3*,6]
        - sp: sliding-patch:patch=[8,16*,24],stride=8
        - lime: lime:samples=[20,40*],segments=16,sigma=1
        - mp: meaningful-perturbation:iterations=[4,8*],mask=8,blur=3
      similarities: [ssim, spearman]
      metrics: ["deletion:step=1024"]
      pictures: 1
      """;

  /** Kills of one study. */
  private static final int KILLS = 4;

  @TempDir static Path folder;

  private static Path study;
  private static String undisturbed;

  @BeforeAll
  static void runUndisturbed() throws IOException {
    study = Files.writeString(folder.resolve("small.yaml"), SMALL);
    Path ledger = folder.resolve("undisturbed.duckdb");
    MainTest.Ran ran = MainTest.run("study", study.toString(), "--ledger=" + ledger);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("cnn-robust").contains("undisturbed.html");
    undisturbed = digest(ledger);
  }

  private static String digest(Path ledger) {
    try (Ledger open = Ledger.read(ledger)) {
      assertThat(open.query("SELECT count(*) FROM unit").getFirst().getFirst()).isEqualTo(16L);
      return open.digest();
    }
  }

  private static Process start(Path ledger, String... options) throws IOException {
    List<String> command = new ArrayList<>(command(ledger));
    command.addAll(List.of(options));
    return new Child(folder).start(new ProcessBuilder(command));
  }

  private static List<String> command(Path ledger) {
    return new Child(folder).command("study", study.toString(), "--ledger=" + ledger);
  }

  private static String said() throws IOException {
    return new Child(folder).said();
  }

  /** Two ledgers side by side: a start is the work of one processor. */
  @Test
  void killedAtAnyMomentItGoesOnToTheSameBits() throws Exception {
    Path ledger = folder.resolve("whole.duckdb");
    long begin = System.nanoTime();
    Process whole = start(ledger);
    assertThat(whole.waitFor()).as(said()).isZero();
    double seconds = (System.nanoTime() - begin) / 1e9;
    assertThat(digest(ledger)).isEqualTo(undisturbed);
    try (var two = Executors.newFixedThreadPool(2)) {
      Future<Integer> first = two.submit(() -> kill(5, seconds));
      Future<Integer> second = two.submit(() -> kill(6, seconds));
      // kills count only where there was something to damage
      assertThat(first.get() + second.get()).isGreaterThanOrEqualTo(KILLS);
    }
  }

  /**
   * Kills half of the times.
   *
   * @param seconds of an undisturbed run
   * @return kills and ends of runs after which a ledger was there
   */
  private static int kill(int seed, double seconds) throws Exception {
    Random random = new Random(seed);
    Path own = Files.createDirectories(folder.resolve("kill-" + seed));
    var child = new Child(own);
    Path ledger = own.resolve("killed.duckdb");
    int counted = 0;
    for (int kills = 0; kills < KILLS / 2; ) {
      // each goes on with what the one before left, in another way
      Process p =
          child.start(
              new ProcessBuilder(
                  child.command(
                      "study",
                      study.toString(),
                      "--ledger=" + ledger,
                      "--jobs=" + (1 + kills % 2),
                      "--threads=" + (1 + kills / 2 % 2),
                      "--batch=" + (8 << kills % 3))));
      // before there is a ledger there is nothing to lose; one that is there is opened in the
      // middle of the start
      boolean opens = Files.exists(ledger);
      while (!Files.exists(ledger) && p.isAlive()) {
        Thread.sleep(10);
      }
      double part = (opens ? 0.3 : 0) + 0.5 * random.nextDouble();
      if (p.waitFor((long) (1000 * seconds * part), TimeUnit.MILLISECONDS)) {
        assertThat(p.exitValue()).as(child.said()).isZero();
        assertThat(digest(ledger)).isEqualTo(undisturbed);
        Files.delete(ledger);
        counted++;
      } else {
        p.destroyForcibly().waitFor();
        kills++;
        counted += Files.exists(ledger) ? 1 : 0;
      }
    }
    Process last =
        child.start(
            new ProcessBuilder(child.command("study", study.toString(), "--ledger=" + ledger)));
    assertThat(last.waitFor()).as(child.said()).isZero();
    assertThat(digest(ledger)).isEqualTo(undisturbed);
    return counted;
  }

  @ParameterizedTest
  @CsvSource({"8, 1, 1", "8, 2, 1", "32, 1, 1", "32, 2, 1", "16, 2, 2"})
  void batchThreadsAndJobsDoNotChangeABit(int batch, int threads, int jobs) {
    Path ledger = folder.resolve("batch-%d-%d-%d.duckdb".formatted(batch, threads, jobs));
    MainTest.Ran ran =
        MainTest.run(
            "study",
            study.toString(),
            "--ledger=" + ledger,
            "--batch=" + batch,
            "--threads=" + threads,
            "--jobs=" + jobs);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(digest(ledger)).isEqualTo(undisturbed);
  }

  @Test
  void twoProcessesDoNotShareALedger() throws Exception {
    Path ledger = Files.copy(folder.resolve("undisturbed.duckdb"), folder.resolve("two.duckdb"));
    try (Ledger open = Ledger.read(ledger)) {
      Process second = start(ledger);
      assertThat(second.waitFor()).isEqualTo(2);
      assertThat(said())
          .isEqualTo(
              "candela: %s: another process has it open; wait for it, or choose another file with"
                  + " --ledger%n",
              ledger);
      assertThat(open.digest()).isEqualTo(undisturbed);
    }
  }

  /** Each finds none, and makes one. */
  @Test
  void ofTwoThatBeginALedgerAtOnceOneHasIt() throws Exception {
    Path ledger = folder.resolve("raced.duckdb");
    List<Child> children = new ArrayList<>();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      var child = new Child(Files.createDirectories(folder.resolve("raced-" + i)));
      children.add(child);
      List<String> command = child.command("study", study.toString(), "--ledger=" + ledger);
      processes.add(child.start(new ProcessBuilder(command)));
    }
    int done = 0;
    for (int i = 0; i < 2; i++) {
      int code = processes.get(i).waitFor();
      done += code == 0 ? 1 : 0;
      String said = children.get(i).said();
      assertThat(code == 0 || said.contains("another process has it open")).as(said).isTrue();
    }
    assertThat(done).isPositive();
    assertThat(digest(ledger)).isEqualTo(undisturbed);
  }

  @Test
  void ofAFullDiskOneSentenceIsSaidAndWhatWasEnteredIsKept() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("disk"));
    SmallDisk.assumed(disk);
    Path empty = folder.resolve("full.duckdb");
    Study parsed = Study.read(study);
    Material material = Material.of(parsed, disk.resolve("shipped"));
    Ledger.open(empty, parsed, Plan.of(parsed.sweeps()), material).close();
    long bytes = Files.size(empty) + (90 << 10);
    try (var files = Files.list(disk.resolve("shipped"))) {
      for (Path f : files.toList()) {
        bytes += Math.ceilDiv(Files.size(f), 4096) * 4096;
      }
    }
    List<String> child = command(disk.resolve("full.duckdb"));
    Path kept = Files.createDirectories(folder.resolve("saved"));
    ProcessBuilder full =
        SmallDisk.of(bytes, disk, "cp " + empty + " \"$0\"", child, "cp \"$0\"/full* " + kept);
    assertThat(new Child(folder).start(full).waitFor()).as(said()).isEqualTo(2);
    assertThat(said()).contains("full.duckdb: cannot be written: ").contains("free some space");
    Path saved = kept.resolve("full.duckdb");
    int there;
    try (Ledger open = Ledger.read(saved)) {
      there = open.query("SELECT * FROM unit").size();
    }
    assertThat(there).isBetween(1, 15);
    assertThat(start(saved).waitFor()).as(said()).isZero();
    assertThat(said()).contains("goes on: " + there + " of 16 units are done");
    assertThat(digest(saved)).isEqualTo(undisturbed);
  }

  @Test
  void anExportToAFullDiskSaysWhichAndLeavesNoPart() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("small"));
    SmallDisk.assumed(disk);
    Child child = new Child(Files.createDirectories(folder.resolve("exporting")));
    List<String> command =
        child.command("export", folder.resolve("undisturbed.duckdb").toString(), "--out=" + disk);
    ProcessBuilder full = SmallDisk.of(8192, disk, "true", command, "ls -A \"$0\"");
    assertThat(child.start(full).waitFor()).as(child.said()).isEqualTo(2);
    assertThat(child.said())
        .contains("candela: " + disk + "/")
        .contains(": cannot be written: ")
        .contains("; free some space, or choose another folder\n")
        .contains("\nimage.parquet\n")
        .doesNotContain("\n.part-");
  }

  @Test
  void aLedgerOfAnotherVersionStudyOrKindIsRefusedAndKept() throws Exception {
    Path ledger = Files.copy(folder.resolve("undisturbed.duckdb"), folder.resolve("old.duckdb"));
    try (Connection c = DriverManager.getConnection("jdbc:duckdb:" + ledger);
        var s = c.createStatement()) {
      s.execute("UPDATE meta SET value = '0' WHERE key = 'version'");
    }
    byte[] before = Files.readAllBytes(ledger);
    assertThat(MainTest.run("study", study.toString(), "--ledger=" + ledger).err())
        .contains(
            "a ledger of version 11 expected, it has version 0; use the Candela that wrote it");
    assertThat(MainTest.run("report", ledger.toString()).err()).contains("version 11 expected");
    assertThat(Files.readAllBytes(ledger)).isEqualTo(before);

    // told before anything is asked: this sweep is left out
    Path other =
        Files.writeString(
            folder.resolve("other.yaml"),
            SMALL.replace("- sg: ", "- at: attention-rollout\n  - sg: "));
    Path undisturbedLedger = folder.resolve("undisturbed.duckdb");
    for (String option : List.of("--jobs=1", "--dry-run")) {
      assertThat(
              MainTest.run("study", other.toString(), "--ledger=" + undisturbedLedger, option)
                  .err())
          .as(option)
          .startsWith(
              "candela: "
                  + undisturbedLedger
                  + ": the ledger of this study expected, it has"
                  + " other sweeps (of 'small'); choose another file with --ledger")
          .hasLineCount(1);
    }
    assertThat(digest(undisturbedLedger)).isEqualTo(undisturbed);

    assertThat(MainTest.run("study", study.toString(), "--ledger=" + study).err())
        .contains("small.yaml: a ledger expected, came something else");
    assertThat(Files.readString(study)).isEqualTo(SMALL);
    for (String text : List.of("", "DUCK", "12345678DUCK and something else")) {
      Path odd = Files.writeString(folder.resolve("odd.duckdb"), text);
      assertThat(MainTest.run("report", odd.toString()).err())
          .as(text)
          .contains("odd.duckdb: a ledger expected, came something else");
    }
    String over = "--out=" + undisturbedLedger;
    assertThat(MainTest.run("report", undisturbedLedger.toString(), over).err())
        .contains("--out: another file expected than those that are read, " + undisturbedLedger);
    assertThat(digest(undisturbedLedger)).isEqualTo(undisturbed);
    assertThat(MainTest.run("report", folder + "/none.duckdb").err())
        .contains("a ledger expected, there is no such file");
  }

  /** In one ledger, numbers of two precisions could not be told apart. */
  @Test
  void deviceAndPrecisionAreEnteredAndUnitsOfOthersTold() throws Exception {
    Path ledger = Files.copy(folder.resolve("undisturbed.duckdb"), folder.resolve("moved.duckdb"));
    try (Ledger open = Ledger.read(ledger)) {
      String device = (String) open.query("SELECT device FROM run").getFirst().getFirst();
      assertThat(device).endsWith(", float32");
    }
    String[] command = {"study", study.toString(), "--ledger=" + ledger};
    assertThat(MainTest.run(command).err()).doesNotContain("earlier run");
    try (Connection c = DriverManager.getConnection("jdbc:duckdb:" + ledger);
        var s = c.createStatement()) {
      s.execute("UPDATE run SET device = 'a card, bf16' WHERE run = 0");
    }
    assertThat(MainTest.run(command).err())
        .contains(
            "units of an earlier run are by Candela 0.1.0 on a card, bf16; what this one adds");
  }

  @Test
  void anImageThatCannotBeReadIsToldAndTriedAgainAndMapsOfTheOthersAreKept() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.png"), "no picture");
    String text =
        "models: [cnn]\n"
            + "images: [shipped, broken.png]\n"
            + "sweeps: [gradient]\n"
            + "metrics: [deletion]\n"
            + "maps: true\n";
    Path file = Files.writeString(folder.resolve("with-broken.yaml"), text);
    Path ledger = folder.resolve("with-broken.duckdb");
    for (int i = 0; i < 2; i++) {
      MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
      assertThat(ran.code()).isEqualTo(1);
      assertThat(ran.err()).contains("cnn, broken: ").contains(broken.getFileName().toString());
    }
    Npy map = Npy.read(folder.resolve("with-broken-maps/cnn/heart/0.npy"));
    assertThat(map.shape()).containsExactly(64, 64);
    Files.copy(Shipped.picture("star", folder), broken, StandardCopyOption.REPLACE_EXISTING);
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
    assertThat(ran.code()).as(ran.err()).isZero();
    try (Ledger open = Ledger.read(ledger)) {
      assertThat(open.query("SELECT count(*) FROM unit")).containsExactly(List.of(9L));
      assertThat(open.query("SELECT count(*) FROM image WHERE length(sha256) = 64"))
          .containsExactly(List.of(9L));
    }
  }

  /** A name would be another class of the model's than of the file's. */
  @Test
  void namesOfClassesThatDoNotFitTheModelAreRefused() throws IOException {
    List<String> names = Files.readAllLines(Shipped.labels(folder));
    Files.write(folder.resolve("short.txt"), names.subList(1, names.size()));
    Files.writeString(folder.resolve("by-name.csv"), "file,class\nheart.png,heart\n");
    Files.writeString(folder.resolve("by-number.csv"), "file,class\nheart.png,3\n");
    for (String table : List.of("by-name.csv", "by-number.csv")) {
      String text =
          "models: [cnn]\nimages: [shipped]\nsweeps: [sobel]\nlabels: short.txt\nclasses: "
              + table
              + "\n";
      Path file = Files.writeString(folder.resolve("short.yaml"), text);
      MainTest.Ran ran = MainTest.run("study", file.toString(), "--dry-run");
      assertThat(ran.code()).as(ran.err()).isEqualTo(table.equals("by-name.csv") ? 2 : 0);
      assertThat(ran.err().contains("short.txt: 8 class names expected"))
          .as(ran.err())
          .isEqualTo(table.equals("by-name.csv"));
    }
  }

  @Test
  void whereNoImageCanBeReadNothingIsDone() throws IOException {
    Files.writeString(folder.resolve("torn.png"), "no picture");
    String text = "models: [cnn]\nimages: [torn.png]\nsweeps: [gradient]\n";
    Path file = Files.writeString(folder.resolve("torn.yaml"), text);
    MainTest.Ran ran =
        MainTest.run("study", file.toString(), "--ledger=" + folder.resolve("torn.duckdb"));
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err()).contains("cnn, torn: ");
  }

  @Test
  void mapsAreThoseOfTheStudyAloneAndUnitsWithoutAreTold() throws IOException {
    Path file = folder.resolve("kept.yaml");
    Path ledger = folder.resolve("kept.duckdb");
    Path maps = folder.resolve("kept-maps/cnn");
    String sobel = "models: [cnn]\nimages: [shipped]\nsweeps: [sobel]\nmetrics: []\n";
    Files.writeString(file, sobel);
    MainTest.Ran alone = MainTest.run("study", file.toString(), "--ledger=" + ledger);
    assertThat(alone.code()).as(alone.err()).isZero();
    assertThat(alone.out()).contains("nothing to compare in sobel: one setting; ");
    Files.writeString(file, sobel + "maps: true\n");
    assertThat(MainTest.run("study", file.toString(), "--ledger=" + ledger).err())
        .contains("maps: 8 of these were done when none were kept");
    Files.delete(ledger);
    Path left = Files.createDirectories(maps.resolve("heart"));
    Files.writeString(left.resolve("1.npy"), "of an earlier study");
    assertThat(MainTest.run("study", file.toString(), "--ledger=" + ledger).code()).isZero();
    assertThat(left.resolve("0.npy")).exists();
    assertThat(left.resolve("1.npy")).doesNotExist();
  }

  @Test
  void whatDoesNotFitTheImagesIsRefusedBeforeTheFirstUnit() throws IOException {
    String text = "models: [cnn]\nimages: [shipped]\nsweeps: [\"sliding-patch:patch=[5,65]\"]\n";
    Path file = Files.writeString(folder.resolve("large.yaml"), text);
    MainTest.Ran ran =
        MainTest.run("study", file.toString(), "--ledger=" + folder.resolve("large.duckdb"));
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err())
        .isEqualToIgnoringNewLines(
            "candela: cnn: sliding-patch: patch of at most 64 expected for a 64 x 64 image, got"
                + " 65");
    Files.writeString(
        file,
        """
        models: [cnn]
        images: [shipped]
        sweeps: ["gradient:score=[logit,probability]"]
        similarities: ["hog:cell=22"]
        """);
    assertThat(folder.resolve("large.duckdb")).doesNotExist();
    String ledger = "--ledger=" + folder.resolve("hog.duckdb");
    for (String option : List.of("--jobs=1", "--dry-run")) {
      MainTest.Ran hog = MainTest.run("study", file.toString(), ledger, option);
      assertThat(hog.code()).as(option).isEqualTo(Main.WRONG);
      assertThat(hog.err())
          .isEqualToIgnoringNewLines(
              "candela: cnn: hog: maps of 66 x 66 or larger expected (3 cells of 22), got 64 x 64;"
                  + " give a smaller cell, say hog:cell=21");
    }
  }

  /** No ledger of the study as it was is there. */
  @Test
  void aStudyThatWasStoppedIsCorrectedAndDone() throws IOException {
    Path file = folder.resolve("corrected.yaml");
    Path ledger = folder.resolve("corrected.duckdb");
    String text = "models: [cnn]\nimages: [shipped]\nsweeps: [\"%s\"]\nmetrics: []\n";
    for (String wrong : List.of("occlusion:window=[8,16],stride=16", "attention-rollout")) {
      Files.writeString(file, text.formatted(wrong));
      MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
      assertThat(ran.code()).as(ran.err()).isEqualTo(Main.WRONG);
      assertThat(ledger).doesNotExist();
    }
    Files.writeString(file, text.formatted("occlusion:window=[8,16],stride=8"));
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ledger).exists();
  }

  @Test
  void aClassThatTheModelLacksIsRefusedBeforeTheFirstUnit() throws IOException {
    String text = "models: [cnn]\nimages: [shipped]\ntarget: 99\nsweeps: [sobel]\n";
    Path file = Files.writeString(folder.resolve("far.yaml"), text);
    Path ledger = folder.resolve("far.duckdb");
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err())
        .isEqualTo("candela: far: target: 0 to 7 expected, the classes of cnn; got 99\n");
    assertThat(ledger).doesNotExist();
  }

  /** Who is root may write it. */
  @Test
  void aLedgerThatCannotBeWrittenIsTold() throws IOException {
    Path ledger = Files.copy(folder.resolve("undisturbed.duckdb"), folder.resolve("fixed.duckdb"));
    Files.setPosixFilePermissions(ledger, PosixFilePermissions.fromString("r--r--r--"));
    assumeFalse(Files.isWritable(ledger), "skipped: root writes all files");
    assertThat(MainTest.run("study", study.toString(), "--ledger=" + ledger).err())
        .isEqualTo(
            "candela: %s: cannot be written: permission denied; choose another file with"
                + " --ledger\n",
            ledger);
  }

  @Test
  void aPictureThatHasChangedIsToldBeforeAnythingIsAsked() throws IOException {
    Path picture = folder.resolve("changing.png");
    Files.copy(Shipped.picture("heart", folder), picture);
    String text = "models: [cnn]\nimages: [changing.png]\nsweeps: [sobel]\n";
    Path file = Files.writeString(folder.resolve("changing.yaml"), text);
    Path ledger = folder.resolve("changing.duckdb");
    String[] command = {"study", file.toString(), "--ledger=" + ledger};
    assertThat(MainTest.run(command).code()).isZero();
    Files.copy(Shipped.picture("star", folder), picture, StandardCopyOption.REPLACE_EXISTING);
    byte[] before = Files.readAllBytes(ledger);
    for (String[] c :
        List.of(command, new String[] {command[0], command[1], command[2], "--dry-run"})) {
      MainTest.Ran ran = MainTest.run(c);
      assertThat(ran.code()).isEqualTo(Main.WRONG);
      assertThat(ran.err())
          .contains(": image 'changing' has changed since results of it were entered");
      assertThat(ran.out()).isEmpty();
    }
    assertThat(Files.readAllBytes(ledger)).isEqualTo(before);
  }

  @Test
  void aLedgerWithoutARunHasNoReport() {
    Study parsed = Study.read(study);
    Path ledger = folder.resolve("no-run.duckdb");
    Ledger.open(ledger, parsed, Plan.of(parsed.sweeps()), new Material(List.of(), List.of()))
        .close();
    MainTest.Ran ran = MainTest.run("report", ledger.toString(), "--debug");
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains("no run has begun in it; run candela study FILE.yaml");
  }

  /** Arrays beside pictures are not read, and that is said. */
  @Test
  void whatAFolderOfPicturesLeavesOutIsSaid() throws Exception {
    Path mixed = Files.createDirectories(folder.resolve("mixed"));
    Files.copy(Shipped.pictures(folder).getFirst(), mixed.resolve("a.png"));
    Files.write(mixed.resolve("b.npy"), new byte[0]);
    Path file =
        Files.writeString(
            folder.resolve("mixed.yaml"),
            "models: [cnn]\nimages: [shipped, mixed]\nsweeps: ['smoothgrad:samples=[1,2]']\n");
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--dry-run", "--device=cpu");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("1 models x 9 images");
    assertThat(ran.err()).contains("candela: " + mixed + ": 1 .npy file left out, because ");
  }

  @Test
  void boxesOfAnotherClassSayNothingOfAMapAndWhy() throws Exception {
    Path boxes =
        Files.writeString(
            folder.resolve("boxes.csv"),
            """
            \uFEFFfile, class,"x0",y0,x1,y1
            heart.png,"heart",4,4,20,20
            star.png,ring,4,4,20,20
            """);
    Path file =
        Files.writeString(
            folder.resolve("boxes.yaml"),
            """
            models: [cnn]
            images: [shipped]
            boxes: %s
            target: top
            sweeps:
              - sg: smoothgrad:samples=[1,2]
              - methods: [gradient, sobel*, random-map]
            similarities: [spearman]
            metrics: [pointing-game, sparseness]
            """
                .formatted(boxes));
    Path ledger = folder.resolve("boxes.duckdb");
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
    assertThat(ran.code()).as(ran.err()).isZero();
    try (Ledger open = Ledger.read(ledger)) {
      String judged =
          "SELECT DISTINCT image, reason FROM score WHERE metric = 'pointing-game' AND part = ''"
              + " ORDER BY image";
      assertThat(open.query(judged))
          .hasSize(8)
          .contains(
              List.of("heart", ""),
              List.of("star", "the boxes are of class 4, the map is of class 6"),
              List.of("disc", "the table of boxes has none of this image"));
      String means = "SELECT DISTINCT images, without FROM accuracy WHERE part = '' AND metric = ";
      assertThat(open.query(means + "'pointing-game'")).containsExactly(List.of(1L, 7L));
      assertThat(open.query(means + "'sparseness'")).containsExactly(List.of(8L, 0L));
      // of several methods alone, all but the marked one
      assertThat((List<?>) Results.of(open).get("agreement")).hasSize(2);
      assertThat(
              open.query(
                  "SELECT target, target_name, predicted_name FROM unit WHERE image = 'heart'"))
          .containsExactly(List.of(3, "heart", "heart"));
    }
    Files.writeString(
        boxes, "file,class,x0,y0,x1,y1\nheart.png,heart,4,4,9,9\nheart.png,ring,1,1,9,9\n");
    assertThat(MainTest.run("study", file.toString(), "--ledger=" + ledger).err())
        .contains("boxes.csv:3: one class an image expected, got 4 after 3; keep the boxes of one");
  }

  /** A metric of a layer that one of two models has: of the other it has no number, and says so. */
  @Test
  void metricsOfALayerThatAModelHasNotAreToldFirst() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("layer.yaml"),
            """
            models: [cnn, inception]
            images: [shipped]
            sweeps: [gradient]
            metrics:
              - last: relative-representation-stability:samples=1
              - one: "relative-representation-stability:samples=1,layer=globalaveragepool20.out"
              - same: "relative-representation-stability:samples=1,layer=globalaveragepool20.out"
            """);
    Path ledger = folder.resolve("layer.duckdb");
    for (String how : List.of("--dry-run", "--jobs=2", "--jobs=1")) {
      MainTest.Ran ran = MainTest.run("study", file.toString(), how, "--ledger=" + ledger);
      assertThat(ran.code()).as(ran.err()).isOne();
      for (String metric : List.of("one", "same")) {
        assertThat(ran.err())
            .contains("candela: left out: inception: " + metric + ": inception.onnx: no value 'gl");
      }
      assertThat(ran.err()).doesNotContain("left out: cnn");
    }
    try (Ledger open = Ledger.read(ledger)) {
      List<List<Object>> rows =
          open.query("SELECT model, metric, isnan(value), reason FROM score WHERE part = ''");
      assertThat(rows).hasSize(2 * 3 * 8);
      for (List<Object> row : rows) {
        boolean without = row.get(0).equals("inception") && !row.get(1).equals("last");
        assertThat(row.get(2)).as("%s", row).isEqualTo(without);
        assertThat((String) row.get(3)).contains(without ? "no value 'globalaverage" : "");
      }
    }
    Files.writeString(
        file,
        "models: [cnn]\nimages: [shipped]\nsweeps: [gradient]\n"
            + "metrics: ['faithfulness-correlation:subset=100000']\n");
    assertThat(MainTest.run("study", file.toString(), "--ledger=" + folder.resolve("n")).err())
        .startsWith("candela: cnn: faithfulness-correlation: subset: at most 4096 pixels");
  }

  @Test
  void exportWritesEveryTable() throws IOException {
    Path out = folder.resolve("export");
    String ledger = folder.resolve("undisturbed.duckdb").toString();
    for (String format : List.of("csv", "parquet")) {
      MainTest.Ran ran = MainTest.run("export", ledger, "--format=" + format, "--out=" + out);
      assertThat(ran.code()).as(ran.err()).isZero();
      assertThat(out.resolve("sensitivity." + format)).isNotEmptyFile();
    }
    assertThat(MainTest.run("export", ledger, "--out=/proc").err())
        .startsWith("candela: --out: a folder expected that can be written: /proc");
    assertThat(MainTest.run("report", ledger, "--out=/proc/a.html").err())
        .startsWith("candela: --out: a folder expected that can be written: /proc");
    List<String> lines = Files.readAllLines(out.resolve("sensitivity.csv"));
    assertThat(lines.getFirst()).isEqualTo("model,sweep,measure,mean,sd,pairs,images,without");
    // two models, four sweeps, two measures
    assertThat(lines).hasSize(1 + 2 * 4 * 2);
  }

  @Test
  void aDryRunSaysWhatIsSharedAndWritesNothing() {
    Path ledger = folder.resolve("dry.duckdb");
    MainTest.Ran ran = MainTest.run("study", study.toString(), "--dry-run", "--ledger=" + ledger);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("2 models x 8 images = 16 units; 4 sweeps, 9 settings, 9 different maps from 6");
    assertThat(ran.out()).contains("\nabout ").doesNotContain("at least");
    assertThat(ledger).doesNotExist();
  }

  @Test
  void aDryRunSaysWhereThereMayBeMore() throws IOException {
    Path file = folder.resolve("open.yaml");
    Files.writeString(file, "models: [cnn]\nimages: [shipped]\nsweeps: [score-cam]\n");
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--dry-run");
    assertThat(ran.out())
        .contains(
            "shared, what is run, and more: some methods ask by what they see first\nat least");
  }

  private static final String NO_ATTENTION =
      "candela: left out: cnn: attention-rollout: cnn.onnx: attention expected, softmax(q kᵀ) v, it"
          + " has none; use another method\n";

  /** A convolutional network and one of attention, under sweeps. */
  private static Path mixed(String name, String sweeps) throws IOException {
    String text =
        """
        models: [cnn, attending: %s]
        images: [shipped]
        target: 1
        sweeps: [%s]
        similarities: [spearman]
        metrics: [sparseness]
        pictures: 1
        maps: true
        """;
    return Files.writeString(
        folder.resolve(name + ".yaml"), text.formatted(Toy.attending(folder), sweeps));
  }

  @Test
  void aMethodWithoutMeaningForOneModelIsLeftOutOfItOnly() throws IOException {
    String smoothgrad = "\"smoothgrad:samples=[2*,3]\"";
    Path file = mixed("mixed", "\"attention-rollout:heads=[mean*,max]\", " + smoothgrad);
    Path ledger = folder.resolve("mixed.duckdb");
    String[] command = {"study", file.toString(), "--ledger=" + ledger};
    MainTest.Ran dry = MainTest.run("study", file.toString(), "--dry-run");
    assertThat(dry.code()).as(dry.err()).isEqualTo(Main.PARTIAL);
    assertThat(dry.err()).isEqualTo(NO_ATTENTION);
    // of the two sweeps one, a comparison of 2 and 3 samples
    assertThat(dry.out()).contains("= 16 units").containsPattern("\\n  cnn +5 +5 +3 ");
    MainTest.Ran ran = MainTest.run(command);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.PARTIAL);
    assertThat(ran.err()).isEqualTo(NO_ATTENTION);
    assertThat(ran.out())
        .contains(
            "\nleft out: 2 settings of cnn; the reasons are in the report and in the ledger's")
        .doesNotContain("attention expected");
    String alike =
        "SELECT image, a, b, value FROM similarity WHERE model = 'cnn' AND sweep LIKE 'smoothgrad%'"
            + " ORDER BY ALL";
    List<List<Object>> smoothgrads;
    String digest;
    try (Ledger open = Ledger.read(ledger)) {
      digest = open.digest();
      smoothgrads = open.query(alike);
      assertThat(smoothgrads).hasSize(8);
      assertThat(open.query("SELECT model, method FROM left_out ORDER BY method"))
          .containsExactly(List.of("cnn", 0), List.of("cnn", 1));
      for (String table : List.of("similarity", "score", "seen")) {
        String models = "SELECT DISTINCT model FROM " + table;
        String which = table.equals("similarity") ? "sweep LIKE 'attention%'" : "method < 2";
        assertThat(open.query(models + " WHERE " + which))
            .as(table)
            .containsExactly(List.of("attending"));
      }
    }
    assertThat(Files.readString(folder.resolve("mixed.html"))).contains("attention expected");
    assertThat(folder.resolve("mixed-maps/cnn/heart/0.npy")).doesNotExist();
    assertThat(folder.resolve("mixed-maps/cnn/heart/2.npy")).exists();
    assertThat(folder.resolve("mixed-maps/attending/heart/0.npy")).exists();
    // once more there is nothing to do, and what is left out is as it was
    MainTest.Ran again = MainTest.run(command);
    assertThat(again.code()).isEqualTo(Main.PARTIAL);
    assertThat(again.err()).isEqualTo(NO_ATTENTION + "goes on: 16 of 16 units are done\n");
    assertThat(digestOf(ledger)).isEqualTo(digest);
    // what is left out changes no number of what is not
    Path other = folder.resolve("alone.duckdb");
    MainTest.Ran alone =
        MainTest.run("study", mixed("alone", smoothgrad).toString(), "--ledger=" + other);
    assertThat(alone.code()).as(alone.err()).isZero();
    try (Ledger open = Ledger.read(other)) {
      assertThat(open.query(alike)).isEqualTo(smoothgrads);
    }
  }

  @Test
  void aSweepThatNothingIsComparedInIsTold() throws IOException {
    String sweeps =
        "base: \"grad-cam:layer=[relu19.out,nix*]\", all: \"grad-cam:layer=[relu19.out,nix]\"";
    String text = "models: [cnn]\nimages: [shipped]\nsweeps: [%s]\nmetrics: [sparseness]\n";
    Path file = Files.writeString(folder.resolve("alone-left.yaml"), text.formatted(sweeps));
    Path ledger = folder.resolve("alone-left.duckdb");
    for (String option : List.of("--dry-run", "--jobs=1")) {
      MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger, option);
      assertThat(ran.code()).as(ran.err()).isEqualTo(Main.PARTIAL);
      assertThat(ran.err().lines().toList()).hasSize(3);
      assertThat(ran.err())
          .startsWith(
              "candela: left out: cnn: grad-cam, setting nix of sweep base and setting nix of sweep"
                  + " all: cnn.onnx: no value 'nix' in the graph")
          .endsWith(
              "\ncandela: cnn: sweep base: its marked setting is left out, so nothing is compared"
                  + "\ncandela: cnn: sweep all: one setting is left, so nothing is compared\n");
    }
    assertThat(Files.readString(folder.resolve("alone-left.html")))
        .contains("cnn: sweep base: its marked setting is left out, so nothing is compared");
    try (Ledger open = Ledger.read(ledger)) {
      assertThat(open.query("SELECT sweep, settings, sd IS NULL FROM accuracy WHERE part = ''"))
          .containsExactlyInAnyOrder(List.of("base", 1L, true), List.of("all", 1L, true));
    }
  }

  private static String digestOf(Path ledger) {
    try (Ledger open = Ledger.read(ledger)) {
      return open.digest();
    }
  }

  @Test
  void aModelThatNothingHasAMeaningForHasNoUnits() throws IOException {
    Path file = mixed("rollout", "\"attention-rollout:heads=[mean,max]\"");
    MainTest.Ran dry = MainTest.run("study", file.toString(), "--dry-run");
    assertThat(dry.out()).contains("1 models x 8 images = 8 units").doesNotContain("\n  cnn ");
    Path ledger = folder.resolve("rollout.duckdb");
    MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.PARTIAL);
    assertThat(ran.err()).isEqualTo(NO_ATTENTION);
    try (Ledger open = Ledger.read(ledger)) {
      assertThat(open.query("SELECT DISTINCT model FROM unit"))
          .containsExactly(List.of("attending"));
    }
  }

  @Test
  void whereNothingIsLeftNothingIsDone() throws IOException {
    String text = "models: [cnn]\nimages: [shipped]\nsweeps: [attention-rollout]\n";
    Path file = Files.writeString(folder.resolve("nothing.yaml"), text);
    String ledger = "--ledger=" + folder.resolve("nothing.duckdb");
    for (String option : List.of("--dry-run", "--jobs=2")) {
      MainTest.Ran ran = MainTest.run("study", file.toString(), ledger, option);
      assertThat(ran.code()).as(option).isEqualTo(Main.WRONG);
      assertThat(ran.err()).isEqualTo(NO_ATTENTION);
      assertThat(ran.out()).isEmpty();
    }
  }

  @Test
  void aParameterThatFitsOneModelOnlyStopsAll() throws IOException {
    Path file = mixed("wrong", "\"attention-rollout\", \"sliding-patch:patch=[5,8]\"");
    Path ledger = folder.resolve("wrong.duckdb");
    for (String option : List.of("--dry-run", "--jobs=1")) {
      MainTest.Ran ran = MainTest.run("study", file.toString(), "--ledger=" + ledger, option);
      assertThat(ran.code()).isEqualTo(Main.WRONG);
      assertThat(ran.err())
          .isEqualTo(
              "candela: attending: sliding-patch: patch of at most 7 expected for a 7 x 9 image,"
                  + " got 8\n");
    }
  }
}
