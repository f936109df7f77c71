package candela.roar;

import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.List;

/**
 * Shares of a picture's pixels.
 *
 * @param values between 0 and 1, without the ends, smallest first
 */
public record Fractions(List<Double> values) {
  /** What a byte can tell apart. */
  private static final int MOST = 100;

  public Fractions {
    values = List.copyOf(values);
    if (values.isEmpty() || values.size() > MOST) {
      throw CandelaException.of("fractions: 1 to %d expected, got %d", MOST, values.size());
    }
    double before = 0;
    for (double v : values) {
      if (!(v > 0 && v < 1)) {
        throw CandelaException.of("fractions: numbers above 0 and below 1 expected, got %s", v);
      }
      if (v <= before) {
        throw CandelaException.of("fractions: each larger than the one before, got %s", values);
      }
      before = v;
    }
  }

  /** Of {@code 0.1,0.3,0.5}. */
  public static Fractions parse(String text) {
    List<Double> values = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      try {
        values.add(Double.valueOf(part.strip()));
      } catch (NumberFormatException e) {
        throw new CandelaException(
            "fractions: numbers with commas between expected, got '" + text + "'", e);
      }
    }
    return new Fractions(values);
  }

  /** Refuses what takes nothing from pictures of so many pixels, or leaves nothing. */
  void check(int pixels) {
    for (int f = 0; f < size(); f++) {
      int n = count(f, pixels);
      if (n == 0 || n == pixels) {
        throw CandelaException.of(
            "fractions: 1 to %d of %d pixels expected, %s comes to %d; leave it out",
            pixels - 1, pixels, values.get(f), n);
      }
    }
  }

  public int size() {
    return values.size();
  }

  /** Of so many pixels those that a fraction is, to the nearest whole number, halves up. */
  int count(int fraction, int pixels) {
    return (int) Math.round(values.get(fraction) * pixels);
  }
}
