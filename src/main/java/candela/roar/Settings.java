package candela.roar;

import candela.image.Inputs;
import candela.method.Method;
import candela.method.Methods;
import candela.tensor.CandelaException;
import candela.train.Recipe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is removed and retrained.
 *
 * @param recipe by which every model is trained, from random weights
 * @param keep whether the most important pixels are kept and all others removed (KAR)
 * @param restarts trainings of one method and fraction; restart r has the recipe's seed plus r
 */
public record Settings(
    Recipe recipe,
    List<Method> methods,
    Fractions fractions,
    Ranking ranking,
    boolean keep,
    int restarts) {
  public Settings {
    methods = List.copyOf(methods);
    if (methods.isEmpty()) {
      throw CandelaException.of("methods: one or more expected, got none");
    }
    if (restarts < 1) {
      throw CandelaException.of("restarts: 1 or more expected, got %d", restarts);
    }
    if (recipe.start() != null) {
      throw CandelaException.of(
          "%s: architecture expected, as models are trained from random weights; it starts from %s",
          recipe.name(), recipe.start());
    }
  }

  /** Of the methods, unique in the run. */
  public List<String> names() {
    Map<String, Integer> seen = new HashMap<>();
    return methods.stream().map(m -> Inputs.unique(Methods.name(m), seen)).toList();
  }

  /** All trainings of one method. */
  List<Training> trainings(String method) {
    List<Training> all = new ArrayList<>();
    for (double fraction : fractions.values()) {
      for (int restart = 0; restart < restarts; restart++) {
        all.add(new Training(method, fraction, restart));
      }
    }
    return all;
  }

  /** All that results depend on, but for data, model and device. */
  public Map<String, Object> configuration() {
    List<Object> list = new ArrayList<>();
    for (Method m : methods) {
      Map<String, Object> method = new LinkedHashMap<>();
      method.put("method", Methods.name(m));
      method.put("parameters", Methods.parameters(m));
      list.add(method);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("recipe", recipe.text());
    all.put("methods", list);
    all.put("fractions", fractions.values());
    all.put("rank", ranking.name().toLowerCase(Locale.ROOT));
    all.put("keep", keep);
    all.put("restarts", restarts);
    return all;
  }
}
