package candela.study;

import candela.method.Attribution;
import candela.metric.Maps;
import candela.metric.Pair;
import candela.metric.Similarity;
import candela.metric.Treatment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The similarities of a unit: what is computed of one map alone is computed once for all sweeps.
 */
final class Comparison {
  /** What one treatment suits: a method, or several, and whether maps of a sweep have signs. */
  private record Kind(String method, boolean signed) {}

  /** A sweep, and where the maps of its settings are among a group's. */
  private record Placed(Sweep sweep, List<Pair> pairs, int[] at) {
    Pair of(Pair settings) {
      return new Pair(at[settings.a()], at[settings.b()]);
    }
  }

  /** The maps of a kind. */
  private static final class Group {
    /** Places in the plan, and here. */
    private final Map<Integer, Integer> methods = new LinkedHashMap<>();

    private final List<Placed> sweeps = new ArrayList<>();

    void add(Sweep s, List<Pair> pairs, int[] places, Plan plan) {
      for (int p : places) {
        if (plan.has(p)) {
          methods.putIfAbsent(p, methods.size());
        }
      }
      int[] at = Arrays.stream(places).map(p -> methods.getOrDefault(p, -1)).toArray();
      sweeps.add(new Placed(s, pairs, at));
    }
  }

  private Comparison() {}

  /**
   * @param found one map a method of the plan, null where it is left out
   * @param h rows of the image, to which smaller maps are brought
   */
  static List<Findings.Similar> of(Study study, Plan plan, List<Attribution> found, int h, int w) {
    if (study.similarities().isEmpty()) {
      return List.of();
    }
    Map<Kind, Group> groups = new LinkedHashMap<>();
    for (Sweep s : plan.sweeps()) {
      int[] places = plan.places(s);
      List<Pair> pairs = plan.pairs(s);
      if (pairs.isEmpty()) {
        continue;
      }
      // of this sweep alone: what else a study asks must not change its numbers
      boolean signed =
          Arrays.stream(places).filter(plan::has).anyMatch(m -> found.get(m).channels().signed());
      Kind kind = new Kind(s.method(), signed);
      groups.computeIfAbsent(kind, k -> new Group()).add(s, pairs, places, plan);
    }
    List<Findings.Similar> similar = new ArrayList<>();
    groups.forEach((kind, g) -> compare(study, found, h, w, kind, g, similar));
    return similar;
  }

  private static void compare(
      Study study,
      List<Attribution> found,
      int h,
      int w,
      Kind kind,
      Group group,
      List<Findings.Similar> similar) {
    Treatment treatment = study.treatment(kind.method, kind.signed);
    List<float[]> treated =
        group.methods.keySet().stream().toList().parallelStream()
            .map(m -> found.get(m))
            .map(a -> treatment.apply(a.map(), a.height(), a.width(), h, w))
            .toList();
    Maps maps = new Maps(h, w, treated);
    // a pair that several sweeps compare is compared once
    Map<Pair, Integer> all = new LinkedHashMap<>();
    group.sweeps.forEach(s -> s.pairs.forEach(p -> all.putIfAbsent(s.of(p), all.size())));
    List<Pair> pairs = List.copyOf(all.keySet());
    for (Study.Measure<Similarity> measure : study.similarities()) {
      double[] values = treatment.similarity(measure.text()).of(maps, pairs);
      for (Placed s : group.sweeps) {
        for (Pair p : s.pairs) {
          double value = values[all.get(s.of(p))];
          similar.add(new Findings.Similar(s.sweep.name(), p.a(), p.b(), measure.name(), value));
        }
      }
    }
  }
}
