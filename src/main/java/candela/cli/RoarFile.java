package candela.cli;

import candela.config.Csv;
import candela.image.WholeFile;
import candela.roar.Result;
import candela.roar.Results;
import candela.roar.Training;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

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
    Map<String, Object> all = json();
    if (!(all.get("configuration") instanceof Map<?, ?> before)
        || !(all.get("results") instanceof List<?> results)) {
      throw CandelaException.of(
          "%s: configuration and results of a run of roar expected, it has %s; use another --out",
          file, all.keySet());
    }
    Json.plain(configuration).forEach((key, now) -> check(key, before.get(key), now));
    if (!sha256(before, results).equals(all.get("sha256"))) {
      throw changed(null);
    }
    List<Result> list = new ArrayList<>();
    try {
      for (Object r : results) {
        list.add(result((Map<?, ?>) r));
      }
    } catch (ClassCastException | NullPointerException e) {
      throw changed(e);
    }
    return new Results(list);
  }

  private CandelaException changed(RuntimeException cause) {
    return new CandelaException(
        file
            + ": results as roar writes them expected, the file was changed; put it back, or use"
            + " another --out",
        cause);
  }

  /** Of what is not to change between two runs: what a bad disk makes of it is told. */
  private static String sha256(Object configuration, Object results) {
    return Json.sha256(Provenance.ordered("configuration", configuration, "results", results));
  }

  private Map<String, Object> json() {
    try {
      return Json.read(file);
    } catch (CandelaException e) {
      throw new CandelaException(
          e.getMessage() + "; the file is damaged: put it back, or use another --out", e);
    }
  }

  private void check(String key, Object before, Object now) {
    String[] there = lines(before);
    String[] here = lines(now);
    int line = Arrays.mismatch(there, here);
    if (line >= 0) {
      throw CandelaException.of(
          "%s: a run of the same %s expected, it has %s there, %s here%s; start it as it was begun,"
              + " or use another --out",
          file,
          key,
          line < there.length ? there[line] : "nothing",
          line < here.length ? here[line] : "nothing",
          there.length + here.length > 2 ? " in line " + (line + 1) : "");
    }
  }

  private static String[] lines(Object value) {
    return value == null ? new String[] {"none"} : value.toString().strip().split("\\R", -1);
  }

  /**
   * @throws ClassCastException where it is none, or a NullPointerException
   */
  private static Result result(Map<?, ?> r) {
    var training =
        new Training(
            r.get("method").toString(),
            ((Number) r.get("fraction")).doubleValue(),
            ((Number) r.get("restart")).intValue());
    return new Result(
        training,
        ((Number) r.get("accuracy")).doubleValue(),
        ((Number) r.get("seconds")).doubleValue(),
        (String) r.get("model"));
  }

  /**
   * Writes all there is.
   *
   * @param about provenance
   */
  void write(Results results, Map<String, Object> about) {
    List<Object> list = new ArrayList<>();
    for (Result r : results.all()) {
      Training t = r.training();
      Map<String, Object> one =
          Provenance.ordered(
              "method", t.method(), "fraction", t.fraction(), "restart", t.restart());
      one.put("accuracy", r.accuracy());
      one.put("seconds", r.seconds());
      if (r.model() != null) {
        one.put("model", r.model());
      }
      list.add(one);
    }
    Map<String, Object> all = Provenance.ordered("configuration", configuration, "results", list);
    all.put("sha256", sha256(configuration, list));
    all.put("provenance", about);
    Json.write(file, all);
  }

  /**
   * One line a result.
   *
   * @param name of a method by its key
   */
  static void writeCsv(Path file, Results results, UnaryOperator<String> name) {
    List<String> lines = new ArrayList<>(List.of("method,fraction,restart,accuracy,seconds"));
    for (Result r : results.all()) {
      Training t = r.training();
      lines.add(
          Csv.line(
              name.apply(t.method()),
              Double.toString(t.fraction()),
              Integer.toString(t.restart()),
              Double.toString(r.accuracy()),
              Double.toString(r.seconds())));
    }
    WholeFile.write(file, part -> Files.write(part, lines));
  }
}
