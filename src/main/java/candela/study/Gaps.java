package candela.study;

import candela.method.Methods;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What is left out of a study, by model and sweep, in words: of its plans, and of its ledger. */
public final class Gaps {
  /** A setting of a sweep, and the name of its method. */
  record Place(String sweep, String label, int method, String name, boolean baseline) {}

  /**
   * What is left out of a model for one reason.
   *
   * @param what a method, or some settings of it
   * @param reason one sentence, which does not name the method
   */
  public record Gap(String model, String what, String reason) {
    public String text() {
      return model + ": " + what + ": " + reason;
    }
  }

  private final Map<String, List<Place>> sweeps;
  private final List<Plans.LeftOut> leftOut;

  /**
   * @param places in the order of sweeps and settings
   */
  Gaps(List<Place> places, List<Plans.LeftOut> leftOut) {
    sweeps =
        places.stream()
            .collect(Collectors.groupingBy(Place::sweep, LinkedHashMap::new, Collectors.toList()));
    this.leftOut = leftOut;
  }

  /**
   * @param plan of all models
   */
  public static Gaps of(Plan plan, Plans plans) {
    List<Place> places = new ArrayList<>();
    for (Sweep s : plan.sweeps()) {
      int[] methods = plan.places(s);
      for (int i = 0; i < methods.length; i++) {
        Setting t = s.settings().get(i);
        String name = Methods.name(t.method());
        places.add(new Place(s.name(), t.label(), methods[i], name, i == s.baseline()));
      }
    }
    return new Gaps(places, plans.leftOut());
  }

  static Gaps of(Ledger ledger) {
    return new Gaps(
        ledger
            .query(
                "SELECT sweep, label, s.method, name, baseline FROM sweep s JOIN method m ON"
                    + " s.method = m.method ORDER BY number, place")
            .stream()
            .map(
                r ->
                    new Place(
                        (String) r.get(0),
                        (String) r.get(1),
                        (int) r.get(2),
                        (String) r.get(3),
                        (boolean) r.get(4)))
            .toList(),
        ledger.query("SELECT model, method, reason FROM left_out ORDER BY model, method").stream()
            .map(r -> new Plans.LeftOut((String) r.get(0), (int) r.get(1), (String) r.get(2)))
            .toList());
  }

  /** Settings mostly share a reason, which is told once. */
  public List<Gap> gaps() {
    Map<List<String>, Set<Integer>> shared = new LinkedHashMap<>();
    for (Plans.LeftOut l : leftOut) {
      shared
          .computeIfAbsent(List.of(l.model(), l.reason()), k -> new LinkedHashSet<>())
          .add(l.method());
    }
    List<Gap> gaps = new ArrayList<>();
    shared.forEach((of, methods) -> gaps.add(gap(of.get(0), of.get(1), methods)));
    return gaps;
  }

  private Gap gap(String model, String reason, Set<Integer> methods) {
    String name = places().filter(p -> methods.contains(p.method)).findFirst().orElseThrow().name;
    Set<Integer> out = of(model);
    boolean whole = places().filter(p -> p.name.equals(name)).allMatch(p -> out.contains(p.method));
    return new Gap(
        model,
        whole ? name : name + ", " + settings(methods),
        reason.substring((name + ": ").length()));
  }

  private Stream<Place> places() {
    return sweeps.values().stream().flatMap(List::stream);
  }

  /** Methods that are left out of a model. */
  private Set<Integer> of(String model) {
    return leftOut.stream()
        .filter(l -> l.model().equals(model))
        .map(Plans.LeftOut::method)
        .collect(Collectors.toSet());
  }

  /** By sweep; of a sweep that all settings are left out of, its name. */
  private String settings(Set<Integer> methods) {
    List<String> all = new ArrayList<>();
    sweeps.forEach(
        (sweep, places) -> {
          List<String> labels =
              places.stream().filter(p -> methods.contains(p.method)).map(Place::label).toList();
          if (labels.size() == places.size()) {
            all.add("sweep " + sweep);
          } else if (!labels.isEmpty()) {
            String settings = labels.size() == 1 ? "setting " : "settings ";
            all.add(settings + String.join("; ", labels) + " of sweep " + sweep);
          }
        });
    return String.join(" and ", all);
  }

  /** A sentence for each sweep of a model of which something is left, but no two to compare. */
  public List<String> uncompared() {
    List<String> lines = new ArrayList<>();
    for (String m : leftOut.stream().map(Plans.LeftOut::model).distinct().toList()) {
      Set<Integer> out = of(m);
      sweeps.forEach(
          (sweep, places) -> {
            List<Place> left = places.stream().filter(p -> !out.contains(p.method)).toList();
            if (left.isEmpty() || left.size() == places.size()) {
              return;
            }
            boolean unmarked =
                places.stream().anyMatch(Place::baseline)
                    && left.stream().noneMatch(Place::baseline);
            if (unmarked || left.size() == 1) {
              String why = unmarked ? "its marked setting is left out" : "one setting is left";
              lines.add(m + ": sweep " + sweep + ": " + why + ", so nothing is compared");
            }
          });
    }
    return lines;
  }
}
