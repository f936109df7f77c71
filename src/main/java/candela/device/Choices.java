package candela.device;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What was chosen once by measurement, as the algorithm of a shape or the rows of a batch: a file
 * of lines {@code key<TAB>number<TAB>microseconds} for one card and one set of library versions, so
 * that the next process has the same bits. Lines of several processes do not mix: each is appended
 * in one write, and the first that names a key counts.
 */
public final class Choices {
  private final Path file;
  private final Map<String, Integer> known = new HashMap<>();

  /**
   * @param folder created with the first choice
   * @param machine card and versions; part of the file's name
   */
  public Choices(Path folder, String machine) {
    file = folder.resolve(machine.replaceAll("[^A-Za-z0-9.-]+", "_") + ".tsv");
    known.putAll(read());
  }

  /** Nothing where there is no file, or none that can be read: then all is measured again. */
  private Map<String, Integer> read() {
    Map<String, Integer> all = new HashMap<>();
    try {
      if (!Files.exists(file)) {
        return all;
      }
      // what is no text, as after a crash of the machine, is in lines that do not count
      String lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      for (String line : lines.split("\n")) {
        int tab = line.indexOf('\t');
        if (tab > 0 && line.substring(tab + 1).matches("[0-9]{1,6}\\t[0-9.]+")) {
          String number = line.substring(tab + 1, line.indexOf('\t', tab + 1));
          all.putIfAbsent(line.substring(0, tab), Integer.parseInt(number));
        }
      }
      return all;
    } catch (IOException e) {
      return Map.of();
    }
  }

  public OptionalInt get(String key) {
    Integer choice = known.get(key);
    return choice == null ? OptionalInt.empty() : OptionalInt.of(choice);
  }

  /** All that is known. */
  public Set<String> keys() {
    return Set.copyOf(known.keySet());
  }

  /** What counts from here on in this process alone. */
  public void use(String key, int choice) {
    known.put(key, choice);
  }

  /**
   * @param key without tabs and line ends
   * @param choice 0 to 999,999
   * @return the choice that counts: another process may have written one meanwhile
   */
  public int put(String key, int choice, double microseconds) {
    use(key, choice);
    try {
      Files.createDirectories(file.getParent());
      Files.write(
          file,
          String.format(Locale.ROOT, "%s\t%d\t%.1f\n", key, choice, microseconds)
              .getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      use(key, read().getOrDefault(key, choice));
    } catch (IOException e) {
      return choice; // this process knows it; the next measures again
    }
    return known.get(key);
  }
}
