package candela.study;

import candela.metric.Truth;
import java.nio.file.Path;
import java.util.List;

/**
 * An image of a study.
 *
 * @param sha256 of the file
 * @param label its class, -1 where it is not known
 * @param boxes around the class, none where they are not known
 * @param shown whether the report shows its maps
 */
public record Photo(
    String name, Path file, String sha256, int label, List<Truth.Box> boxes, boolean shown) {
  public Photo {
    boxes = List.copyOf(boxes);
  }
}
