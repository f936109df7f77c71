package candela.study;

import candela.config.Csv;
import candela.image.WholeFile;
import candela.metric.Truth;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is known of images: their class and the boxes around it, from tables of comma-separated
 * values whose first line names the columns: {@code file}, {@code class} (or {@code
 * imagenet_index}), and {@code x0, y0, x1, y1} (or {@code left, top, right, bottom}).
 */
final class Annotations {
  /** Of one image. */
  private static final class Known {
    /** In the order of the tables. */
    private final int place;

    private int target = -1;
    private final List<Truth.Box> boxes = new ArrayList<>();

    Known(int place) {
      this.place = place;
    }

    /** All that is known is of one class. */
    void is(int named) {
      if (target >= 0 && target != named) {
        throw CandelaException.of(
            "one class an image expected, got %d after %d; keep the boxes of one", named, target);
      }
      target = named;
    }
  }

  private final Map<Path, Known> known = new HashMap<>();

  /**
   * @param names of the classes, for tables that tell the class by its name
   */
  void read(Path table, List<String> names) {
    List<Csv.Row> rows;
    try {
      String text = String.join("\n", Files.readAllLines(table)) + "\n";
      rows = Csv.read(unmarked(text));
    } catch (IOException e) {
      throw new CandelaException(table + ": cannot be read: " + WholeFile.reason(e), e);
    } catch (CandelaException e) {
      throw new CandelaException(table + ": " + e.getMessage(), e);
    }
    Map<String, Integer> numbers = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      numbers.putIfAbsent(names.get(i), i);
    }
    List<String> columns = stripped(rows.getFirst());
    int file = column(columns, table, "file");
    int target = column(columns, table, "class", "imagenet_index");
    boolean boxes = columns.contains("x0") || columns.contains("left");
    int[] edge = {
      boxes ? column(columns, table, "x0", "left") : -1,
      boxes ? column(columns, table, "y0", "top") : -1,
      boxes ? column(columns, table, "x1", "right") : -1,
      boxes ? column(columns, table, "y1", "bottom") : -1
    };
    for (Csv.Row row : rows.subList(1, rows.size())) {
      List<String> cells = stripped(row);
      if (cells.equals(List.of(""))) {
        continue;
      }
      try {
        Known k = known.computeIfAbsent(Path.of(cells.get(file)), p -> new Known(known.size()));
        k.is(target(cells.get(target), numbers));
        if (boxes) {
          int[] e = new int[4];
          for (int j = 0; j < 4; j++) {
            e[j] = Integer.parseInt(cells.get(edge[j]));
          }
          k.boxes.add(new Truth.Box(e[0], e[1], e[2], e[3]));
        }
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        throw new CandelaException(
            String.format(
                Locale.ROOT,
                "%s:%d: values for %s expected, got '%s'",
                table,
                row.line(),
                columns,
                Csv.line(row.cells().toArray(String[]::new))),
            e);
      } catch (CandelaException e) {
        throw new CandelaException(table + ":" + row.line() + ": " + e.getMessage(), e);
      }
    }
  }

  /** Without the mark that spreadsheets put before UTF-8. */
  private static String unmarked(String text) {
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  private static List<String> stripped(Csv.Row row) {
    return row.cells().stream().map(String::strip).toList();
  }

  private static int column(List<String> columns, Path table, String... names) {
    for (String name : names) {
      if (columns.contains(name)) {
        return columns.indexOf(name);
      }
    }
    throw CandelaException.of(
        "%s:1: a column %s expected, got %s", table, String.join(" or ", names), columns);
  }

  private static int target(String text, Map<String, Integer> numbers) {
    Integer named = numbers.get(text);
    return named != null ? named : Integer.parseInt(text);
  }

  /** The class, -1 where it is not known. */
  int target(Path image) {
    Known k = of(image);
    return k == null ? -1 : k.target;
  }

  /** Boxes around the class on the photo, none where they are not known. */
  List<Truth.Box> boxes(Path image) {
    Known k = of(image);
    return k == null ? List.of() : k.boxes;
  }

  /** The first that is the image's path, or its end. */
  private Known of(Path image) {
    Known first = known.get(image);
    int names = image.getNameCount();
    for (int i = 0; i < names; i++) {
      Known end = known.get(image.subpath(i, names));
      if (end != null && (first == null || end.place < first.place)) {
        first = end;
      }
    }
    return first;
  }
}
