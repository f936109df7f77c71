package candela.study;

import candela.method.Method;
import candela.method.Nested;
import candela.metric.Pair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToLongFunction;

/**
 * What of the sweeps is run for one image and one model: equal methods once, and methods that
 * differ only in a nested count once, at the largest. The pipeline packs what is left.
 *
 * @param mapped all different methods, in the order of the sweeps, with the run that gives the map
 * @param runs the probes that give the maps
 */
public record Plan(List<Sweep> sweeps, Map<Method, Integer> mapped, List<Run> runs) {
  /**
   * Rows of one image and one model.
   *
   * @param comparisons where every comparison is a run of its own, of two maps
   * @param settings where every setting of every sweep is run, and its map kept
   * @param planned what is run
   */
  public record Rows(long comparisons, long settings, long planned) {}

  public static Plan of(List<Sweep> sweeps) {
    var methods = new LinkedHashSet<Method>();
    sweeps.forEach(s -> s.settings().forEach(t -> methods.add(t.method())));
    Map<Method, TreeSet<Integer>> counts = new LinkedHashMap<>();
    for (Method m : methods) {
      TreeSet<Integer> of = counts.computeIfAbsent(key(m), k -> new TreeSet<>());
      if (m instanceof Nested n) {
        of.add(n.count());
      }
    }
    List<Run> runs = new ArrayList<>();
    Map<Method, Integer> at = new HashMap<>();
    counts.forEach(
        (key, of) -> {
          at.put(key, runs.size());
          runs.add(
              key instanceof Nested n
                  ? new Run(n.with(of.last()), List.copyOf(of))
                  : new Run(key, List.of()));
        });
    Map<Method, Integer> mapped = new LinkedHashMap<>();
    methods.forEach(m -> mapped.put(m, at.get(key(m))));
    return new Plan(List.copyOf(sweeps), Collections.unmodifiableMap(mapped), List.copyOf(runs));
  }

  /** Equal where one run serves. */
  private static Method key(Method m) {
    return m instanceof Nested n ? n.with(1) : m;
  }

  /** All different ones, in the order of the sweeps. */
  public List<Method> methods() {
    return List.copyOf(mapped.keySet());
  }

  /** The run that gives the map of a method of the plan, by index. */
  int run(Method method) {
    return mapped.get(method);
  }

  /**
   * @param size rows of a method's map alone
   * @param planned rows of all runs
   */
  public Rows rows(ToLongFunction<Method> size, long planned) {
    long comparisons = 0;
    long settings = 0;
    for (Sweep s : sweeps) {
      long[] of = s.settings().stream().mapToLong(t -> size.applyAsLong(t.method())).toArray();
      settings += Arrays.stream(of).sum();
      for (Pair p : s.pairs()) {
        comparisons += of[p.a()] + of[p.b()];
      }
    }
    return new Rows(comparisons, settings, planned);
  }
}
