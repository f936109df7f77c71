package candela.study;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * The results of a study, in a DuckDB file: one transaction a unit, so that a run killed at any
 * moment leaves whole units only. {@code ledger.sql} has the tables and the views.
 *
 * <p>One process has the file open at a time. Results do not depend on the order in which units
 * end: views add in the order of keys. May be shared by threads.
 */
public final class Ledger implements AutoCloseable {
  /** Tables of results; the others tell when and how they came. */
  private static final List<String> RESULTS =
      List.of(
          "model", "image", "method", "sweep", "left_out", "unit", "similarity", "score", "seen");

  /** Tables and views that are exported. */
  private static final List<String> EXPORTED =
      List.of(
          "model",
          "image",
          "method",
          "metric",
          "sweep",
          "left_out",
          "unit",
          "similarity",
          "score",
          "timing",
          "run",
          "sensitivity",
          "sensitivity_by_image",
          "accuracy",
          "accuracy_by_image",
          "accuracy_by_setting");

  private final Path file;
  private final Database db;
  private long run = -1;

  private Ledger(Path file, Database db) {
    this.file = file;
    this.db = db;
  }

  /** A model and an image, by name. */
  public record Key(String model, String image) {}

  /**
   * Opens the ledger of this study, or begins one.
   *
   * @throws CandelaException when the file is of another study or version, in use, or no ledger
   */
  public static Ledger open(Path file, Study study, Plan plan, Material material) {
    checkKind(file);
    checkWritable(file);
    if (!Files.exists(file)) {
      Schema.create(file, study, plan);
    }
    Database db = Database.open(file, false);
    try {
      Schema.enter(db, Schema.check(db, file, study, plan, material));
      return new Ledger(file, db);
    } catch (CandelaException e) {
      db.close();
      throw e;
    }
  }

  /**
   * Refuses what {@link #open} would, where there is a file, and writes nothing: a study is not
   * asked about at length for nothing.
   *
   * @throws CandelaException as {@link #open} does
   */
  public static void check(Path file, Study study, Plan plan, Material material) {
    checkKind(file);
    checkWritable(file);
    if (Files.exists(file)) {
      try (Database db = Database.open(file, true)) {
        Schema.check(db, file, study, plan, material);
      }
    }
  }

  private static void checkWritable(Path file) {
    if (Files.exists(file) && !Files.isWritable(file)) {
      throw CandelaException.of(
          "%s: cannot be written: permission denied; choose another file with --ledger", file);
    }
  }

  private static void checkKind(Path file) {
    if (Files.isDirectory(file)) {
      throw CandelaException.of("%s: a ledger expected, it is a folder; name a file in it", file);
    }
    if (Files.isRegularFile(file) && !Database.mayBe(file)) {
      throw CandelaException.of(
          "%s: a ledger expected, came something else; choose another file", file);
    }
  }

  /** Opens what is there, to read only. */
  public static Ledger read(Path file) {
    checkKind(file);
    if (!Files.isRegularFile(file)) {
      throw CandelaException.of(
          "%s: a ledger expected, there is no such file; candela study FILE.yaml makes one", file);
    }
    Database db = Database.open(file, true);
    try {
      Schema.checkVersion(db, file);
      return new Ledger(file, db);
    } catch (CandelaException e) {
      db.close();
      throw e;
    }
  }

  /**
   * Tells how this run came about; what it commits is under this entry.
   *
   * @param device what it is, and its precision
   * @param study text of the study's file
   */
  public synchronized void ran(
      String candela, String device, int threads, int batch, int jobs, String study) {
    run = (long) query("SELECT count(*) FROM run").getFirst().getFirst();
    db.insert(
        "run",
        run,
        LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS),
        candela,
        device,
        threads,
        batch,
        jobs,
        Runtime.version().toString(),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        study);
    db.commit();
  }

  /** What else than this version on this device the units that are in come from, in words. */
  public synchronized List<String> others(String candela, String device) {
    return query(
            "SELECT DISTINCT candela, device FROM timing JOIN run USING (run) WHERE candela <> ? OR"
                + " device <> ? ORDER BY ALL",
            candela,
            device)
        .stream()
        .map(r -> "Candela " + r.get(0) + " on " + r.get(1))
        .toList();
  }

  /** Enters what is left out for these models, in place of what was. */
  public synchronized void leaveOut(Plans plans) {
    plans.plans().keySet().forEach(m -> db.delete("left_out", "model", m.name()));
    db.append(
        "left_out", plans.leftOut().stream().map(l -> row(l.model(), l.method(), l.reason())));
    db.commit();
  }

  /** Units whose results are in. */
  public synchronized Set<Key> done() {
    Set<Key> done = new HashSet<>();
    query("SELECT model, image FROM unit")
        .forEach(r -> done.add(new Key((String) r.get(0), (String) r.get(1))));
    return done;
  }

  /** Enters a unit: all of it, or nothing where that fails. */
  public synchronized void commit(Findings f) {
    String m = f.model();
    String i = f.image();
    try {
      db.insert(
          "unit",
          m,
          i,
          f.target(),
          f.targetName(),
          f.predicted(),
          f.predictedName(),
          f.probability(),
          f.rows(),
          f.view());
      db.insert("timing", m, i, run, f.seconds());
      db.append(
          "similarity",
          f.similar().stream()
              .map(x -> row(m, i, x.sweep(), x.a(), x.b(), x.measure(), x.value())));
      db.append(
          "score",
          f.scored().stream()
              .map(x -> row(m, i, x.method(), x.metric(), x.part(), x.value(), x.reason())));
      db.append(
          "seen",
          f.seen().stream()
              .map(x -> row(m, i, x.method(), x.h(), x.w(), x.signed(), x.limit(), x.levels())));
      db.commit();
    } catch (RuntimeException e) {
      db.rollback(e);
      throw e;
    }
  }

  private static Object[] row(Object... values) {
    return values;
  }

  /** Rows of a query, by column. */
  public synchronized List<List<Object>> query(String sql, Object... values) {
    return db.query(sql, values);
  }

  /** Hash of all results, in the order of their keys, to the bit. */
  public synchronized String digest() {
    MessageDigest digest = WholeFile.sha256();
    for (String table : RESULTS) {
      for (List<Object> row : query("SELECT * FROM " + table + " ORDER BY ALL")) {
        for (Object value : row) {
          digest.update(bytes(value));
          digest.update((byte) 0);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static byte[] bytes(Object value) {
    return switch (value) {
      case byte[] b -> b;
      case Double d ->
          Long.toHexString(Double.doubleToLongBits(d)).getBytes(StandardCharsets.US_ASCII);
      default -> String.valueOf(value).getBytes(StandardCharsets.UTF_8);
    };
  }

  /**
   * Tables and views, each as a file of its own.
   *
   * @param format parquet or csv
   */
  public synchronized List<Path> export(Path folder, String format) {
    String options = format.equals("csv") ? "FORMAT csv, HEADER" : "FORMAT " + format;
    List<Path> files = new ArrayList<>();
    for (String name : EXPORTED) {
      Path to = folder.resolve(name + "." + format);
      String columns = name.equals("unit") ? "* EXCLUDE (view)" : "*";
      db.copy(String.format("SELECT %s FROM %s ORDER BY ALL", columns, name), to, options);
      files.add(to);
    }
    return files;
  }

  /** The file. */
  public Path file() {
    return file;
  }

  @Override
  public synchronized void close() {
    db.close();
  }
}
