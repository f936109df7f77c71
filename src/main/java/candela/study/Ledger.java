package candela.study;

import candela.method.Method;
import candela.method.Methods;
import candela.metric.Metric;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.Set;

/**
 * The results of a study, in a DuckDB file: one transaction a unit, so that a run killed at any
 * moment leaves whole units only. {@code ledger.sql} has the tables and the views.
 *
 * <p>One process has the file open at a time. Results do not depend on the order in which units
 * end: views add in the order of keys. May be shared by threads.
 */
public final class Ledger implements AutoCloseable {
  /** Of the tables; raised when they change. */
  private static final int VERSION = 1;

  /** Whose rows are results; the others tell when and how they came. */
  static final List<String> RESULTS =
      List.of("model", "image", "method", "sweep", "unit", "similarity", "score", "seen");

  /** Tables and views that are exported. */
  static final List<String> EXPORTED =
      List.of(
          "model",
          "image",
          "method",
          "sweep",
          "unit",
          "similarity",
          "score",
          "timing",
          "run",
          "sensitivity",
          "sensitivity_by_image",
          "accuracy",
          "accuracy_by_setting");

  private final Path file;
  private final Connection connection;
  private int run = -1;

  private Ledger(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /** A model and an image, by name. */
  public record Key(String model, String image) {}

  /**
   * Opens the ledger of this study, or begins one.
   *
   * @throws CandelaException when the file is of another study or version, in use, or no ledger
   */
  public static Ledger open(Path file, Study study, Plan plan, Material material) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw new CandelaException(
          file + ": a folder expected that can be written: " + e.getMessage(), e);
    }
    Ledger ledger = new Ledger(file, connect(file, false));
    try {
      ledger.begin(study, plan, material);
      return ledger;
    } catch (SQLException e) {
      ledger.close();
      throw wrong(file, e);
    } catch (CandelaException e) {
      ledger.close();
      throw e;
    }
  }

  /** Opens what is there, to read only. */
  public static Ledger read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw CandelaException.of(
          "%s: a ledger expected, there is no such file; candela study FILE.yaml makes one", file);
    }
    Ledger ledger = new Ledger(file, connect(file, true));
    try {
      ledger.checkVersion();
      return ledger;
    } catch (SQLException e) {
      ledger.close();
      throw wrong(file, e);
    } catch (CandelaException e) {
      ledger.close();
      throw e;
    }
  }

  private static Connection connect(Path file, boolean readOnly) {
    try {
      Properties options = new Properties();
      options.setProperty("threads", "1");
      options.setProperty("duckdb.read_only", Boolean.toString(readOnly));
      // nothing is fetched: all that is used comes with the library
      options.setProperty("autoinstall_known_extensions", "false");
      options.setProperty("autoload_known_extensions", "false");
      Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file, options);
      Unpacked.remove();
      return connection;
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  private void begin(Study study, Plan plan, Material material) throws SQLException {
    connection.setAutoCommit(false);
    if (tables().isEmpty()) {
      try (Statement s = connection.createStatement()) {
        for (String statement : schema().split(";\\s*\\R")) {
          if (!statement.isBlank()) {
            s.execute(statement);
          }
        }
      }
      insert("INSERT INTO meta VALUES (?, ?)", "version", VERSION);
      insert("INSERT INTO meta VALUES (?, ?)", "study", fingerprint(study, plan));
      insert("INSERT INTO meta VALUES (?, ?)", "name", study.name());
      plan(study, plan);
    } else {
      checkVersion();
      if (!one("SELECT value FROM meta WHERE key = 'study'").equals(fingerprint(study, plan))) {
        throw CandelaException.of(
            "%s: the ledger of this study expected, it has other sweeps, metrics or settings (of"
                + " '%s'); choose another file with --ledger",
            file, one("SELECT value FROM meta WHERE key = 'name'"));
      }
    }
    for (Model m : material.models()) {
      enter("model", m.name(), m.network().model().sha256(), m.file());
    }
    for (Photo p : material.photos()) {
      enter("image", p.name(), p.sha256(), p.file().getFileName().toString());
    }
    connection.commit();
  }

  private void plan(Study study, Plan plan) throws SQLException {
    for (int i = 0; i < plan.methods().size(); i++) {
      Method m = plan.methods().get(i);
      insert("INSERT INTO method VALUES (?, ?, ?)", i, Methods.name(m), Methods.text(m));
    }
    int number = 0;
    for (Sweep s : plan.sweeps()) {
      for (int i = 0; i < s.settings().size(); i++) {
        Setting t = s.settings().get(i);
        insert(
            "INSERT INTO sweep VALUES (?, ?, ?, ?, ?, ?)",
            s.name(),
            number,
            i,
            t.label(),
            plan.methods().indexOf(t.method()),
            i == s.baseline());
      }
      number++;
    }
    for (Study.Measure<Metric> m : study.metrics()) {
      String better = m.of().direction().name().toLowerCase(java.util.Locale.ROOT);
      insert("INSERT INTO metric VALUES (?, ?, ?)", m.name(), m.text(), better);
    }
  }

  /** A model or image; one of the same name must have the same bytes. */
  private void enter(String table, String name, String sha256, String from) throws SQLException {
    String there = one("SELECT sha256 FROM " + table + " WHERE name = ?", name);
    if (there == null) {
      insert("INSERT INTO " + table + " VALUES (?, ?, ?)", name, sha256, from);
    } else if (!there.equals(sha256)) {
      throw CandelaException.of(
          "%s: %s '%s' has changed since its results were entered; choose another file with"
              + " --ledger",
          file, table, name);
    }
  }

  /** What decides the results of a unit, models and images aside. */
  private static String fingerprint(Study study, Plan plan) {
    StringBuilder all = new StringBuilder();
    plan.sweeps().forEach(s -> all.append(s).append('\n'));
    all.append(study.similarities()).append(study.metrics()).append(study.target());
    all.append(study.sam()).append(study.pictures());
    study.models().forEach(m -> all.append(m.preprocess()).append(m.output()));
    return sha256(all.toString());
  }

  private static String sha256(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String schema() {
    try (var in = Ledger.class.getResourceAsStream("/candela/ledger.sql")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private Set<String> tables() throws SQLException {
    Set<String> names = new HashSet<>();
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT table_name FROM information_schema.tables")) {
      while (r.next()) {
        names.add(r.getString(1));
      }
    }
    return names;
  }

  private void checkVersion() throws SQLException {
    String version =
        tables().contains("meta") ? one("SELECT value FROM meta WHERE key = 'version'") : null;
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

  /** Tells how this run came about; what it commits is under this entry. */
  public synchronized void ran(
      String candela, String device, int threads, int batch, int jobs, String text) {
    try {
      run = Integer.parseInt(one("SELECT CAST(coalesce(max(run) + 1, 0) AS VARCHAR) FROM run"));
      insert(
          "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          run,
          LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS),
          candela,
          device,
          threads,
          batch,
          jobs,
          Runtime.version().toString(),
          System.getProperty("os.name") + " " + System.getProperty("os.arch"),
          text);
      connection.commit();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** Units whose results are in. */
  public synchronized Set<Key> done() {
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT model, image FROM unit")) {
      Set<Key> done = new HashSet<>();
      while (r.next()) {
        done.add(new Key(r.getString(1), r.getString(2)));
      }
      return done;
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** Enters a unit: all of it, or nothing where that fails. */
  public synchronized void commit(Findings f) {
    try {
      insert(
          "INSERT INTO unit VALUES (?, ?, ?, ?, ?, ?, ?)",
          f.model(),
          f.image(),
          f.target(),
          f.predicted(),
          f.probability(),
          f.rows(),
          f.view());
      insert("INSERT INTO timing VALUES (?, ?, ?, ?)", f.model(), f.image(), run, f.seconds());
      batch(
          "INSERT INTO similarity VALUES (?, ?, ?, ?, ?, ?, ?)",
          f.similar().stream()
              .map(
                  x ->
                      new Object[] {
                        f.model(), f.image(), x.sweep(), x.a(), x.b(), x.measure(), x.value()
                      })
              .toList());
      batch(
          "INSERT INTO score VALUES (?, ?, ?, ?, ?, ?)",
          f.scored().stream()
              .map(
                  x ->
                      new Object[] {
                        f.model(), f.image(), x.method(), x.metric(), x.part(), x.value()
                      })
              .toList());
      batch(
          "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          f.seen().stream()
              .map(
                  x ->
                      new Object[] {
                        f.model(),
                        f.image(),
                        x.method(),
                        x.h(),
                        x.w(),
                        x.signed(),
                        x.limit(),
                        x.levels()
                      })
              .toList());
      connection.commit();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** Rows of a query, by column. */
  public synchronized List<List<Object>> query(String sql) {
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery(sql)) {
      List<List<Object>> rows = new ArrayList<>();
      int columns = r.getMetaData().getColumnCount();
      while (r.next()) {
        List<Object> row = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          Object value = r.getObject(i);
          row.add(value instanceof java.sql.Blob b ? b.getBytes(1, (int) b.length()) : value);
        }
        rows.add(row);
      }
      return rows;
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** Hash of all results, in the order of their keys, to the bit. */
  public synchronized String digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String table : RESULTS) {
        for (List<Object> row : query("SELECT * FROM " + table + " ORDER BY ALL")) {
          for (Object value : row) {
            digest.update(bytes(value));
            digest.update((byte) 0);
          }
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes(Object value) {
    return switch (value) {
      case byte[] b -> b;
      case Double d ->
          Long.toHexString(Double.doubleToLongBits(d)).getBytes(StandardCharsets.US_ASCII);
      default -> String.valueOf(value).getBytes(StandardCharsets.UTF_8);
    };
  }

  /** Every table and view as a file of its own. */
  public synchronized List<Path> export(Path folder, String format) {
    List<Path> files = new ArrayList<>();
    try (Statement s = connection.createStatement()) {
      Files.createDirectories(folder);
      for (String name : EXPORTED) {
        Path to = folder.resolve(name + "." + format);
        Path part = folder.resolve(".part-" + name);
        String columns = name.equals("unit") ? "* EXCLUDE (view)" : "*";
        s.execute(
            "COPY (SELECT "
                + columns
                + " FROM "
                + name
                + " ORDER BY ALL) TO '"
                + part.toString().replace("'", "''")
                + "' (FORMAT "
                + format
                + (format.equals("csv") ? ", HEADER)" : ")"));
        Files.move(part, to, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        files.add(to);
      }
      return files;
    } catch (SQLException e) {
      throw wrong(file, e);
    } catch (IOException e) {
      throw new CandelaException(
          folder + ": a folder expected that can be written: " + e.getMessage(), e);
    }
  }

  private String one(String sql, Object... values) throws SQLException {
    try (PreparedStatement s = connection.prepareStatement(sql)) {
      set(s, values);
      try (ResultSet r = s.executeQuery()) {
        return r.next() ? r.getString(1) : null;
      }
    }
  }

  private void insert(String sql, Object... values) throws SQLException {
    batch(sql, List.<Object[]>of(values));
  }

  private void batch(String sql, List<Object[]> rows) throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    try (PreparedStatement s = connection.prepareStatement(sql)) {
      for (Object[] row : rows) {
        set(s, row);
        s.addBatch();
      }
      s.executeBatch();
    }
  }

  private static void set(PreparedStatement s, Object... values) throws SQLException {
    for (int i = 0; i < values.length; i++) {
      if (values[i] instanceof byte[] b) {
        s.setBytes(i + 1, b);
      } else {
        s.setObject(i + 1, values[i]);
      }
    }
  }

  /** What a user is told of a fault of the database. */
  private static CandelaException wrong(Path file, SQLException e) {
    String said = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    String lower = said.toLowerCase(java.util.Locale.ROOT);
    String text;
    if (lower.contains("lock")) {
      text = ": another process has it open; wait for it, or choose another file with --ledger";
    } else if (lower.contains("space")
        || lower.contains("could not write")
        || lower.contains("file too large")) {
      text =
          ": cannot be written: "
              + said
              + "; units entered before are kept: free some space and start again";
    } else if (lower.contains("not a valid duckdb") || lower.contains("magic bytes")) {
      text = ": a ledger expected, came something else; choose another file";
    } else {
      text = ": " + said;
    }
    return new CandelaException(file + text, e);
  }

  @Override
  public synchronized void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }
}
