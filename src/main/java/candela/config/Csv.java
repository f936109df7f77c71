package candela.config;

import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Lines of cells as RFC 4180 has them: commas between, quotes around a cell that needs them. */
public final class Csv {
  /**
   * The cells of a line.
   *
   * @param line of the text where it begins, from 1: cells may have ends of lines of their own
   */
  public record Row(int line, List<String> cells) {}

  private Csv() {}

  /** Without an end. */
  public static String line(String... cells) {
    return Arrays.stream(cells).map(Csv::quoted).collect(Collectors.joining(","));
  }

  private static String quoted(String text) {
    return text.matches("[^\",\\r\\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  /**
   * Every line that has an end; the ends of lines within quotes are a cell's own.
   *
   * @throws CandelaException where quotes are not closed
   */
  public static List<Row> read(String text) {
    List<Row> rows = new ArrayList<>();
    List<String> cells = new ArrayList<>();
    StringBuilder cell = new StringBuilder();
    boolean quoted = false;
    boolean closed = false;
    int line = 1;
    int begun = 1;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      line += c == '\n' ? 1 : 0;
      if (c == '"' && (quoted || closed || cell.toString().isBlank())) {
        if (closed) {
          cell.append(c); // the second of two within a cell's quotes
        }
        closed = quoted;
        quoted = !quoted;
        continue;
      }
      closed = false;
      if (c == '\r' && !quoted && text.startsWith("\n", i + 1)) {
        continue; // of an end of two
      }
      if (quoted || c != ',' && c != '\n') {
        cell.append(c);
        continue;
      }
      cells.add(cell.toString());
      cell.setLength(0);
      if (c == '\n') {
        rows.add(new Row(begun, cells));
        cells = new ArrayList<>();
        begun = line;
      }
    }
    if (quoted) {
      throw CandelaException.of("line %d: a closing quote expected, the text ends", begun);
    }
    return rows;
  }
}
