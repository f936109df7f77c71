package candela.method;

import candela.tensor.CandelaException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** All methods, by name, and how they are read from text. */
public final class Methods {
  /** One line a method, alphabetical. */
  private enum Entry {
    FEATURE_ABLATION(FeatureAblation.class, Methods::featureAblation),
    GRADIENT(Gradient.class, Methods::gradient),
    INPUT_X_GRADIENT(InputXGradient.class, Methods::inputXGradient),
    INTEGRATED_GRADIENTS(IntegratedGradients.class, Methods::integratedGradients),
    OCCLUSION(Occlusion.class, Methods::occlusion),
    SLIDING_PATCH(SlidingPatch.class, Methods::slidingPatch),
    SMOOTHGRAD(SmoothGrad.class, Methods::smoothGrad);

    final Class<? extends Method> type;
    final Function<Parameters, Method> read;

    Entry(Class<? extends Method> type, Function<Parameters, Method> read) {
      this.type = type;
      this.read = read;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private Methods() {}

  public static List<String> names() {
    return java.util.Arrays.stream(Entry.values()).map(Entry::text).toList();
  }

  /** The method's name, as {@link #of} takes it. */
  public static String name(Method method) {
    for (Entry e : Entry.values()) {
      if (e.type == method.getClass()) {
        return e.text();
      }
    }
    throw new IllegalArgumentException(method.getClass() + " is not listed");
  }

  /**
   * A method by its name and parameters; those not given have their defaults.
   *
   * @param name as listed, with - or _
   * @throws CandelaException when name, key or value is unknown
   */
  public static Method of(String name, Map<String, String> parameters) {
    for (Entry e : Entry.values()) {
      if (e.name().equalsIgnoreCase(name.replace('-', '_'))) {
        Parameters p = new Parameters(e.text(), parameters);
        Method method = e.read.apply(p);
        p.end();
        return method;
      }
    }
    throw CandelaException.of(
        "method: unknown '%s'; known are %s", name, String.join(", ", names()));
  }

  /** A method written as NAME or NAME:key=value,key=value. */
  public static Method parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    Map<String, String> parameters = new LinkedHashMap<>();
    if (colon >= 0 && colon + 1 < text.length()) {
      for (String pair : text.substring(colon + 1).split(",", -1)) {
        int equals = pair.indexOf('=');
        if (equals < 1) {
          throw CandelaException.of(
              "method '%s': NAME:key=value,key=value expected, got '%s' in it", text, pair);
        }
        String key = pair.substring(0, equals).strip();
        if (parameters.put(key, pair.substring(equals + 1).strip()) != null) {
          throw CandelaException.of("%s: parameter '%s' is given twice", name, key);
        }
      }
    }
    return of(name.strip(), parameters);
  }

  /** What the listed method takes, with defaults: key=value, key=value. */
  public static String usage(String name) {
    return text(of(name, Map.of()));
  }

  /** Parameters that can be written as text: key=value, key=value. */
  public static String text(Method method) {
    return parameters(method).entrySet().stream()
        .filter(e -> !(e.getValue() instanceof List<?>))
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(", "));
  }

  /** Parameters with their values, in the order of the record; for provenance. */
  public static Map<String, Object> parameters(Method method) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (var c : method.getClass().getRecordComponents()) {
      try {
        Object v = c.getAccessor().invoke(method);
        values.put(c.getName(), v instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : v);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return values;
  }

  private static Method featureAblation(Parameters p) {
    var d = new FeatureAblation();
    return new FeatureAblation(
        p.integer("grid", d.grid()),
        d.featureMask(),
        p.choice("baseline", d.baseline()),
        p.big("seed", d.seed()),
        p.choice("score", d.score()));
  }

  private static Method gradient(Parameters p) {
    var d = new Gradient();
    return new Gradient(p.choice("score", d.score()), p.choice("channels", d.channels()));
  }

  private static Method inputXGradient(Parameters p) {
    var d = new InputXGradient();
    return new InputXGradient(p.choice("score", d.score()), p.choice("channels", d.channels()));
  }

  private static Method integratedGradients(Parameters p) {
    var d = new IntegratedGradients();
    return new IntegratedGradients(
        p.integer("nSteps", d.nSteps()),
        p.choice("method", d.method()),
        p.choice("baseline", d.baseline()),
        p.big("seed", d.seed()),
        p.flag("multiplyByInputs", d.multiplyByInputs()),
        p.choice("score", d.score()),
        p.choice("channels", d.channels()));
  }

  private static Method occlusion(Parameters p) {
    var d = new Occlusion();
    return new Occlusion(
        p.integer("window", d.window()),
        p.integer("stride", d.stride()),
        p.choice("fill", d.fill()),
        p.big("seed", d.seed()),
        p.choice("overlap", d.overlap()),
        p.choice("score", d.score()));
  }

  private static Method slidingPatch(Parameters p) {
    var d = new SlidingPatch();
    return new SlidingPatch(
        p.integer("patch", d.patch()),
        p.integer("stride", d.stride()),
        p.choice("score", d.score()));
  }

  private static Method smoothGrad(Parameters p) {
    var d = new SmoothGrad();
    return new SmoothGrad(
        p.integer("samples", d.samples()),
        p.number("spread", d.spread()),
        p.number("stdev", d.stdev()),
        p.choice("type", d.type()),
        p.big("seed", d.seed()),
        p.choice("score", d.score()),
        p.choice("channels", d.channels()));
  }
}
