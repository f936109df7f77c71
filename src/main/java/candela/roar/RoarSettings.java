package candela.roar;

import candela.image.Inputs;
import candela.method.Method;
import candela.method.Methods;
import candela.tensor.CandelaException;
import candela.train.Recipe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What is removed and retrained.
 *
 * @param recipe by which every model is trained, from random weights
 * @param keep whether the most important pixels are kept and all others removed (KAR)
 * @param restarts trainings of one method and fraction; restart r has the recipe's seed plus r
 */
public record RoarSettings(
    Recipe recipe,
    List<Method> methods,
    Fractions fractions,
    Ranking ranking,
    boolean keep,
    int restarts) {
  public RoarSettings {
    methods = List.copyOf(methods);
    if (methods.isEmpty()) {
      throw CandelaException.of("methods: one or more expected, got none");
    }
    Set<String> keys = new HashSet<>();
    for (Method m : methods) {
      if (!keys.add(key(m))) {
        throw CandelaException.of(
            "methods: each once expected, got %s twice; give it other parameters, or use restarts",
            Methods.name(m));
      }
    }
    if (restarts < 1) {
      throw CandelaException.of("restarts: 1 or more expected, got %d", restarts);
    }
    if (recipe.start() != null) {
      throw CandelaException.of(
          "%s: a recipe that trains from random weights expected, it has start: %s; give it an"
              + " architecture: instead",
          recipe.name(), recipe.start());
    }
  }

  /** What tells a method from all others: its name and every parameter. */
  public static String key(Method method) {
    return Methods.name(method) + " " + Methods.parameters(method);
  }

  /** Of the methods for people, unique in this list but not in others. */
  public List<String> names() {
    Map<String, Integer> seen = new HashMap<>();
    return methods.stream().map(m -> Inputs.unique(Methods.name(m), seen)).toList();
  }

  /**
   * Of a method of this list, among {@link #names}, by its key; what else there is a training of
   * has its own.
   */
  public String name(String key) {
    int place = methods.stream().map(RoarSettings::key).toList().indexOf(key);
    return place < 0 ? key : names().get(place);
  }

  /** All trainings of one method. */
  List<Training> trainings(Method method) {
    List<Training> all = new ArrayList<>();
    for (double fraction : fractions.values()) {
      for (int restart = 0; restart < restarts; restart++) {
        all.add(new Training(key(method), fraction, restart));
      }
    }
    return all;
  }

  /**
   * What all results have in common, but for data, model and device. Methods, fractions and
   * restarts are each result's own.
   */
  Map<String, Object> configuration() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("recipe", recipe.text());
    all.put("rank", ranking.name().toLowerCase(Locale.ROOT));
    all.put("keep", keep);
    return all;
  }
}
