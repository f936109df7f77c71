package candela.train;

import candela.config.Spec;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A text file with one picture a line: label, then levels 0 to 255 row by row, colours of a pixel
 * together. A first line of names is passed over.
 *
 * <p>Parameters: {@code path}, {@code height}, {@code width}, {@code channels} (1 or 3, default 3),
 * {@code classes} (default 10).
 */
final class Csv {
  private Csv() {}

  static Dataset[] read(Spec spec, Path folder) {
    Path file = Sources.path(spec, "path", folder);
    int h = spec.integer("height", 32, 1, 4096);
    int w = spec.integer("width", 32, 1, 4096);
    int c = spec.integer("channels", 3, 1, 3);
    int classes = spec.integer("classes", 10, 2, 65536);
    if (c == 2) {
      throw CandelaException.of("csv: channels: 1 or 3 expected, got 2");
    }
    List<byte[]> pixels = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    try {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i).strip();
        boolean header = i == 0 && !line.isEmpty() && Character.isLetter(line.charAt(0));
        if (!line.isEmpty() && !header) {
          int[] row = row(file, i + 1, line, h * w * c, classes);
          byte[] one = new byte[h * w * c];
          for (int k = 0; k < one.length; k++) {
            one[k] = (byte) row[k + 1];
          }
          pixels.add(one);
          labels.add(row[0]);
        }
      }
    } catch (MalformedInputException e) {
      throw new CandelaException(file + ": a text file expected", e);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
    List<String> names = IntStream.range(0, classes).mapToObj(Integer::toString).toList();
    int[] numbers = labels.stream().mapToInt(l -> l).toArray();
    return new Dataset[] {new Dataset(Shape.of(c, h, w), pixels, numbers, names)};
  }

  /** Label and levels of a line. */
  private static int[] row(Path file, int line, String text, int values, int classes) {
    String[] cells = text.split("[,;]", -1);
    boolean trailing = cells.length == values + 2 && cells[values + 1].isBlank();
    if (cells.length != values + 1 && !trailing) {
      throw CandelaException.of(
          "%s:%d: a label and %d levels expected, got %d entries",
          file, line, values, cells.length);
    }
    int[] row = new int[values + 1];
    for (int k = 0; k <= values; k++) {
      int most = k == 0 ? classes - 1 : 255;
      try {
        row[k] = Integer.parseInt(cells[k].strip());
      } catch (NumberFormatException e) {
        row[k] = -1;
      }
      if (row[k] < 0 || row[k] > most) {
        throw CandelaException.of(
            "%s:%d: entry %d: a %s of 0 to %d expected, got '%s'",
            file, line, k + 1, k == 0 ? "label" : "level", most, cells[k].strip());
      }
    }
    return row;
  }
}
