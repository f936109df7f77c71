package candela.image;

import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Names of the classes; none where nothing tells them. */
public record Labels(List<String> names) {
  public static final Labels NONE = new Labels(List.of());

  /**
   * One name a line; the first is class 0.
   *
   * @param file null for none
   */
  public static Labels read(Path file) {
    if (file == null) {
      return NONE;
    }
    List<String> names = new ArrayList<>(WholeFile.text(file).lines().toList());
    while (!names.isEmpty() && names.getLast().isBlank()) {
      names.removeLast();
    }
    if (names.isEmpty()) {
      throw CandelaException.of("%s: one class name a line expected, the file is empty", file);
    }
    return of(names);
  }

  /** Of a list, by class. */
  public static Labels of(List<String> names) {
    return new Labels(names.stream().map(Labels::plain).toList());
  }

  /** Without what a terminal would obey, and the mark that some editors put first. */
  private static String plain(String name) {
    return name.replaceAll("[\\p{Cntrl}\uFEFF]", " ").strip();
  }

  /** The same where they are as many as a network's scores, else none. */
  public Labels fitting(int classes) {
    return names.size() == classes ? this : NONE;
  }

  /** Says so where the file does not fit the network. */
  public void check(int classes, Path file) {
    if (!names.isEmpty() && names.size() != classes) {
      throw CandelaException.of(
          "%s: %d class names expected, one a line, as many as the network's scores; got %d",
          file, classes, names.size());
    }
  }

  /** The name, or the number where there are no names. */
  public String of(int target) {
    return target < names.size() ? names.get(target) : "class " + target;
  }

  /** The first of several names: "tench" of "tench, Tinca tinca". */
  public String brief(int target) {
    String name = of(target);
    int comma = name.indexOf(',');
    return comma > 0 ? name.substring(0, comma) : name;
  }
}
