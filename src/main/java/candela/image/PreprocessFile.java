package candela.image;

import candela.tensor.CandelaException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * {@link Preprocess} as a small YAML file; every key may be left out, {@code preset} gives the rest
 * ({@code imagenet} where it is left out too).
 *
 * <pre>{@code
 * preset: imagenet
 * fit: short-side        # centre, exact, short-side
 * crop: 0.875
 * filter: bilinear       # nearest, box, bilinear, bicubic, lanczos
 * order: rgb             # rgb, bgr
 * divisor: 255
 * mean: [0.485, 0.456, 0.406]
 * std: [0.229, 0.224, 0.225]
 * }</pre>
 */
public final class PreprocessFile {
  /** Of values that have been divided; a larger one is in levels. */
  private static final float LARGEST = 2;

  private final String file;
  private final Map<?, ?> values;
  private final Map<String, Integer> lines;
  private final TreeSet<String> known = new TreeSet<>();

  private PreprocessFile(String file, Map<?, ?> values, Map<String, Integer> lines) {
    this.file = file;
    this.values = values;
    this.lines = lines;
  }

  public static Preprocess read(Path file) {
    return parse(file.toString(), WholeFile.text(file));
  }

  /** Of YAML text; errors name the file. */
  static Preprocess parse(String file, String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    Object root;
    Map<String, Integer> lines;
    try {
      Yaml yaml = new Yaml(new SafeConstructor(options));
      root = yaml.load(text);
      lines = lines(yaml.compose(new StringReader(text)));
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
      throw new CandelaException(
          file
              + ": line "
              + line
              + ": YAML expected: "
              + String.valueOf(e.getProblem()).replaceAll("\\s+", " "),
          e);
    } catch (YAMLException e) {
      throw new CandelaException(
          file + ": YAML expected: " + e.getMessage().replaceAll("\\s+", " "), e);
    }
    if (!(root instanceof Map<?, ?> map)) {
      throw CandelaException.of(
          "%s: 'key: value' lines expected, got %s", file, root == null ? "an empty file" : root);
    }
    return new PreprocessFile(file, map, lines).preprocess();
  }

  /** The line of each key, from 1. */
  private static Map<String, Integer> lines(Node root) {
    Map<String, Integer> lines = new HashMap<>();
    if (root instanceof MappingNode map) {
      for (NodeTuple t : map.getValue()) {
        if (t.getKeyNode() instanceof ScalarNode key) {
          lines.put(key.getValue(), key.getStartMark().getLine() + 1);
        }
      }
    }
    return lines;
  }

  private Preprocess preprocess() {
    Object preset = take("preset");
    Preprocess base = Preprocess.presets().get(preset == null ? "imagenet" : preset);
    if (base == null) {
      throw wrong("preset", String.join(", ", Preprocess.presets().keySet()), preset);
    }
    Fit fit = choice("fit", base.fit());
    double crop = number("crop", take("crop"), base.crop()).doubleValue();
    Filter filter = choice("filter", base.filter());
    Preprocess.Order order = choice("order", base.order());
    Object given = take("divisor");
    float divisor = number("divisor", given, base.divisor()).floatValue();
    List<Float> mean = numbers("mean", base.mean());
    List<Float> std = numbers("std", base.std());
    if (given == null && divisor > LARGEST) {
      checkDivided("mean", mean, divisor);
      checkDivided("std", std, divisor);
    }
    for (Object key : values.keySet()) {
      if (!known.contains(String.valueOf(key))) {
        throw CandelaException.of(
            "%s: unknown key '%s'; it takes %s",
            where(String.valueOf(key)), key, String.join(", ", known));
      }
    }
    try {
      return new Preprocess(fit, crop, filter, order, divisor, mean, std);
    } catch (CandelaException e) {
      String key = e.getMessage().replaceFirst(":.*", "");
      throw new CandelaException(where(key) + ": " + e.getMessage(), e);
    }
  }

  private void checkDivided(String key, List<Float> values, float divisor) {
    if (values.stream().anyMatch(v -> v > LARGEST)) {
      throw CandelaException.of(
          "%s: %s: numbers for values that were divided by %s (the preset's divisor) expected, got"
              + " %s; add divisor: 1 where they are for levels, else divide them",
          where(key), key, divisor, values);
    }
  }

  private Object take(String key) {
    known.add(key);
    return values.get(key);
  }

  private Number number(String key, Object value, Number otherwise) {
    return switch (value) {
      case null -> otherwise;
      case Number n -> n;
      default -> throw wrong(key, "a number", value);
    };
  }

  private List<Float> numbers(String key, List<Float> otherwise) {
    Object value = take(key);
    if (value == null) {
      return otherwise;
    }
    List<?> list = value instanceof List<?> l ? l : List.of(value);
    return list.stream().map(v -> number(key, v == null ? "" : v, 0).floatValue()).toList();
  }

  private <E extends Enum<E>> E choice(String key, E otherwise) {
    Object value = take(key);
    if (value == null) {
      return otherwise;
    }
    E[] all = otherwise.getDeclaringClass().getEnumConstants();
    return Arrays.stream(all)
        .filter(e -> name(e).equals(value))
        .findFirst()
        .orElseThrow(
            () ->
                wrong(
                    key,
                    String.join(", ", Arrays.stream(all).map(PreprocessFile::name).toList()),
                    value));
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private CandelaException wrong(String key, String expected, Object came) {
    return CandelaException.of("%s: %s: %s expected, got '%s'", where(key), key, expected, came);
  }

  private String where(String key) {
    Integer line = lines.get(key);
    return line == null ? file : file + ": line " + line;
  }
}
