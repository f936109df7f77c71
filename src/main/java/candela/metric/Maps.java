package candela.metric;

import candela.tensor.CandelaException;
import java.util.List;

/**
 * Maps of one size, to be compared.
 *
 * @param h rows
 * @param w columns
 * @param values each [h,w]; not copied, and not changed by who compares
 */
public record Maps(int h, int w, List<float[]> values) {
  public Maps {
    if (h < 1 || w < 1) {
      throw CandelaException.of("maps: 1 x 1 or larger expected, got %d x %d", h, w);
    }
    values = List.copyOf(values);
    for (float[] v : values) {
      if (v.length != h * w) {
        throw CandelaException.of(
            "maps: %d values expected for %d x %d, got %d; resize them to one size first",
            h * w, h, w, v.length);
      }
    }
  }

  int count() {
    return values.size();
  }
}
