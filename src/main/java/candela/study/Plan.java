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
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;

/**
 * What of the sweeps is run for one image and one model: equal methods once, and methods that
 * differ only in a nested count once, at the largest. The pipeline packs what is left.
 *
 * @param methods all different ones, in the order of the sweeps
 * @param places of the methods in that list
 * @param runs the probes that give the maps
 * @param given the run that gives the map of each method, by index; −1 where it is left out
 */
public record Plan(
    List<Sweep> sweeps,
    List<Method> methods,
    Map<Method, Integer> places,
    List<Run> runs,
    List<Integer> given) {
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
    Map<Method, Integer> places = new HashMap<>();
    methods.forEach(m -> places.put(m, places.size()));
    return new Plan(
        List.copyOf(sweeps),
        List.copyOf(methods),
        Collections.unmodifiableMap(places),
        List.copyOf(runs),
        methods.stream().map(m -> at.get(key(m))).toList());
  }

  /** Equal where one run serves. */
  private static Method key(Method m) {
    return m instanceof Nested n ? n.with(1) : m;
  }

  /** The same without the maps of some runs' methods, whose places others keep. */
  Plan without(Set<Method> unsuited) {
    List<Run> left = runs.stream().filter(r -> !unsuited.contains(r.method())).toList();
    Map<Method, Integer> at = new HashMap<>();
    left.forEach(r -> at.put(r.method(), at.size()));
    List<Integer> gives =
        given.stream().map(i -> i < 0 ? -1 : at.getOrDefault(runs.get(i).method(), -1)).toList();
    return new Plan(sweeps, methods, places, left, gives);
  }

  /** Whether a method, by its place, has a map. */
  boolean has(int method) {
    return given.get(method) >= 0;
  }

  /** The methods that have a map. */
  List<Method> mapped() {
    return methods.stream().filter(m -> has(places.get(m))).toList();
  }

  /** What is compared in a sweep: settings of which both have a map. */
  List<Pair> pairs(Sweep sweep) {
    int[] of = places(sweep);
    return sweep.pairs().stream().filter(p -> has(of[p.a()]) && has(of[p.b()])).toList();
  }

  /** Of the methods of a sweep's settings. */
  int[] places(Sweep sweep) {
    return sweep.settings().stream().mapToInt(s -> places.get(s.method())).toArray();
  }

  /**
   * @param size rows of a method's map alone
   * @param planned rows of all runs
   */
  public Rows rows(ToLongFunction<Method> size, long planned) {
    long comparisons = 0;
    long settings = 0;
    for (Sweep s : sweeps) {
      long[] of =
          Arrays.stream(places(s))
              .mapToLong(m -> has(m) ? size.applyAsLong(methods.get(m)) : 0)
              .toArray();
      settings += Arrays.stream(of).sum();
      for (Pair p : pairs(s)) {
        comparisons += of[p.a()] + of[p.b()];
      }
    }
    return new Rows(comparisons, settings, planned);
  }
}
