package candela.cli;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Names of the classes, or their numbers where no file is given. */
record Labels(List<String> names) {
  /** One name a line; the first is class 0. */
  static Labels read(Path file) throws IOException {
    if (file == null) {
      return new Labels(List.of());
    }
    try {
      return new Labels(Files.readAllLines(file).stream().map(String::strip).toList());
    } catch (MalformedInputException e) {
      throw new CandelaException(file + ": a text file with one class name a line expected", e);
    }
  }

  /** Says so where the file does not fit the network. */
  void check(int classes, Path file) {
    if (!names.isEmpty() && names.size() != classes) {
      throw CandelaException.of(
          "%s: %d class names expected, one a line, as many as the network's scores; got %d",
          file, classes, names.size());
    }
  }

  String of(int target) {
    return target < names.size() ? names.get(target) : "class " + target;
  }

  /** The first of several names: "tench" of "tench, Tinca tinca". */
  String brief(int target) {
    String name = of(target);
    int comma = name.indexOf(',');
    return comma > 0 ? name.substring(0, comma) : name;
  }
}
