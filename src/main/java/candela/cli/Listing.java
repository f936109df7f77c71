package candela.cli;

import candela.config.About;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints what the documentation says of methods and metrics, in lines that fit a terminal. */
final class Listing {
  /** All that is known of one. */
  static final List<String> ALL =
      List.of("Definition", "Shapes", "Parameters", "Cost", "Source", "Differences");

  /** What a list of all tells of each. */
  static final List<String> SHORT = List.of("Cost", "Source");

  private static final int WIDTH = 110;

  private final PrintStream out;

  Listing(PrintStream out) {
    this.out = out;
  }

  /** A name, what it shows, lines of the caller's, its parameters with defaults, then sections. */
  void print(String name, Class<?> type, List<String> lines, String usage, List<String> sections) {
    About about = About.of(type);
    out.println(name);
    wrapped("", about.shows());
    lines.forEach(line -> wrapped("", line));
    wrapped("defaults: ", usage.isEmpty() ? "no parameters" : usage);
    for (String s : sections) {
      String text = about.sections().get(s);
      if (text != null) {
        wrapped(s.toLowerCase(Locale.ROOT) + ": ", text);
      }
    }
    out.println();
  }

  private void wrapped(String title, String text) {
    wrap("  " + title + text, WIDTH).forEach(out::println);
  }

  /** Lines that break where there are spaces alone; all but the first are indented. */
  static List<String> wrap(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ")) {
      if (line.length() + word.length() > width) {
        lines.add(line.toString().stripTrailing());
        line = new StringBuilder("    ");
      }
      line.append(word).append(' ');
    }
    lines.add(line.toString().stripTrailing());
    return lines;
  }
}
