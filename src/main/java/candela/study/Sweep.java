package candela.study;

import candela.config.Spec;
import candela.method.Method;
import candela.method.Methods;
import candela.metric.Pair;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One method with some of its parameters varied: {@code sliding-patch:patch=[52,53*,54],stride=3};
 * or several methods.
 *
 * <p>A parameter is varied by a list of values or ranges in brackets, {@code 0..4} or {@code
 * 5..53/12}; several varied ones give all combinations. Values marked with * are what the others
 * are compared with; without marks every two settings are compared.
 *
 * @param baseline the setting that others are compared with; {@link #ALL_PAIRS} for none
 */
public record Sweep(String name, List<Setting> settings, int baseline) {
  /** No baseline: every two settings are compared. */
  public static final int ALL_PAIRS = -1;

  private static final int MOST = 10_000;

  /**
   * Of maps that are compared: of one image and model all are held in memory, some hundred bytes
   * each.
   */
  private static final int MOST_PAIRS = 2_000_000;

  public Sweep {
    settings = List.copyOf(settings);
  }

  /** Which settings are compared: the first of a pair with the second. */
  public List<Pair> pairs() {
    return baseline == ALL_PAIRS
        ? Pair.all(settings.size())
        : Pair.against(baseline, settings.size());
  }

  /**
   * @param folder where names of files start
   * @throws CandelaException when a name, key or value is unknown or out of range
   */
  public static Sweep parse(String name, String text, Path folder) {
    return parse(name, text, folder, false);
  }

  /**
   * The same.
   *
   * @param among whether labels tell all that is given, as among other methods, or what is varied
   */
  private static Sweep parse(String name, String text, Path folder, boolean among) {
    Spec spec = Spec.parse(text);
    Map<String, Values> varied = new LinkedHashMap<>();
    spec.given()
        .forEach(
            (key, value) -> {
              if (value.startsWith("[") && value.endsWith("]")) {
                varied.put(key, Values.parse(spec.name() + ": " + key, value));
              }
            });
    List<Map<String, String>> chosen = List.of(Map.of());
    for (var v : varied.entrySet()) {
      checkCount(name, (long) chosen.size() * v.getValue().texts().size());
      chosen = times(chosen, v.getKey(), v.getValue().texts());
    }
    List<Setting> settings = new ArrayList<>();
    for (Map<String, String> c : chosen) {
      String one = text(spec, c);
      settings.add(new Setting(among ? one : label(c), Methods.parse(one, folder)));
    }
    checkDifferent(name, settings);
    return new Sweep(name, settings, baseline(name, varied));
  }

  /**
   * Several methods, some of which may be varied; of one that ends with *, all others are compared
   * with it.
   *
   * @param folder where names of files start
   */
  static Sweep ofMethods(String name, List<String> texts, Path folder) {
    List<Setting> settings = new ArrayList<>();
    int baseline = ALL_PAIRS;
    for (String text : texts) {
      boolean marked = text.endsWith("*");
      String spec = marked ? text.substring(0, text.length() - 1) : text;
      Sweep one = parse(name, spec, folder, true);
      if (one.baseline != ALL_PAIRS || (marked && (baseline >= 0 || one.settings.size() > 1))) {
        throw CandelaException.of(
            "%s: of several methods one at most is marked with *, as a whole: NAME: [gradient*,"
                + " lrp]; got %s",
            name, text);
      }
      baseline = marked ? settings.size() : baseline;
      settings.addAll(one.settings);
    }
    checkDifferent(name, settings);
    return new Sweep(name, settings, baseline);
  }

  /**
   * The same, of a study that compares its maps.
   *
   * @throws CandelaException where too many settings are compared
   */
  Sweep compared() {
    long n = settings.size();
    if (baseline == ALL_PAIRS && n * (n - 1) / 2 > MOST_PAIRS) {
      throw CandelaException.of(
          "%s: at most %,d pairs of settings expected, every two of %,d are %,d; mark one with *,"
              + " and the others are compared with it",
          name, MOST_PAIRS, n, n * (n - 1) / 2);
    }
    return this;
  }

  private static void checkCount(String name, long settings) {
    if (settings > MOST) {
      throw CandelaException.of("%s: at most %d settings expected in a sweep", name, MOST);
    }
  }

  private static void checkDifferent(String name, List<Setting> settings) {
    checkCount(name, settings.size());
    Map<Method, String> seen = new HashMap<>();
    for (Setting s : settings) {
      String before = seen.put(s.method(), s.label());
      if (before != null) {
        String what = before.equals(s.label()) ? "there twice" : "the same as " + before;
        throw CandelaException.of(
            "%s: every setting once expected, %s is %s", name, s.label(), what);
      }
    }
  }

  /** The method of all settings; empty where there are several. */
  String method() {
    List<String> names = settings.stream().map(s -> Methods.name(s.method())).distinct().toList();
    return names.size() == 1 ? names.getFirst() : "";
  }

  private static List<Map<String, String>> times(
      List<Map<String, String>> chosen, String key, List<String> values) {
    List<Map<String, String>> all = new ArrayList<>();
    for (Map<String, String> c : chosen) {
      for (String v : values) {
        Map<String, String> more = new LinkedHashMap<>(c);
        more.put(key, v);
        all.add(more);
      }
    }
    return all;
  }

  /** The spec with these values for those that are varied. */
  private static String text(Spec spec, Map<String, String> chosen) {
    String pairs =
        spec.given().entrySet().stream()
            .map(e -> e.getKey() + "=" + Spec.quoted(chosen.getOrDefault(e.getKey(), e.getValue())))
            .collect(Collectors.joining(","));
    return pairs.isEmpty() ? spec.name() : spec.name() + ":" + pairs;
  }

  private static String label(Map<String, String> chosen) {
    if (chosen.size() == 1) {
      return chosen.values().iterator().next();
    }
    return chosen.isEmpty()
        ? "default"
        : chosen.entrySet().stream()
            .map(e -> e.getKey() + "=" + e.getValue())
            .collect(Collectors.joining(", "));
  }

  /** The setting of all marked values, in the order of {@link #times}. */
  private static int baseline(String name, Map<String, Values> varied) {
    long marked = varied.values().stream().filter(v -> v.marked() >= 0).count();
    if (marked == 0) {
      return ALL_PAIRS;
    }
    if (marked < varied.size()) {
      throw CandelaException.of(
          "%s: a value marked with * in all lists or in none expected, got it in %d of %d",
          name, marked, varied.size());
    }
    int at = 0;
    for (Values v : varied.values()) {
      at = at * v.texts().size() + v.marked();
    }
    return at;
  }
}
