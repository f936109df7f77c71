package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TimeZone;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SAM's tables, worked by hand. */
class LedgerTest {
  private static final Study STUDY =
      Study.parse(
          "s.yaml",
          "models: [m]\nimages: [x]\nsweeps: [s: \"sliding-patch:patch=[1,2*,3]\"]\n",
          Path.of("."));

  @TempDir Path folder;

  /** Similarities of the first and third map to the second, and a score of each of the three. */
  private static Findings unit(String image, double[] similar, double[] scores) {
    List<Findings.Scored> scored = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      String reason = Double.isNaN(scores[i]) ? "the score is flat" : "";
      scored.add(new Findings.Scored(i, "deletion", "", scores[i], reason));
      scored.add(new Findings.Scored(i, "deletion", "class", 7, ""));
    }
    return new Findings(
        "m",
        image,
        7,
        "seven",
        7,
        "seven",
        0.5,
        new byte[0],
        List.of(
            new Findings.Similar("s", 0, 1, "ssim", similar[0]),
            new Findings.Similar("s", 2, 1, "ssim", similar[1])),
        scored,
        List.of(),
        10,
        0.1);
  }

  private Ledger open(String name) {
    Material none = new Material(List.of(), List.of());
    return Ledger.open(folder.resolve(name), STUDY, Plan.of(STUDY.sweeps()), none);
  }

  private static final Findings A = unit("a", new double[] {0.5, 0.7}, new double[] {1, 2, 3});
  private static final Findings B = unit("b", new double[] {0.8, 0.2}, new double[] {2, 2, 8});
  private static final Findings C =
      unit("c", new double[] {0.9, Double.NaN}, new double[] {5, 5, Double.NaN});

  @Test
  void meansAndDeviationsAreThoseOfSam() {
    try (Ledger ledger = open("a.duckdb")) {
      List.of(A, B, C).forEach(ledger::commit);
      List<Object> s = ledger.query("SELECT * FROM sensitivity").getFirst();
      // means 0.6 and 0.5, variances 0.01 and 0.09; c has a similarity that is none and is left out
      assertThat(s.subList(0, 3)).containsExactly("m", "s", "ssim");
      assertThat((double) s.get(3)).isCloseTo(0.55, within(1e-15));
      assertThat((double) s.get(4)).isCloseTo(Math.sqrt(0.05), within(1e-15));
      assertThat(s.subList(5, 8)).containsExactly(2L, 2L, 1L);
      List<Object> a = ledger.query("SELECT * FROM accuracy WHERE part = ''").getFirst();
      // means 2 and 4; variances 2/3 and 8
      assertThat((double) a.get(4)).isCloseTo(3, within(1e-15));
      assertThat((double) a.get(5)).isCloseTo(Math.sqrt((2.0 / 3 + 8) / 2), within(1e-14));
      assertThat(a.subList(6, 9)).containsExactly(3L, 2L, 1L);
      // of the third setting: 3 and 8
      assertThat(
              ledger
                  .query("SELECT mean FROM accuracy_by_setting WHERE label = '3' AND part = ''")
                  .getFirst())
          .containsExactly(5.5);
    }
  }

  /** A bit of each block, as of a bad disk: behind three heads of 4 KiB they are 256 KiB long. */
  @Test
  void aDamagedFileIsToldWithWhatToDo() throws IOException {
    try (Ledger ledger = open("bad.duckdb")) {
      List.of(A, B, C).forEach(ledger::commit);
    }
    Path file = folder.resolve("bad.duckdb");
    byte[] bytes = Files.readAllBytes(file);
    for (int at = 3 * 4096 + 100; at < bytes.length; at += 256 << 10) {
      bytes[at] ^= 4;
    }
    Files.write(file, bytes);
    assertThatThrownBy(() -> open("bad.duckdb"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("bad.duckdb: a whole ledger expected, it is damaged (")
        .hasMessageEndingWith("); put a copy of it back, or choose another file with --ledger");
  }

  /** Others are left out; what is not varied is not robust. */
  @Test
  void ofOneSettingOrPairThereIsNoDeviation() {
    try (Ledger ledger = open("one.duckdb")) {
      for (Findings f : List.of(A, B)) {
        ledger.commit(of(f, "one", Set.of(1)));
        ledger.commit(of(f, "one-robust", Set.of(1)));
        ledger.commit(of(f, "two", Set.of(0, 1)));
      }
      // of one: 2 and 2; of two: means 1.5 and 2, variances 0.25 and 0
      assertThat(
              ledger.query(
                  "SELECT model, mean, sd, settings FROM accuracy WHERE part = '' ORDER BY model"))
          .containsExactly(
              Arrays.asList("one", 2.0, null, 1L),
              Arrays.asList("one-robust", 2.0, null, 1L),
              List.of("two", 1.75, Math.sqrt(0.125), 2L));
      // 0.5 and 0.8
      assertThat(ledger.query("SELECT model, mean, sd, pairs, images FROM sensitivity"))
          .containsExactly(Arrays.asList("two", 0.65, null, 1L, 2L));
      assertThat(Summary.print(ledger)).contains("s                   0.650");
    }
    Findings one = unit("a", new double[] {0.5, 0.7}, new double[] {1});
    try (Ledger ledger = open("robust-one.duckdb")) {
      List.of(A, ofRobust(B)).forEach(ledger::commit);
      ledger.commit(of(one, "one", Set.of(0, 1, 2)));
      ledger.commit(of(one, "one-robust", Set.of(0, 1, 2)));
      assertThat(Summary.print(ledger))
          .contains(
              "scores of m-robust's maps spread less than those of m's in 0 of 1 sweeps and"
                  + " metrics",
              "scores of one-robust's maps spread less than those of one's in 0 of 0 sweeps and"
                  + " metrics");
    }
  }

  /** Else its means would be over other settings and images than the value's. */
  @Test
  void aPartWithoutARowIsCounted() {
    try (Ledger ledger = open("parts.duckdb")) {
      List.of(A, B, C).forEach(f -> ledger.commit(halved(f)));
      // means of images are 2 and 4, those of settings 8/3, 3 and 5.5; c lacks the third
      assertThat(ledger.query("SELECT mean, images, without FROM accuracy WHERE part = 'half'"))
          .containsExactly(List.of(1.5, 2L, 1L));
      assertThat(
              ledger.query(
                  "SELECT image, mean, settings, without FROM accuracy_by_image WHERE part = 'half'"
                      + " ORDER BY image"))
          .containsExactly(
              List.of("a", 1.0, 3L, 0L),
              List.of("b", 2.0, 3L, 0L),
              Arrays.asList("c", null, 2L, 1L));
      assertThat(
              ledger.query(
                  "SELECT label, mean, images, without FROM accuracy_by_setting WHERE part = 'half'"
                      + " ORDER BY label"))
          .containsExactly(
              List.of("1", 4 / 3.0, 3L, 0L), List.of("2", 1.5, 3L, 0L), List.of("3", 2.75, 2L, 1L));
      // an image without a row
      ledger.commit(
          halved(
              unit("d", new double[] {0, 0}, new double[] {Double.NaN, Double.NaN, Double.NaN})));
      assertThat(ledger.query("SELECT images, without FROM accuracy WHERE part = 'half'"))
          .containsExactly(List.of(2L, 2L));
    }
  }

  /** With half of each value as a part, where it is a number. */
  private static Findings halved(Findings f) {
    List<Findings.Scored> all = new ArrayList<>(f.scored());
    f.scored().stream()
        .filter(s -> s.part().isEmpty() && !Double.isNaN(s.value()))
        .map(s -> new Findings.Scored(s.method(), s.metric(), "half", s.value() / 2, ""))
        .forEach(all::add);
    return with(f, f.model(), f.similar(), all);
  }

  /** They stay, without a mean; and means tell over how many images they are. */
  @Test
  void whatHasNoNumberIsCounted() throws IOException {
    try (Ledger ledger = open("without.duckdb")) {
      List.of(A, B, C).forEach(ledger::commit);
      assertThat(ledger.query("SELECT images, without FROM sensitivity").getFirst())
          .containsExactly(2L, 1L);
      assertThat(ledger.query("SELECT images, without FROM accuracy").getFirst())
          .containsExactly(2L, 1L);
      assertThat(
              ledger.query(
                  "SELECT mean, variance, settings, without FROM accuracy_by_image WHERE image ="
                      + " 'c'"))
          .containsExactly(Arrays.asList(null, null, 2L, 1L));
      assertThat(
              ledger.query(
                  "SELECT mean, pairs, without FROM sensitivity_by_image WHERE image = 'c'"))
          .containsExactly(Arrays.asList(null, 1L, 1L));
      assertThat(
              ledger.query(
                  "SELECT label, mean, images, without FROM accuracy_by_setting ORDER BY label"))
          .containsExactly(
              List.of("1", 8 / 3.0, 3L, 0L), List.of("2", 3.0, 3L, 0L), List.of("3", 5.5, 2L, 1L));
      assertThat(Summary.print(ledger))
          .anyMatch(
              l ->
                  l.contains(
                      "leave out images without a number (NaN): 2; columns images and without"));
    }
    // where no image has one, nothing vanishes either
    try (Ledger ledger = open("nothing.duckdb")) {
      ledger.commit(C);
      ledger.commit(ofRobust(C));
      ledger.export(folder.resolve("nothing"), "csv");
      assertThat(Files.readAllLines(folder.resolve("nothing/accuracy.csv")))
          .containsExactly(
              "model,sweep,metric,part,mean,sd,settings,images,without",
              "m,s,deletion,\"\",,,2,0,1",
              "m-robust,s,deletion,\"\",,,2,0,1");
      assertThat(Files.readAllLines(folder.resolve("nothing/score.csv")))
          .contains("m,c,2,deletion,\"\",nan,the score is flat");
      assertThat(Summary.print(ledger))
          .contains("s                       -                -")
          .anyMatch(l -> l.endsWith("than those of m in 0 of 0 sweeps"))
          .anyMatch(l -> l.endsWith("than those of m's in 0 of 0 sweeps and metrics"));
    }
  }

  @Test
  void everyNanIsWrittenAlike() throws IOException {
    // what x86 makes of 0 / 0 has the sign bit set, a constant of the compiler's has not
    double signed = Double.longBitsToDouble(0xfff8000000000000L);
    try (Ledger ledger = open("nan.duckdb")) {
      ledger.commit(
          unit("a", new double[] {signed, Double.NaN}, new double[] {signed, Double.NaN, 1}));
      ledger.export(folder.resolve("nan"), "csv");
      assertThat(Files.readAllLines(folder.resolve("nan/similarity.csv")))
          .contains("m,a,s,0,1,ssim,nan", "m,a,s,2,1,ssim,nan");
      assertThat(Files.readAllLines(folder.resolve("nan/score.csv")))
          .contains(
              "m,a,0,deletion,\"\",nan,the score is flat",
              "m,a,1,deletion,\"\",nan,the score is flat");
    }
  }

  @Test
  void meansOverOtherImagesAreNotCompared() {
    try (Ledger ledger = open("robust.duckdb")) {
      List.of(A, B).forEach(ledger::commit);
      ledger.commit(ofRobust(A));
      assertThat(Summary.print(ledger))
          .contains(
              "means are over different numbers of images and not to be compared: m 2, m-robust 1")
          .anyMatch(l -> l.endsWith("than those of m in 0 of 0 sweeps"))
          .anyMatch(l -> l.endsWith("than those of m's in 0 of 0 sweeps and metrics"));
      ledger.commit(ofRobust(B));
      assertThat(Summary.print(ledger))
          .noneMatch(l -> l.startsWith("means are over different"))
          .anyMatch(l -> l.endsWith("than those of m in 0 of 1 sweeps; not in s"));
    }
  }

  private static Findings ofRobust(Findings f) {
    return of(f, "m-robust", Set.of(0, 1, 2));
  }

  /**
   * The same of another model.
   *
   * @param settings that are not left out
   */
  private static Findings of(Findings f, String model, Set<Integer> settings) {
    return with(
        f,
        model,
        f.similar().stream().filter(s -> settings.containsAll(Set.of(s.a(), s.b()))).toList(),
        f.scored().stream().filter(s -> settings.contains(s.method())).toList());
  }

  private static Findings with(
      Findings f, String model, List<Findings.Similar> similar, List<Findings.Scored> scored) {
    return new Findings(
        model,
        f.image(),
        f.target(),
        f.targetName(),
        f.predicted(),
        f.predictedName(),
        f.probability(),
        f.view(),
        similar,
        scored,
        f.seen(),
        f.rows(),
        f.seconds());
  }

  /** In the same words as before the study. */
  @Test
  @SuppressWarnings("unchecked")
  void whatIsLeftOutIsToldOfALedger() {
    Plan plan = Plan.of(STUDY.sweeps());
    var one = new Plans.LeftOut("m", 1, "sliding-patch: why");
    var robust = new Plans.LeftOut("m-robust", 0, "sliding-patch: why not");
    var other = new Plans.LeftOut("m-robust", 2, "sliding-patch: why not");
    Plans plans = new Plans(Map.of(), List.of(one, robust, other), Map.of());
    try (Ledger ledger = open("gaps.duckdb")) {
      ledger.ran("0", "cpu", 1, 1, 1, "");
      assertThat(Summary.print(ledger)).noneMatch(l -> l.contains("left out"));
      ledger.leaveOut(plans);
      assertThat(Gaps.of(ledger).gaps()).hasSize(2).isEqualTo(Gaps.of(plan, plans).gaps());
      assertThat(Gaps.of(ledger).uncompared())
          .hasSize(2)
          .isEqualTo(Gaps.of(plan, plans).uncompared());
      assertThat(Summary.print(ledger))
          .filteredOn(l -> l.contains("left out"))
          .containsExactly(
              "left out: 1 setting of m, 2 settings of m-robust; the reasons are in the report and"
                  + " in the ledger's table left_out");
      Map<String, Object> shown = Results.of(ledger);
      assertThat((List<Object>) shown.get("gaps"))
          .containsExactly(
              "m: sliding-patch, setting 2 of sweep s",
              "m-robust: sliding-patch, settings 1; 3 of sweep s");
      assertThat((List<Object>) shown.get("uncompared")).hasSize(2);
      assertThat(((List<List<Object>>) shown.get("leftOut")).getFirst())
          .startsWith("m", 1, "sliding-patch")
          .endsWith("s", "2", "sliding-patch: why");
    }
  }

  /** A report is written once more to the same bytes: Map.of has another order in each run. */
  @Test
  void mapsOfAReportHaveAnOrder() {
    try (Ledger ledger = open("ordered.duckdb")) {
      ledger.ran("0", "cpu", 1, 1, 1, "");
      assertThat(Results.of(ledger).values())
          .filteredOn(Map.class::isInstance)
          .hasSizeGreaterThan(2)
          .allMatch(SequencedMap.class::isInstance);
    }
  }

  /** At 2:30 of that day no clock of that zone was. */
  @Test
  void aRunBeganWhenItDidWhereverItIsRead() {
    TimeZone zone = TimeZone.getDefault();
    TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
    try (Database db = Database.open(folder.resolve("zones.duckdb"), false)) {
      db.execute("CREATE TABLE run (started TIMESTAMP)");
      db.insert("run", LocalDateTime.of(2026, 3, 29, 2, 30));
      assertThat(db.query("SELECT started FROM run").getFirst())
          .containsExactly(LocalDateTime.of(2026, 3, 29, 2, 30));
    } finally {
      TimeZone.setDefault(zone);
    }
  }

  /** Runs of which nothing is in do not count. */
  @Test
  void whatElseUnitsComeFromIsTold() {
    try (Ledger ledger = open("others.duckdb")) {
      ledger.ran("0", "card, tf32", 1, 1, 1, "");
      ledger.ran("1", "cpu, float32", 1, 1, 1, "");
      ledger.commit(A);
      assertThat(ledger.others("1", "cpu, float32")).isEmpty();
      ledger.ran("1", "card, bf16", 1, 1, 1, "");
      ledger.commit(B);
      assertThat(ledger.others("1", "card, bf16")).containsExactly("Candela 1 on cpu, float32");
      assertThat(ledger.others("2", "card, bf16"))
          .containsExactly("Candela 1 on card, bf16", "Candela 1 on cpu, float32");
    }
  }

  @Test
  void theOrderOfUnitsDoesNotShow() {
    List<List<List<Object>>> tables = new ArrayList<>();
    List<String> digests = new ArrayList<>();
    for (List<Findings> order : List.of(List.of(A, B, C), List.of(C, B, A))) {
      try (Ledger ledger = open("order-" + tables.size() + ".duckdb")) {
        order.forEach(ledger::commit);
        tables.add(ledger.query("SELECT * FROM sensitivity"));
        digests.add(ledger.digest());
      }
    }
    assertThat(tables.get(0)).isEqualTo(tables.get(1));
    assertThat(digests.get(0)).isEqualTo(digests.get(1));
  }

  /** Of many at once some are new, some changed and some as they were. */
  @Test
  void imagesWithoutResultsAreEnteredAnew() {
    Path file = folder.resolve("images.duckdb");
    Plan plan = Plan.of(STUDY.sweeps());
    Ledger.open(file, STUDY, plan, photos(0, 30, "a")).close();
    Ledger.open(file, STUDY, plan, photos(10, 40, "a")).close();
    try (Ledger ledger = Ledger.open(file, STUDY, plan, photos(20, 50, "b"))) {
      assertThat(
              ledger.query("SELECT sha256, count(*), min(name) FROM image GROUP BY 1 ORDER BY 1"))
          .containsExactly(List.of("a", 20L, "p10"), List.of("b", 30L, "p30"));
      assertThat(ledger.query("SELECT * FROM image WHERE name = 'p35'"))
          .containsExactly(List.of("p35", "b", "p35.png", "class -1, boxes []"));
    }
  }

  /** Named p10 and so on, the first by 0. */
  private static Material photos(int from, int to, String hash) {
    return new Material(
        List.of(),
        IntStream.range(from, to)
            .map(i -> i + 10)
            .mapToObj(i -> new Photo("p" + i, Path.of("p" + i + ".png"), hash, -1, List.of(), true))
            .toList());
  }

  @Test
  void whatIsThereIsDone() {
    try (Ledger ledger = open("b.duckdb")) {
      assertThat(ledger.done()).isEmpty();
      ledger.commit(A);
    }
    try (Ledger ledger = open("b.duckdb")) {
      assertThat(ledger.done()).containsExactly(new Ledger.Key("m", "a"));
    }
    assertThat(folder.resolve(".part-b.duckdb")).doesNotExist();
    assertThat(Files.exists(folder.resolve("b.duckdb.wal"))).isFalse();
  }

  @Test
  void allTypesComeBackAsTheyWere() {
    byte[] levels = {0, -128, 127};
    double[] values = {Double.NaN, Double.NEGATIVE_INFINITY, -0.0, Double.MIN_VALUE};
    List<Findings.Scored> scored = new ArrayList<>();
    for (double v : values) {
      scored.add(new Findings.Scored(scored.size(), "d", "é 'x'\n", v, "why, 'not'"));
    }
    var seen = List.of(new Findings.Seen(7, 1, 3, true, 0.5, levels));
    try (Ledger ledger = open("types.duckdb")) {
      ledger.commit(
          new Findings(
              "m", "a", 7, "é", 7, "'7'", 0.5, levels, A.similar(), scored, seen, 1L << 40, 0.1));
      assertThat(ledger.query("SELECT value FROM score ORDER BY method"))
          .containsExactly(
              List.of(values[0]), List.of(values[1]), List.of(values[2]), List.of(values[3]));
      assertThat(ledger.query("SELECT part, reason FROM score").getFirst())
          .containsExactly("é 'x'\n", "why, 'not'");
      assertThat(
              ledger.query("SELECT target_name, predicted_name, rows, view FROM unit").getFirst())
          .containsExactly("é", "'7'", 1L << 40, levels);
      assertThat(ledger.query("SELECT * FROM seen").getFirst())
          .containsExactly("m", "a", 7, 1, 3, true, 0.5, levels);
    }
  }

  /** A unit that fails half way is not entered with the next. */
  @Test
  void aUnitIsEnteredWholeOrNotAtAll() {
    List<Findings.Similar> broken = new ArrayList<>(A.similar());
    broken.add(null);
    Findings half =
        new Findings(
            "m",
            "a",
            7,
            "",
            7,
            "",
            0.5,
            A.view(),
            broken,
            A.scored(),
            A.seen(),
            A.rows(),
            A.seconds());
    try (Ledger ledger = open("half.duckdb")) {
      assertThatThrownBy(() -> ledger.commit(half)).isInstanceOf(NullPointerException.class);
      ledger.commit(B);
    }
    try (Ledger ledger = open("half.duckdb")) {
      assertThat(ledger.done()).containsExactly(new Ledger.Key("m", "b"));
      assertThat(ledger.query("SELECT DISTINCT image FROM similarity"))
          .containsExactly(List.of("b"));
      ledger.commit(A);
      assertThat(ledger.done()).hasSize(2);
    }
  }

  @Test
  void theUnpackedLibraryIsGoneOnceItIsLoaded() throws IOException {
    open("c.duckdb").close();
    assertThat(Files.readAllLines(Path.of("/proc/self/maps")))
        .filteredOn(line -> line.contains("/libduckdb_java"))
        .isNotEmpty()
        .allMatch(line -> line.endsWith("(deleted)"));
  }
}
