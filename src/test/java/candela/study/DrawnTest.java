package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a page has of a ledger whose maps are more than it has room for. */
@SuppressWarnings("unchecked")
class DrawnTest {
  /** Methods 0 to 6, whose default is 3, and 7, 8 and 1. */
  private static final Study STUDY =
      Study.parse(
          "s.yaml",
          """
          models: [m]
          images: [x]
          sweeps:
            - s: "sliding-patch:patch=[1,2,3,4*,5,6,7]"
            - both: [gradient, lrp, "sliding-patch:patch=2"]
          """,
          Path.of("."));

  private static final int MAP = 10;

  @TempDir Path folder;

  /** Two images with a map of 10 bytes of each of nine methods. */
  private Ledger ledger() {
    Plan plan = Plan.of(STUDY.sweeps());
    Material none = new Material(List.of(), List.of());
    Ledger ledger = Ledger.open(folder.resolve("l.duckdb"), STUDY, plan, none);
    ledger.ran("0", "cpu", 1, 1, 1, "");
    for (String image : List.of("a", "b")) {
      ledger.commit(
          found(
              image,
              List.of(
                  new Findings.Similar("s", 0, 3, "ssim", 0.5),
                  new Findings.Similar("s", 1, 3, "ssim", 0.75),
                  new Findings.Similar("both", 0, 1, "ssim", 0.25)),
              IntStream.range(0, 9)
                  .mapToObj(i -> new Findings.Seen(i, 2, 5, false, 1, new byte[MAP]))
                  .toList()));
    }
    return ledger;
  }

  private static Findings found(
      String image, List<Findings.Similar> similar, List<Findings.Seen> seen) {
    List<Findings.Scored> scored = List.of();
    return new Findings(
        "m", image, 7, "seven", 7, "seven", 0.5, new byte[0], similar, scored, seen, 10, 0.1);
  }

  private static List<String> drawn(Map<String, Object> shown, String sweep) {
    return ((List<List<Object>>) shown.get("sweeps"))
        .stream()
            .filter(r -> r.get(0).equals(sweep) && r.get(6).equals(true))
            .map(r -> r.get(2).toString())
            .toList();
  }

  @Test
  void allMapsThatHaveRoomAreDrawn() {
    try (Ledger ledger = ledger()) {
      Map<String, Object> shown = Results.of(ledger, 2 * 9 * MAP);
      assertThat(drawn(shown, "s")).containsExactly("1", "2", "3", "4", "5", "6", "7");
      assertThat((Map<?, ?>) shown.get("seen")).hasSize(18);
      assertThat(shown.get("images")).isEqualTo(List.of("a", "b"));
      assertThat(shown.get("undrawn")).isEqualTo("");
    }
  }

  /** Twice too many: places 0, 2, 4, 6 and the default, 3; of both 0 and the last. */
  @Test
  void elseThoseOfEveryKthSetting() {
    try (Ledger ledger = ledger()) {
      Map<String, Object> shown = Results.of(ledger, 2 * 8 * MAP);
      assertThat(drawn(shown, "s")).containsExactly("1", "3", "4", "5", "7");
      assertThat(drawn(shown, "both")).hasSize(2);
      // the patch of 2 is drawn as the last of both
      assertThat((Map<?, ?>) shown.get("seen")).hasSize(2 * 7);
      assertThat(shown.get("images")).isEqualTo(List.of("a", "b"));
      assertThat((String) shown.get("undrawn"))
          .contains("one in 2 settings")
          .doesNotContain("of 2 images");
      assertThat((List<Object>) shown.get("similar"))
          .containsExactly(
              List.of("m", "a", "s", 0, "ssim", 0.5), List.of("m", "b", "s", 0, "ssim", 0.5));
    }
  }

  @Test
  void elseOfFewerImagesButOfOne() {
    try (Ledger ledger = ledger()) {
      for (long room : new long[] {2 * 5 * MAP, 1}) {
        Map<String, Object> shown = Results.of(ledger, room);
        assertThat(shown.get("images")).isEqualTo(List.of("a"));
        assertThat((String) shown.get("undrawn")).contains("and of 1 of 2 images");
        assertThat((List<Object>) shown.get("similar"))
            .containsExactly(List.of("m", "a", "s", 0, "ssim", 0.5));
        assertThat(drawn(shown, "s")).contains("1", "4", "7");
        assertThat(((Map<String, ?>) shown.get("seen")).keySet())
            .allMatch(k -> k.contains("\ta\t"));
      }
    }
  }

  /** The page says how like the default setting's map a map is: it needs no other pair. */
  @Test
  void pairsWithoutTheDefaultSettingAreNotOfThePage() {
    try (Ledger ledger = ledger()) {
      Map<String, Object> shown = Results.of(ledger);
      assertThat((List<Object>) shown.get("similar"))
          .containsExactly(
              List.of("m", "a", "s", 0, "ssim", 0.5),
              List.of("m", "a", "s", 1, "ssim", 0.75),
              List.of("m", "b", "s", 0, "ssim", 0.5),
              List.of("m", "b", "s", 1, "ssim", 0.75));
      assertThat((List<Object>) shown.get("agreement"))
          .containsExactly(List.of("m", "both", "ssim", 0, 1, 0.25));
      assertThat((List<Object>) shown.get("crowded")).isEmpty();
    }
  }

  /** Where nothing is compared the page sends nobody to a table of similarities. */
  @Test
  void onlyWhatIsComparedIsTooMuchForAMatrix() {
    String many = "models: [m]\nimages: [x]\nsweeps: [s: [gradient, \"%s\"]]\n";
    Study study =
        Study.parse("s.yaml", many.formatted("sliding-patch:patch=[1..101]"), Path.of("."));
    Material none = new Material(List.of(), List.of());
    Plan plan = Plan.of(study.sweeps());
    try (Ledger ledger = Ledger.open(folder.resolve("many.duckdb"), study, plan, none)) {
      ledger.ran("0", "cpu", 1, 1, 1, "");
      assertThat((List<Object>) Results.of(ledger).get("crowded")).isEmpty();
      ledger.commit(found("a", List.of(new Findings.Similar("s", 0, 1, "ssim", 0.5)), List.of()));
      assertThat((List<Object>) Results.of(ledger).get("crowded")).containsExactly("s");
    }
  }
}
