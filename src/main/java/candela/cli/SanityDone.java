package candela.cli;

import candela.config.Csv;
import candela.image.Inputs;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What a check that was killed has left: the images that need not be checked again, and their rows
 * of the table. The record is written behind the table and tells how many of its bytes are meant
 * and what their hash is, and that of what it says of the images: rows of another check, or what
 * became of them on a bad disk, are never taken for this one's.
 */
final class SanityDone {
  /** Of a run's provenance, what the next one need not have in common with it. */
  private static final Set<String> OWN =
      Set.of("time", "java", "system", "images", "failed", "table");

  private final Map<String, Map<?, ?>> images = new LinkedHashMap<>();
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * Nothing where a folder holds no check, another one, or one that came to its end.
   *
   * @param provenance of the run that begins
   */
  SanityDone(Path folder, Map<String, Object> provenance) {
    Path record = folder.resolve("provenance.json");
    Path table = folder.resolve("sanity.csv");
    if (!Files.isRegularFile(record) || !Files.isRegularFile(table)) {
      return;
    }
    try {
      Map<String, Object> before = Json.read(record);
      if (before.containsKey("seconds") || !before.containsKey("table")) {
        return;
      }
      String other = difference(Provenance.common(before, OWN), Provenance.common(provenance, OWN));
      byte[] known = other == null ? known(table, before) : null;
      if (known == null) {
        System.err.printf(
            "candela: %s: the check begun there differs in %s; begins anew%n",
            folder, other == null ? "its table" : other);
        return;
      }
      for (Object i : (List<?>) before.get("images")) {
        images.put(String.valueOf(((Map<?, ?>) i).get("name")), (Map<?, ?>) i);
      }
      Csv.read(new String(known, StandardCharsets.UTF_8)).forEach(r -> rows.add(r.cells()));
    } catch (CandelaException | ClassCastException | NullPointerException | IOException e) {
      images.clear(); // files of something else, which this run writes over
    }
  }

  /** The first key whose values differ; null where there is none. */
  private static String difference(Map<String, Object> before, Map<String, Object> now) {
    return now.keySet().stream()
        .filter(key -> !Objects.equals(before.get(key), now.get(key)))
        .findFirst()
        .orElse(null);
  }

  /** Of what a record says of images. */
  static String sha256(List<?> images) {
    return Json.sha256(Map.of("images", images));
  }

  /** The part of a table that a record is of; null where it, or the record, is another by now. */
  private static byte[] known(Path table, Map<String, Object> before) throws IOException {
    Map<?, ?> record = (Map<?, ?>) before.get("table");
    if (!sha256((List<?>) before.get("images")).equals(record.get("images"))) {
      return null;
    }
    int length = ((Number) record.get("bytes")).intValue();
    try (InputStream in = Files.newInputStream(table)) {
      byte[] bytes = in.readNBytes(length);
      boolean titled =
          new String(bytes, StandardCharsets.UTF_8).startsWith(SanityTable.TITLE + "\n");
      return titled && WholeFile.sha256(bytes).equals(record.get("sha256")) ? bytes : null;
    }
  }

  /** What is known of an image; null where it was not checked, or has changed. */
  Map<?, ?> of(Inputs.Input input) {
    Map<?, ?> image = images.get(input.name());
    boolean same =
        image != null
            && input.file().toString().equals(image.get("file"))
            && WholeFile.sha256(input.file()).equals(image.get("sha256"));
    return same ? image : null;
  }

  /** All rows of the table. */
  List<List<String>> rows() {
    return rows;
  }
}
