package candela.metric;

import candela.config.Parameters;
import candela.config.Spec;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** All metrics, by name, and how they are read from text. */
public final class Metrics {
  /** One line a metric, alphabetical. */
  private enum Entry {
    COMPLEXITY(Complexity.class, s -> new Complexity()),
    DELETION(Deletion.class, Metrics::deletion),
    EFFECTIVE_COMPLEXITY(EffectiveComplexity.class, Metrics::effectiveComplexity),
    INSERTION(Insertion.class, Metrics::insertion),
    LOCALISATION(Localisation.class, Metrics::localisation),
    POINTING_GAME(PointingGame.class, Metrics::pointingGame),
    RELEVANCE_MASS(RelevanceMass.class, s -> new RelevanceMass()),
    RELEVANCE_RANK(RelevanceRank.class, s -> new RelevanceRank()),
    SPARSENESS(Sparseness.class, s -> new Sparseness());

    final Class<? extends Metric> type;
    final Function<Spec, Metric> read;

    Entry(Class<? extends Metric> type, Function<Spec, Metric> read) {
      this.type = type;
      this.read = read;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private static final List<String> PRESETS = List.of("rise", "sam");

  private Metrics() {}

  public static List<String> names() {
    return Arrays.stream(Entry.values()).map(Entry::text).toList();
  }

  /** The metric's name, as {@link #parse} takes it. */
  public static String name(Metric metric) {
    for (Entry e : Entry.values()) {
      if (e.type == metric.getClass()) {
        return e.text();
      }
    }
    throw new IllegalArgumentException(metric.getClass() + " is not listed");
  }

  /**
   * A metric written as NAME or NAME:key=value,key=value; parameters not given have their defaults.
   *
   * @param text names as listed, with - or _
   * @throws CandelaException when name, key or value is unknown
   */
  public static Metric parse(String text) {
    Spec spec = Spec.parse(text);
    for (Entry e : Entry.values()) {
      if (e.name().equalsIgnoreCase(spec.name().replace('-', '_'))) {
        Metric metric = e.read.apply(spec);
        spec.finish();
        return metric;
      }
    }
    throw CandelaException.of(
        "metric: unknown '%s'; known are %s", spec.name(), String.join(", ", names()));
  }

  /** Parameters that can be written as text: key=value, key=value. */
  public static String text(Metric metric) {
    return Parameters.text((Record) metric);
  }

  /** Parameters with their values, in the order of the record; for provenance. */
  public static Map<String, Object> parameters(Metric metric) {
    return Parameters.of((Record) metric);
  }

  private static Metric deletion(Spec s) {
    Deletion d =
        s.choice("preset", "rise", PRESETS).equals("sam") ? Deletion.sam() : Deletion.rise();
    return new Deletion(
        s.integer("step", d.step()),
        choice(s, "substrate", d.substrate()),
        s.bool("predicted", d.predicted()),
        s.bool("normalise", d.normalise()),
        choice(s, "score", d.score()));
  }

  private static Metric effectiveComplexity(Spec s) {
    return new EffectiveComplexity(s.number("eps", new EffectiveComplexity().eps()));
  }

  private static Metric insertion(Spec s) {
    Insertion d =
        s.choice("preset", "rise", PRESETS).equals("sam") ? Insertion.sam() : Insertion.rise();
    return new Insertion(
        s.integer("step", d.step()),
        choice(s, "substrate", d.substrate()),
        s.bool("predicted", d.predicted()),
        s.bool("normalise", d.normalise()),
        choice(s, "score", d.score()));
  }

  private static Metric localisation(Spec s) {
    var d = new Localisation();
    return new Localisation(
        s.number("from", d.from()),
        s.number("to", d.to()),
        s.number("by", d.by()),
        s.number("least", d.least()));
  }

  private static Metric pointingGame(Spec s) {
    return new PointingGame(s.number("tolerance", new PointingGame().tolerance()));
  }

  /** A constant of the enum, in lower case. */
  private static <E extends Enum<E>> E choice(Spec s, String key, E otherwise) {
    Map<String, E> words = new LinkedHashMap<>();
    for (E e : otherwise.getDeclaringClass().getEnumConstants()) {
      words.put(e.name().toLowerCase(Locale.ROOT), e);
    }
    String word = otherwise.name().toLowerCase(Locale.ROOT);
    return words.get(s.choice(key, word, List.copyOf(words.keySet())));
  }
}
