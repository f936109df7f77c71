package candela.method;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** The key=value pairs of a method as a user wrote them; unknown keys are an error. */
final class Parameters {
  private final String method;
  private final Map<String, String> left;
  private final TreeSet<String> known = new TreeSet<>();

  Parameters(String method, Map<String, String> values) {
    this.method = method;
    this.left = new LinkedHashMap<>(values);
  }

  int integer(String key, int otherwise) {
    String s = take(key);
    try {
      return s == null ? otherwise : Integer.parseInt(s);
    } catch (NumberFormatException e) {
      throw wrong(key, "a whole number", s);
    }
  }

  long big(String key, long otherwise) {
    String s = take(key);
    try {
      return s == null ? otherwise : Long.parseLong(s);
    } catch (NumberFormatException e) {
      throw wrong(key, "a whole number", s);
    }
  }

  double number(String key, double otherwise) {
    String s = take(key);
    try {
      return s == null ? otherwise : Double.parseDouble(s);
    } catch (NumberFormatException e) {
      throw wrong(key, "a number", s);
    }
  }

  boolean flag(String key, boolean otherwise) {
    String s = take(key);
    return switch (s) {
      case null -> otherwise;
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(key, "true or false", s);
    };
  }

  /** One of the enum's constants, written in lower case. */
  <E extends Enum<E>> E choice(String key, E otherwise) {
    String s = take(key);
    if (s == null) {
      return otherwise;
    }
    for (E e : otherwise.getDeclaringClass().getEnumConstants()) {
      if (e.name().equalsIgnoreCase(s.replace('-', '_'))) {
        return e;
      }
    }
    var names =
        Arrays.stream(otherwise.getDeclaringClass().getEnumConstants())
            .map(e -> e.name().toLowerCase(Locale.ROOT))
            .toList();
    throw wrong(key, String.join(", ", names), s);
  }

  /** Says so where a key is left that no parameter took. */
  void end() {
    if (!left.isEmpty()) {
      throw CandelaException.of(
          "%s: unknown parameter '%s'; it takes %s",
          method, left.keySet().iterator().next(), String.join(", ", known));
    }
  }

  private String take(String key) {
    known.add(key);
    return left.remove(key);
  }

  private CandelaException wrong(String key, String expected, String came) {
    return CandelaException.of("%s: %s: %s expected, got '%s'", method, key, expected, came);
  }
}
