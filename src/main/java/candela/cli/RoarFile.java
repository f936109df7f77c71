package candela.cli;

import candela.image.WholeFile;
import candela.roar.Result;
import candela.roar.Results;
import candela.roar.Training;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** {@code roar.json}: what a run depends on, its results so far, and provenance. */
final class RoarFile {
  private final Path file;
  private final Map<String, Object> configuration;

  RoarFile(Path folder, Map<String, Object> configuration) {
    file = folder.resolve("roar.json");
    this.configuration = configuration;
  }

  /**
   * The results of an earlier run, none where there was none.
   *
   * @throws CandelaException when it had another configuration
   */
  Results read() {
    if (!Files.exists(file)) {
      return new Results();
    }
    Map<String, Object> all = Json.read(file);
    if (!(all.get("configuration") instanceof Map<?, ?> before)
        || !(all.get("results") instanceof List<?> results)) {
      throw CandelaException.of(
          "%s: a run of roar expected, it is something else; use another --out", file);
    }
    Json.plain(configuration).forEach((key, now) -> check(key, before.get(key), now));
    List<Result> list = new ArrayList<>();
    try {
      for (Object r : results) {
        list.add(result((Map<?, ?>) r));
      }
    } catch (ClassCastException | NullPointerException e) {
      throw new CandelaException(
          file + ": results as roar writes them expected; delete it to begin anew", e);
    }
    return new Results(list);
  }

  private void check(String key, Object before, Object now) {
    if (!Objects.equals(before, now)) {
      throw CandelaException.of(
          "%s: a run with another configuration lies here: %s is %s there, %s here; use its options"
              + " to go on, or another --out",
          file, key, brief(before), brief(now));
    }
  }

  private static String brief(Object value) {
    String text = String.valueOf(value).strip();
    return text.length() <= 120 ? text : "a text of " + text.length() + " characters";
  }

  private static Result result(Map<?, ?> r) {
    var training =
        new Training(
            (String) r.get("method"),
            ((Number) r.get("fraction")).doubleValue(),
            ((Number) r.get("restart")).intValue());
    return new Result(
        training,
        ((Number) r.get("accuracy")).doubleValue(),
        ((Number) r.get("seconds")).doubleValue());
  }

  /**
   * Writes all there is.
   *
   * @param about provenance
   */
  void write(Results results, Map<String, Object> about) {
    List<Object> list = new ArrayList<>();
    for (Result r : results.all()) {
      list.add(
          Provenance.ordered(
              "method",
              r.training().method(),
              "fraction",
              r.training().fraction(),
              "restart",
              r.training().restart(),
              "accuracy",
              r.accuracy(),
              "seconds",
              r.seconds()));
    }
    Map<String, Object> all = Provenance.ordered("configuration", configuration, "results", list);
    all.put("provenance", about);
    Json.write(file, all);
  }

  /** One line a result. */
  static void writeCsv(Path file, Results results) {
    List<String> lines = new ArrayList<>(List.of("method,fraction,restart,accuracy,seconds"));
    for (Result r : results.all()) {
      Training t = r.training();
      lines.add(
          t.method()
              + ","
              + t.fraction()
              + ","
              + t.restart()
              + ","
              + r.accuracy()
              + ","
              + r.seconds());
    }
    WholeFile.write(file, part -> Files.write(part, lines));
  }
}
