package candela.study;

import candela.method.Attribution;
import candela.method.Methods;
import candela.metric.Maps;
import candela.metric.Pair;
import candela.metric.Similarity;
import candela.metric.Treatment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The similarities of a unit: what is computed of one map alone is computed once for all sweeps.
 */
final class Comparison {
  /** What one treatment suits: a method, and whether maps of a sweep have signs. */
  private record Kind(String method, boolean signed) {}

  /** The maps of a kind. */
  private static final class Group {
    private final Set<Integer> methods = new LinkedHashSet<>();
    private final List<Sweep> sweeps = new ArrayList<>();
  }

  private Comparison() {}

  /**
   * @param found one map a method of the plan
   * @param h rows of the image, to which smaller maps are brought
   */
  static List<Findings.Similar> of(Study study, Plan plan, List<Attribution> found, int h, int w) {
    Map<Kind, Group> groups = new LinkedHashMap<>();
    for (Sweep s : plan.sweeps()) {
      List<Integer> methods =
          s.settings().stream().map(t -> plan.methods().indexOf(t.method())).toList();
      // of this sweep alone: what else a study asks must not change its numbers
      boolean signed = methods.stream().anyMatch(m -> found.get(m).channels().signed());
      Kind kind = new Kind(Methods.name(s.settings().getFirst().method()), signed);
      Group g = groups.computeIfAbsent(kind, k -> new Group());
      g.methods.addAll(methods);
      g.sweeps.add(s);
    }
    List<Findings.Similar> similar = new ArrayList<>();
    groups.forEach((kind, g) -> compare(study, plan, found, h, w, kind, g, similar));
    return similar;
  }

  private static void compare(
      Study study,
      Plan plan,
      List<Attribution> found,
      int h,
      int w,
      Kind kind,
      Group group,
      List<Findings.Similar> similar) {
    List<Integer> methods = List.copyOf(group.methods);
    Treatment treatment = study.treatment(kind.method, kind.signed);
    List<float[]> treated =
        methods.parallelStream()
            .map(m -> found.get(m))
            .map(a -> treatment.apply(a.map(), a.height(), a.width(), h, w))
            .toList();
    Maps maps = new Maps(h, w, treated);
    // a pair that several sweeps compare is compared once
    var all = new LinkedHashSet<Pair>();
    group.sweeps.forEach(s -> s.pairs().forEach(p -> all.add(pair(plan, methods, s, p))));
    List<Pair> pairs = List.copyOf(all);
    for (Study.Measure<Similarity> measure : study.similarities()) {
      double[] values = treatment.similarity(measure.text()).of(maps, pairs);
      Map<Pair, Double> of = new LinkedHashMap<>();
      for (int i = 0; i < values.length; i++) {
        of.put(pairs.get(i), values[i]);
      }
      for (Sweep s : group.sweeps) {
        for (Pair p : s.pairs()) {
          double value = of.get(pair(plan, methods, s, p));
          similar.add(new Findings.Similar(s.name(), p.a(), p.b(), measure.name(), value));
        }
      }
    }
  }

  /** Places in a sweep as places among the group's maps. */
  private static Pair pair(Plan plan, List<Integer> methods, Sweep s, Pair p) {
    return new Pair(place(plan, methods, s, p.a()), place(plan, methods, s, p.b()));
  }

  private static int place(Plan plan, List<Integer> methods, Sweep s, int setting) {
    return methods.indexOf(plan.methods().indexOf(s.settings().get(setting).method()));
  }
}
