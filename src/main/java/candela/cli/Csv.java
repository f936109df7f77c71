package candela.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Lines of cells as RFC 4180 has them: commas between, quotes around a cell that needs them. */
final class Csv {
  private Csv() {}

  static String line(String... cells) {
    return Arrays.stream(cells).map(Csv::quoted).collect(Collectors.joining(","));
  }

  private static String quoted(String text) {
    return text.matches("[^\",\\r\\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  /** The cells of every line that has an end; the ends of lines within quotes are a cell's own. */
  static List<List<String>> read(String text) {
    List<List<String>> lines = new ArrayList<>();
    List<String> line = new ArrayList<>();
    StringBuilder cell = new StringBuilder();
    boolean quoted = false;
    boolean closed = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
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
      line.add(cell.toString());
      cell.setLength(0);
      if (c == '\n') {
        lines.add(line);
        line = new ArrayList<>();
      }
    }
    return lines;
  }
}
