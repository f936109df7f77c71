package candela.study;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Stream;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/** A DuckDB file: statements, and its faults in one sentence. For one thread at a time. */
final class Database implements AutoCloseable {
  private static final String OTHER = ", or choose another file with --ledger";

  private final Path file;
  private final Connection connection;

  private Database(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /** Whether a file may be DuckDB's: it begins as theirs do, or DuckDB must tell. */
  static boolean mayBe(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      String head = new String(in.readNBytes(12), StandardCharsets.ISO_8859_1);
      return head.length() < 12 || head.endsWith("DUCK");
    } catch (IOException e) {
      return true;
    }
  }

  /** Opens the file, or makes it. What is written is there after {@link #commit}. */
  static Database open(Path file, boolean readOnly) {
    return open(file, readOnly, file);
  }

  /**
   * @param named how messages name the file
   */
  static Database open(Path file, boolean readOnly, Path named) {
    try {
      Properties options = new Properties();
      options.setProperty("threads", "1");
      options.setProperty("duckdb.read_only", Boolean.toString(readOnly));
      // nothing is fetched: all that is used comes with the library
      options.setProperty("autoinstall_known_extensions", "false");
      options.setProperty("autoload_known_extensions", "false");
      Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file, options);
      Unpacked.remove();
      if (!readOnly) {
        connection.setAutoCommit(false);
      }
      return new Database(named, connection);
    } catch (SQLException e) {
      throw wrong(named, e, readOnly);
    }
  }

  void execute(String sql) {
    try (Statement s = connection.createStatement()) {
      s.execute(sql);
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** A row of as many values as the table has columns. */
  void insert(String table, Object... values) {
    String places = String.join(", ", Collections.nCopies(values.length, "?"));
    try (PreparedStatement s =
        connection.prepareStatement("INSERT INTO " + table + " VALUES (" + places + ")")) {
      set(s, values);
      s.execute();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** The rows of a table with this value in a column. */
  void delete(String table, String column, Object value) {
    try (PreparedStatement s =
        connection.prepareStatement("DELETE FROM " + table + " WHERE " + column + " = ?")) {
      set(s, value);
      s.execute();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /**
   * Many rows, past SQL: that takes a hundredth of the time.
   *
   * @param rows values of the very types of the table's columns
   */
  void append(String table, Stream<Object[]> rows) {
    try (DuckDBAppender to = connection.unwrap(DuckDBConnection.class).createAppender(table)) {
      for (Object[] row : (Iterable<Object[]>) rows::iterator) {
        to.beginRow();
        for (Object value : row) {
          append(to, value);
        }
        to.endRow();
      }
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /**
   * As append, in place of the rows with their keys. One statement for all: of each row it would
   * take milliseconds.
   *
   * @param rows of different keys
   */
  void replace(String table, Stream<Object[]> rows) {
    execute("CREATE TEMP TABLE entered AS SELECT * FROM " + table + " LIMIT 0");
    append("entered", rows);
    execute("INSERT OR REPLACE INTO " + table + " SELECT * FROM entered");
    execute("DROP TABLE entered");
  }

  private static void append(DuckDBAppender to, Object value) throws SQLException {
    switch (value) {
      case null -> to.appendNull();
      case Boolean v -> to.append(v);
      case Integer v -> to.append(v);
      // NaN in one form: the sign of 0 / 0 goes by processor and compiler, and exports show it
      case Double v -> to.append(Double.longBitsToDouble(Double.doubleToLongBits(v)));
      case String v -> to.append(v);
      case byte[] v -> to.append(v);
      default -> throw new IllegalArgumentException("a value of " + value.getClass());
    }
  }

  /** Rows of a query, by column. */
  List<List<Object>> query(String sql, Object... values) {
    try (PreparedStatement s = connection.prepareStatement(sql)) {
      set(s, values);
      try (ResultSet r = s.executeQuery()) {
        List<List<Object>> rows = new ArrayList<>();
        int columns = r.getMetaData().getColumnCount();
        while (r.next()) {
          List<Object> row = new ArrayList<>();
          for (int i = 1; i <= columns; i++) {
            Object value = r.getObject(i);
            row.add(
                switch (value) {
                  case Blob b -> b.getBytes(1, (int) b.length());
                  case Timestamp t -> r.getObject(i, LocalDateTime.class); // of no zone
                  case null, default -> value;
                });
          }
          rows.add(row);
        }
        return rows;
      }
    } catch (SQLException e) {
      throw wrong(file, e);
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

  /**
   * Writes the rows of a query as a file, whole or not at all.
   *
   * @param options DuckDB's, which say the format
   */
  void copy(String query, Path to, String options) {
    WholeFile.write(
        to,
        part -> {
          String place = part.toString().replace("'", "''");
          try (Statement s = connection.createStatement()) {
            s.execute(String.format("COPY (%s) TO '%s' (%s)", query, place, options));
          } catch (SQLException e) {
            String advice = "; free some space, or choose another folder";
            throw isUnwritten(said(e))
                ? new CandelaException(to + ": cannot be written: " + said(e) + advice, e)
                : wrong(file, e);
          }
        });
  }

  /** What was written since the last commit is there for good, or none of it. */
  void commit() {
    try {
      connection.commit();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }

  /** Drops what was written since the last commit, after a fault that is told. */
  void rollback(Throwable fault) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      fault.addSuppressed(e);
    }
  }

  private static boolean isUnwritten(String said) {
    String lower = said.toLowerCase(Locale.ROOT);
    return lower.contains("no space left") || lower.contains("could not write");
  }

  private static String said(SQLException e) {
    return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
  }

  private static CandelaException wrong(Path file, SQLException e) {
    return wrong(file, e, false);
  }

  /** What a user is told of a fault. */
  private static CandelaException wrong(Path file, SQLException e, boolean reads) {
    String said = said(e);
    String lower = said.toLowerCase(Locale.ROOT);
    String text = ": " + said;
    if (lower.contains("could not set lock")) {
      text = ": another process has it open; wait for it" + (reads ? "" : OTHER);
    } else if (isUnwritten(said)) {
      text =
          ": cannot be written: "
              + said
              + "; the units entered so far are kept: free some space and start again";
    } else if (lower.contains("not a valid duckdb") || lower.contains("could not read enough")) {
      text = ": a ledger expected, came something else; choose another file";
    } else if (lower.contains("corrupt")) {
      text =
          ": a whole ledger expected, it is damaged (" + said + "); put a copy of it back" + OTHER;
    }
    return new CandelaException(file + text, e);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw wrong(file, e);
    }
  }
}
