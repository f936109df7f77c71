package candela.metric;

import candela.config.Parameters;
import candela.config.Spec;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** All metrics, by name, and how they are read from text. */
public final class Metrics {
  /** One line a metric, alphabetical. */
  private enum Entry {
    AIC(new Aic()),
    AVERAGE_DROP(new AverageDrop()),
    COMPLETENESS(new Completeness()),
    COMPLEXITY(new Complexity()),
    CONTINUITY(new Continuity()),
    DELETION(new Deletion(), Map.of("rise", Deletion.rise(), "sam", Deletion.sam())),
    EFFECTIVE_COMPLEXITY(new EffectiveComplexity()),
    FAITHFULNESS_CORRELATION(new FaithfulnessCorrelation()),
    FAITHFULNESS_ESTIMATE(new FaithfulnessEstimate()),
    INFIDELITY(new Infidelity()),
    INSERTION(new Insertion(), Map.of("rise", Insertion.rise(), "sam", Insertion.sam())),
    IROF(new Irof()),
    LOCALISATION(new Localisation()),
    MAX_SENSITIVITY(new MaxSensitivity()),
    MONOTONICITY(new Monotonicity()),
    MONOTONICITY_CORRELATION(new MonotonicityCorrelation()),
    NON_SENSITIVITY(new NonSensitivity()),
    POINTING_GAME(new PointingGame()),
    REGION_PERTURBATION(new RegionPerturbation()),
    RELATIVE_INPUT_STABILITY(new RelativeInputStability()),
    RELATIVE_OUTPUT_STABILITY(new RelativeOutputStability()),
    RELATIVE_REPRESENTATION_STABILITY(new RelativeRepresentationStability()),
    RELEVANCE_MASS(new RelevanceMass()),
    RELEVANCE_RANK(new RelevanceRank()),
    ROAD(new Road()),
    ROC_AUC(new RocAuc()),
    SENSITIVITY_N(new SensitivityN()),
    SIC(new Sic()),
    SPARSENESS(new Sparseness()),
    TOP_K_INTERSECTION(new TopKIntersection());

    final Metric defaults;

    /** Published settings, by the word that parameter preset takes; rise where none is given. */
    final Map<String, Metric> presets;

    Entry(Metric defaults) {
      this(defaults, Map.of());
    }

    Entry(Metric defaults, Map<String, Metric> presets) {
      this.defaults = defaults;
      this.presets = new TreeMap<>(presets);
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What a spec starts from. */
    Metric defaults(Spec s) {
      return presets.isEmpty()
          ? defaults
          : presets.get(s.choice("preset", "rise", List.copyOf(presets.keySet())));
    }
  }

  private Metrics() {}

  public static List<String> names() {
    return Arrays.stream(Entry.values()).map(Entry::text).toList();
  }

  /** The metric's name, as {@link #parse} takes it. */
  public static String name(Metric metric) {
    for (Entry e : Entry.values()) {
      if (e.defaults.getClass() == metric.getClass()) {
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
        Record defaults = (Record) e.defaults(spec);
        Metric metric = (Metric) Parameters.read(spec, defaults, Parameters::value);
        spec.finish();
        return metric;
      }
    }
    throw CandelaException.of(
        "metric: unknown '%s'; known are %s", spec.name(), String.join(", ", names()));
  }

  /**
   * Names that tell metrics apart: of one that is there with other parameters too,
   * NAME:key=value,key=value of those in which they differ.
   */
  public static List<String> names(List<Metric> metrics) {
    return Parameters.names(
        metrics.stream().map(Metrics::name).toList(),
        metrics.stream().map(Metrics::parameters).toList());
  }

  /** Parameters that can be written as text: key=value, key=value. */
  public static String text(Metric metric) {
    return Parameters.text((Record) metric);
  }

  /** Parameters with their values, in the order of the record; for provenance. */
  public static Map<String, Object> parameters(Metric metric) {
    return Parameters.of((Record) metric);
  }
}
