package candela.config;

import candela.tensor.CandelaException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A name with parameters as users write them: {@code occlusion:window=53,stride=[20,24]}. Values
 * may hold commas between brackets or double quotes; the quotes are taken off. Between quotes may
 * be a name with parameters whose values have quotes of their own: {@code tunnel:method="lime:
 * fill="a,b""}.
 *
 * <p>Who reads a spec asks for each parameter with its default, then calls {@link #finish}, which
 * refuses what nobody asked for. For one thread.
 */
public final class Spec {
  private final String name;
  private final Map<String, String> values;
  private final TreeSet<String> known = new TreeSet<>();

  private Spec(String name, Map<String, String> values) {
    this.name = name;
    this.values = values;
  }

  /** Of NAME or NAME:key=value,key=value. */
  public static Spec parse(String text) {
    int colon = text.indexOf(':');
    String name = (colon < 0 ? text : text.substring(0, colon)).strip();
    if (name.isEmpty()) {
      throw CandelaException.of("'%s': NAME:key=value,… expected, the name is missing", text);
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (int from = colon + 1; colon >= 0 && from < text.length(); ) {
      int to = end(text, from);
      String pair = text.substring(from, to);
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw CandelaException.of("%s: key=value expected, got '%s'", name, pair.strip());
      }
      String key = pair.substring(0, equals).strip();
      if (values.put(key, unquoted(pair.substring(equals + 1).strip())) != null) {
        throw CandelaException.of("%s: parameter '%s' is given twice", name, key);
      }
      from = to + 1;
    }
    return new Spec(name, values);
  }

  /** A value as {@link #parse} takes it. */
  public static String quoted(String value) {
    return value.contains(",") ? '"' + value + '"' : value;
  }

  /** The comma that ends the pair, or the end of the text. */
  private static int end(String text, int from) {
    int depth = 0;
    int quotes = 0;
    char before = ' ';
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quotes += quotes == 0 || before == '=' ? 1 : -1;
      }
      before = Character.isWhitespace(c) ? before : c;
      if (quotes == 0) {
        depth += c == '[' ? 1 : c == ']' ? -1 : 0;
        if (depth < 0) {
          throw CandelaException.of("'%s': an opening bracket expected before ]", text);
        }
        if (c == ',' && depth == 0) {
          return i;
        }
      }
    }
    if (quotes > 0 || depth != 0) {
      throw CandelaException.of(
          "'%s': a closing %s expected", text, quotes > 0 ? "quote" : "bracket");
    }
    return text.length();
  }

  private static String unquoted(String value) {
    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  public String name() {
    return name;
  }

  /** What was written, key by key, in that order. */
  public Map<String, String> given() {
    return Collections.unmodifiableMap(values);
  }

  /** A whole number. */
  public int integer(String key, int otherwise) {
    return integer(key, otherwise, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** A whole number from least to most. */
  public int integer(String key, int otherwise, int least, int most) {
    String value = take(key);
    String text = value == null ? Integer.toString(otherwise) : value;
    String fault = Whole.fault(text, least, most);
    if (fault != null) {
      throw wrong(key, fault, value);
    }
    return Integer.parseInt(text);
  }

  /** A whole number of 64 bits. */
  public long whole(String key, long otherwise) {
    String value = take(key);
    String fault = value == null ? null : Whole.fault(value, Long.MIN_VALUE, Long.MAX_VALUE);
    if (fault != null) {
      throw wrong(key, fault, value);
    }
    return value == null ? otherwise : Long.parseLong(value);
  }

  /** A finite number. */
  public double number(String key, double otherwise) {
    return number(key, otherwise, -Double.MAX_VALUE, Double.MAX_VALUE);
  }

  /** A number from least to most. */
  public double number(String key, double otherwise, double least, double most) {
    String value = take(key);
    try {
      double v = value == null ? otherwise : Double.parseDouble(value);
      if (v >= least && v <= most) {
        return v;
      }
      boolean open = least == -Double.MAX_VALUE && most == Double.MAX_VALUE;
      throw wrong(key, open ? "a finite number" : least + " to " + most, value);
    } catch (NumberFormatException e) {
      throw wrong(key, "a number", value);
    }
  }

  public String text(String key, String otherwise) {
    String value = take(key);
    return value == null ? otherwise : value;
  }

  /** One of the words. */
  public String choice(String key, String otherwise, List<String> words) {
    String value = take(key);
    if (value == null || words.contains(value)) {
      return value == null ? otherwise : value;
    }
    throw wrong(key, String.join(", ", words), value);
  }

  /** true or false. */
  public boolean bool(String key, boolean otherwise) {
    String value = choice(key, Boolean.toString(otherwise), List.of("true", "false"));
    return value.equals("true");
  }

  /** Refuses parameters that nobody asked for. */
  public void finish() {
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        String takes = known.isEmpty() ? "none" : String.join(", ", known);
        throw CandelaException.of("%s: unknown parameter '%s'; it takes %s", name, key, takes);
      }
    }
  }

  private String take(String key) {
    known.add(key);
    return values.get(key);
  }

  private CandelaException wrong(String key, String expected, String came) {
    return CandelaException.of("%s: %s: %s expected, got '%s'", name, key, expected, came);
  }
}
