package candela.cli;

import candela.image.Inputs;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a check that was killed has left: the images that need not be checked again. */
final class SanityDone {
  /** Of a run's provenance, what the next one need not have in common with it. */
  private static final Set<String> OWN = Set.of("time", "images", "failed");

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
      if (common(before).equals(common(Json.plain(provenance)))
          && before.get("images") instanceof List<?> list) {
        list.forEach(i -> images.put(String.valueOf(((Map<?, ?>) i).get("name")), (Map<?, ?>) i));
        rows.addAll(Csv.read(Files.readString(table)));
      }
    } catch (CandelaException | ClassCastException | IOException e) {
      images.clear(); // files of something else, which this run writes over
    }
  }

  private static Map<String, Object> common(Map<String, Object> provenance) {
    Map<String, Object> common = new LinkedHashMap<>(provenance);
    common.keySet().removeAll(OWN);
    return common;
  }

  /** What is known of an image; null where it was not checked, or has changed. */
  Map<?, ?> of(Inputs.Input input) {
    Map<?, ?> image = images.get(input.name());
    boolean same =
        image != null
            && input.file().toString().equals(image.get("file"))
            && sha256(input.file()).equals(image.get("sha256"));
    return same ? image : null;
  }

  /** All rows of the table. */
  List<List<String>> rows() {
    return rows;
  }

  /** Of an image's file; "" where it cannot be read any more. */
  static String sha256(Path file) {
    try {
      return WholeFile.sha256(file);
    } catch (IOException e) {
      return "";
    }
  }
}
