package candela.study;

import candela.image.WholeFile;
import candela.method.Method;
import candela.method.Methods;
import candela.metric.Metric;
import candela.tensor.CandelaException;
import candela.tensor.Resource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How a ledger begins, and whether one that is there belongs to a study. */
final class Schema {
  /** Of the tables and views in ledger.sql; raised when they, or what they hold, change. */
  private static final int VERSION = 11;

  private Schema() {}

  /**
   * Makes a ledger of a plan without results. It gets its name when it is whole: a process killed
   * here leaves no half ledger, and of two that begin at once one makes it.
   */
  static void create(Path file, Study study, Plan plan) {
    long process = ProcessHandle.current().pid();
    Path part = file.resolveSibling(".part-" + process + "-" + file.getFileName());
    Path log = part.resolveSibling(part.getFileName() + ".wal");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.deleteIfExists(part);
      Files.deleteIfExists(log);
      try (Database db = Database.open(part, false, file)) {
        for (String statement :
            Resource.text(Schema.class, "/candela/ledger.sql").split(";\\s*\\R")) {
          if (!statement.isBlank()) {
            db.execute(statement);
          }
        }
        db.insert("meta", "version", Integer.toString(VERSION));
        db.insert("meta", "study", fingerprint(study, plan));
        db.insert("meta", "name", study.name());
        enter(db, study, plan);
        db.commit();
        db.execute("CHECKPOINT");
      }
      name(part, file);
    } catch (FileAlreadyExistsException e) {
      // another process was faster; whether it is of this study is seen when it is opened
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be written: " + WholeFile.reason(e), e);
    } finally {
      part.toFile().delete();
      log.toFile().delete();
    }
  }

  /** Of two processes one does. */
  private static void name(Path part, Path file) throws IOException {
    try {
      Files.createLink(file, part);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      Files.move(part, file); // file systems without hard links
    }
  }

  private static void enter(Database db, Study study, Plan plan) {
    List<Object[]> rows = new ArrayList<>();
    for (Method m : plan.methods()) {
      rows.add(new Object[] {rows.size(), Methods.name(m), Methods.text(m)});
    }
    db.append("method", rows.stream());
    rows.clear();
    for (int number = 0; number < plan.sweeps().size(); number++) {
      Sweep s = plan.sweeps().get(number);
      int[] methods = plan.places(s);
      for (int i = 0; i < methods.length; i++) {
        String label = s.settings().get(i).label();
        rows.add(new Object[] {s.name(), number, i, label, methods[i], i == s.baseline()});
      }
    }
    db.append("sweep", rows.stream());
    for (Study.Measure<Metric> m : study.metrics()) {
      String better = m.of().direction().name().toLowerCase(Locale.ROOT).replace('_', ' ');
      db.insert("metric", m.name(), m.text(), better);
    }
  }

  /** What decides the results of a unit, its model and image aside. */
  private static String fingerprint(Study study, Plan plan) {
    StringBuilder all = new StringBuilder();
    plan.sweeps().forEach(s -> all.append(s).append('\n'));
    all.append(study.similarities()).append(study.metrics()).append(study.target());
    all.append(study.sam()).append(study.pictures());
    return WholeFile.sha256(all.toString().getBytes(StandardCharsets.UTF_8));
  }

  static void checkVersion(Database db, Path file) {
    List<List<Object>> tables =
        db.query("SELECT 1 FROM information_schema.tables WHERE table_name = 'meta'");
    String version = tables.isEmpty() ? null : meta(db, "version");
    if (version == null) {
      throw CandelaException.of(
          "%s: a ledger expected, it is another database; choose another file", file);
    }
    if (!version.equals(Integer.toString(VERSION))) {
      throw CandelaException.of(
          "%s: a ledger of version %d expected, it has version %s; use the Candela that wrote it,"
              + " or choose another file",
          file, VERSION, version);
    }
  }

  /**
   * Refuses a ledger of another version or study, or with results of a model or image that was
   * another.
   *
   * @return the models and images that it lacks, or has otherwise and without results
   */
  static List<Entry> check(Database db, Path file, Study study, Plan plan, Material material) {
    checkVersion(db, file);
    if (!meta(db, "study").equals(fingerprint(study, plan))) {
      throw CandelaException.of(
          "%s: the ledger of this study expected, it has other %s (of '%s'); choose another file"
              + " with --ledger",
          file, differing(db, study), meta(db, "name"));
    }
    Map<String, Map<Object, List<Object>>> there =
        Map.of("model", there(db, "model"), "image", there(db, "image"));
    return entries(material).stream()
        .filter(e -> !e.isIn(db, file, there.get(e.table).get(e.name)))
        .toList();
  }

  /** Hash, and what else decides results, by name. */
  private static Map<Object, List<Object>> there(Database db, String table) {
    return db.query("SELECT name, sha256, more FROM " + table).stream()
        .collect(Collectors.toMap(List::getFirst, r -> r.subList(1, 3)));
  }

  /** The keys in which the study that wrote a ledger is another one. */
  private static String differing(Database db, Study study) {
    List<String> keys = new ArrayList<>();
    for (List<Object> run : db.query("SELECT study FROM run ORDER BY run DESC LIMIT 1")) {
      try {
        Study its = Study.parse(study.name(), (String) run.getFirst(), study.folder());
        for (var part : decisive(study).entrySet()) {
          if (!decisive(its).get(part.getKey()).equals(part.getValue())) {
            keys.add(part.getKey());
          }
        }
      } catch (CandelaException e) {
        // names what is not there any more: not told apart
      }
    }
    return keys.isEmpty() ? "sweeps, metrics or settings" : String.join(", ", keys);
  }

  private static Map<String, Object> decisive(Study study) {
    return new TreeMap<>(
        Map.of(
            "sweeps", study.sweeps(),
            "similarities", study.similarities(),
            "metrics", study.metrics(),
            "target", study.target(),
            "treatment", study.sam(),
            "pictures", study.pictures()));
  }

  static void enter(Database db, List<Entry> lacking) {
    lacking.stream()
        .collect(Collectors.groupingBy(Entry::table))
        .forEach(
            (table, of) ->
                db.replace(
                    table, of.stream().map(e -> new Object[] {e.name, e.hash, e.from, e.more})));
    db.commit();
  }

  private static List<Entry> entries(Material material) {
    List<Entry> entries = new ArrayList<>();
    for (Model m : material.models()) {
      String how = m.preparation().provenance() + ", output " + m.output();
      entries.add(new Entry("model", m.name(), m.network().model().sha256(), m.file(), how));
    }
    for (Photo p : material.photos()) {
      String what = "class " + p.label() + ", boxes " + p.boxes();
      String name = p.file().getFileName().toString();
      entries.add(new Entry("image", p.name(), p.sha256(), name, what));
    }
    return entries;
  }

  /**
   * A model or an image.
   *
   * @param from its file
   * @param more what else decides its results
   */
  record Entry(String table, String name, String hash, String from, String more) {
    /**
     * Whether a ledger has it, as it is.
     *
     * @param there its hash and what else decides its results, null where it is not there
     */
    private boolean isIn(Database db, Path file, List<Object> there) {
      if (there == null) {
        return false;
      }
      boolean same = there.equals(List.of(hash, more));
      if (!same
          && !db.query("SELECT 1 FROM unit WHERE " + table + " = ? LIMIT 1", name).isEmpty()) {
        throw CandelaException.of(
            "%s: %s '%s' has changed since results of it were entered (its bytes, its preprocessing"
                + " or what is known of it); choose another file with --ledger",
            file, table, name);
      }
      return same;
    }
  }

  static String meta(Database db, String key) {
    var rows = db.query("SELECT value FROM meta WHERE key = ?", key);
    return rows.isEmpty() ? null : (String) rows.getFirst().getFirst();
  }
}
