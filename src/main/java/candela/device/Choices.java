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
    read();
  }

  private void read() {
    try {
      if (!Files.exists(file)) {
        return;
      }
      for (String line : Files.readAllLines(file)) {
        int tab = line.indexOf('\t');
        if (tab > 0 && line.substring(tab + 1).matches("[0-9]{1,6}\\t[0-9.]+")) {
          String number = line.substring(tab + 1, line.indexOf('\t', tab + 1));
          known.putIfAbsent(line.substring(0, tab), Integer.parseInt(number));
        }
      }
    } catch (IOException e) {
      known.clear(); // a cache: what cannot be read is measured again
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
   */
  public void put(String key, int choice, double microseconds) {
    use(key, choice);
    try {
      Files.createDirectories(file.getParent());
      Files.write(
          file,
          String.format(Locale.ROOT, "%s\t%d\t%.1f\n", key, choice, microseconds)
              .getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      return; // this process knows it; the next measures again
    }
  }
}
