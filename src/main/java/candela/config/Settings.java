package candela.config;

import candela.tensor.CandelaException;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * A file of {@code key: value} lines in YAML, each value a word, a number, a {@link Spec} or a list
 * of those. Messages name the file and the line.
 *
 * <p>Who reads it asks for each key with its default, then calls {@link #finish}, which refuses
 * what nobody asked for. For one thread.
 */
public final class Settings {
  /**
   * One value of a key.
   *
   * @param name of {@code name: text}; null where the value is a text alone
   * @param text null where it is a list of texts
   * @param texts empty where it is none
   * @param line where it stands, from 1
   */
  public record Value(String name, String text, List<String> texts, int line) {}

  /** Values of a key, and the line it stands in. */
  private record Entry(List<Value> values, int line) {}

  private final String file;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final TreeSet<String> known = new TreeSet<>();

  private Settings(String file) {
    this.file = file;
  }

  /**
   * Of YAML text.
   *
   * @param file how messages name it
   */
  public static Settings parse(String file, String text) {
    Settings settings = new Settings(file);
    Node root;
    try {
      root = new Yaml(new LoaderOptions()).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
      String what = String.valueOf(e.getProblem());
      String hint = what.contains("but got [") ? "; quote what has brackets of its own" : "";
      throw new CandelaException(file + ":" + line + ": YAML expected: " + what + hint, e);
    } catch (YAMLException e) {
      throw new CandelaException(
          file + ": YAML expected: " + e.getMessage().replaceAll("\\s+", " "), e);
    }
    if (!(root instanceof MappingNode map)) {
      throw CandelaException.of("%s:1: 'key: value' lines expected", file);
    }
    map.getValue().forEach(settings::add);
    return settings;
  }

  private void add(NodeTuple pair) {
    int line = pair.getKeyNode().getStartMark().getLine() + 1;
    String key = scalar(pair.getKeyNode(), line);
    List<Value> values =
        switch (pair.getValueNode()) {
          case SequenceNode list -> list.getValue().stream().map(this::value).toList();
          case MappingNode map -> map.getValue().stream().map(this::named).toList();
          case Node one -> List.of(value(one));
        };
    if (entries.put(key, new Entry(values, line)) != null) {
      throw CandelaException.of("%s:%d: key '%s' is given twice", file, line, key);
    }
  }

  /** A word or a number, or one name with one. */
  private Value value(Node node) {
    if (node instanceof MappingNode map && map.getValue().size() == 1) {
      return named(map.getValue().getFirst());
    }
    return value(null, node, node.getStartMark().getLine() + 1);
  }

  private Value named(NodeTuple pair) {
    int line = pair.getKeyNode().getStartMark().getLine() + 1;
    return value(scalar(pair.getKeyNode(), line), pair.getValueNode(), line);
  }

  private Value value(String name, Node node, int line) {
    if (node instanceof SequenceNode list && !list.getValue().isEmpty()) {
      List<String> texts = list.getValue().stream().map(n -> scalar(n, line)).toList();
      return new Value(name, null, texts, line);
    }
    return new Value(name, scalar(node, line), List.of(), line);
  }

  private String scalar(Node node, int line) {
    if (node instanceof ScalarNode s) {
      return s.getValue();
    }
    throw noScalar(line);
  }

  private CandelaException noScalar(int line) {
    return CandelaException.of("%s:%d: a word or a number expected", file, line);
  }

  public boolean has(String key) {
    known.add(key);
    return entries.containsKey(key);
  }

  public int integer(String key, int otherwise, int least, int most) {
    return Math.toIntExact(whole(key, otherwise, least, most));
  }

  /** A whole number from least to most. */
  public long whole(String key, long otherwise, long least, long most) {
    String value = one(key);
    String text = value == null ? Long.toString(otherwise) : value;
    String fault = Whole.fault(text, least, most);
    if (fault != null) {
      throw wrong(key, fault, value);
    }
    return Long.parseLong(text);
  }

  public double number(String key, double otherwise, double least, double most) {
    String value = one(key);
    return value == null ? otherwise : within(key, value, least, most);
  }

  /** A list of numbers from least to most; empty where the key is not given. */
  public List<Double> numbers(String key, double least, double most) {
    return list(key).stream().map(v -> within(key, v, least, most)).toList();
  }

  private double within(String key, String value, double least, double most) {
    try {
      double v = Double.parseDouble(value);
      if (v >= least && v <= most) {
        return v;
      }
      throw wrong(key, least + " to " + most, value);
    } catch (NumberFormatException e) {
      throw wrong(key, "a number", value);
    }
  }

  public String text(String key, String otherwise) {
    String value = one(key);
    return value == null ? otherwise : value;
  }

  /** The value of a key that must be there. */
  public String required(String key) {
    String value = one(key);
    if (value == null) {
      throw CandelaException.of("%s: key '%s' expected, it is missing", file, key);
    }
    return value;
  }

  public boolean bool(String key, boolean otherwise) {
    String value = one(key);
    if (value == null || value.equals("true") || value.equals("false")) {
      return value == null ? otherwise : value.equals("true");
    }
    throw wrong(key, "true, false", value);
  }

  /** All values of a key, none where it is not given. */
  public List<String> list(String key) {
    List<Value> values = values(key);
    for (Value v : values) {
      if (v.name() != null) {
        throw CandelaException.of(
            "%s:%d: %s: a word or a number expected, got '%s: %s'",
            file, v.line(), key, v.name(), v.text());
      }
    }
    return values.stream().map(Value::text).toList();
  }

  /** All values of a key, with names where they have some; none where it is not given. */
  public List<Value> values(String key) {
    for (Value v : valuesOrLists(key)) {
      if (v.text() == null) {
        throw noScalar(v.line());
      }
    }
    return valuesOrLists(key);
  }

  /** The same, where {@code name: [text, text]} or {@code [text, text]} may stand for one. */
  public List<Value> valuesOrLists(String key) {
    known.add(key);
    Entry e = entries.get(key);
    return e == null ? List.of() : e.values();
  }

  /** Reads a value with a message that names its line where it fails. */
  public <T> T read(String key, Value value, Function<Value, T> reader) {
    String where = file + ":" + value.line() + ": " + key;
    return CandelaException.at(where, () -> reader.apply(value));
  }

  /** Reads a value with a message that names the line where it fails. */
  public <T> T read(String key, String value, Function<String, T> reader) {
    Entry entry = entries.get(key);
    String where = file + (entry == null ? "" : ":" + entry.line()) + ": " + key;
    return CandelaException.at(where, () -> reader.apply(value));
  }

  /** Refuses keys that nobody asked for. */
  public void finish() {
    entries.forEach(
        (key, e) -> {
          if (!known.contains(key)) {
            throw CandelaException.of(
                "%s:%d: unknown key '%s'; it takes %s",
                file, e.line(), key, String.join(", ", known));
          }
        });
  }

  private String one(String key) {
    List<String> values = list(key);
    if (values.size() > 1) {
      throw wrong(key, "one value", values.toString());
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  private CandelaException wrong(String key, String expected, String came) {
    Entry e = entries.get(key);
    return CandelaException.of(
        "%s:%d: %s: %s expected, got '%s'", file, e == null ? 1 : e.line(), key, expected, came);
  }
}
