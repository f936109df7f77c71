package candela.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Columns under a title line, as wide as their contents; numbers to the right. */
final class Table {
  private final List<String[]> rows = new ArrayList<>();
  private final String align;

  /**
   * @param align l or r for each column
   */
  Table(String align, String... title) {
    this.align = align;
    rows.add(title);
  }

  /** A cell of two digits, or a dash where there is no number. */
  static String number(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f", value);
  }

  void add(Object... cells) {
    String[] row = new String[cells.length];
    for (int i = 0; i < row.length; i++) {
      row[i] = String.valueOf(cells[i]);
    }
    rows.add(row);
  }

  void print(PrintStream out) {
    int[] width = new int[align.length()];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        width[i] = Math.max(width[i], row[i].length());
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.length; i++) {
        String pad = " ".repeat(width[i] - row[i].length());
        line.append(i == 0 ? "  " : "   ");
        line.append(align.charAt(i) == 'r' ? pad + row[i] : row[i] + pad);
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
