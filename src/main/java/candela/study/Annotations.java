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
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What is known of images: their class and the boxes around it, from tables of comma-separated
 * values whose first line names the columns: {@code file}, {@code class} (or {@code
 * imagenet_index}), and {@code x0, y0, x1, y1} (or {@code left, top, right, bottom}). A file is an
 * image's path or an end of it; of several the class counts that is told of the longest, and of
 * those with that class the boxes of the longest that has some.
 */
final class Annotations {
  /** Of one image. */
  private static final class Known {
    private int target = -1;
    private final List<Truth.Box> boxes = new ArrayList<>();

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

  /** The images of each table. */
  private final Map<Path, Set<Path>> tables = new LinkedHashMap<>();

  private boolean named;

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
    Map<String, List<Integer>> numbers = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      numbers.computeIfAbsent(names.get(i), n -> new ArrayList<>()).add(i);
    }
    Set<Path> images = tables.computeIfAbsent(table, t -> new LinkedHashSet<>());
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
        Path image = Path.of(cells.get(file)).normalize();
        images.add(image);
        Known k = known.computeIfAbsent(image, p -> new Known());
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

  private int target(String text, Map<String, List<Integer>> numbers) {
    List<Integer> of = numbers.get(text);
    if (of == null) {
      return Integer.parseInt(text);
    }
    if (of.size() > 1) {
      throw CandelaException.of(
          "a name of one class expected, '%s' is that of %s; give the number", text, of);
    }
    named = true;
    return of.getFirst();
  }

  /** Whether a class was told by its name. */
  boolean named() {
    return named;
  }

  /**
   * @throws CandelaException where a table has rows, and none is of one of these images
   */
  void checkUsed(List<Path> images) {
    tables.forEach(
        (table, of) -> {
          if (!of.isEmpty() && images.stream().noneMatch(i -> ends(i).anyMatch(of::contains))) {
            throw CandelaException.of(
                "%s: a row of one of the study's images expected, there is none; the first row is"
                    + " of '%s', the first image is %s",
                table, of.iterator().next(), images.getFirst());
          }
        });
  }

  /** The class, -1 where it is not known. */
  int target(Path image) {
    return of(image).findFirst().map(k -> k.target).orElse(-1);
  }

  /** Boxes around the class on the photo, none where they are not known. */
  List<Truth.Box> boxes(Path image) {
    int target = target(image);
    return of(image)
        .filter(k -> k.target == target && !k.boxes.isEmpty())
        .findFirst()
        .map(k -> List.copyOf(k.boxes))
        .orElse(List.of());
  }

  /** What is told of the image's path or an end of it, the longest first. */
  private Stream<Known> of(Path image) {
    return ends(image).map(known::get).filter(Objects::nonNull);
  }

  private static Stream<Path> ends(Path image) {
    Path path = image.normalize();
    int names = path.getNameCount();
    Stream<Path> ends = IntStream.range(0, names).mapToObj(i -> path.subpath(i, names));
    return path.isAbsolute() ? Stream.concat(Stream.of(path), ends) : ends;
  }
}
