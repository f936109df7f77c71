package candela.study;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The means of a ledger as lines of text, and how robust models compare with ordinary ones. */
public final class Summary {
  private static final String ROBUST = "-robust";

  private Summary() {}

  public static List<String> print(Ledger ledger) {
    List<String> lines = new ArrayList<>();
    Set<String> models = new LinkedHashSet<>();
    Map<String, Map<String, Map<String, double[]>>> all = new LinkedHashMap<>();
    for (List<Object> r :
        ledger.query(
            "SELECT measure, sweep, model, mean, sd, images, coalesce(pairs, 0) FROM sensitivity"
                + " JOIN (SELECT DISTINCT sweep, number FROM sweep) USING (sweep) ORDER BY measure,"
                + " number, model")) {
      models.add((String) r.get(2));
      all.computeIfAbsent((String) r.get(0), k -> new LinkedHashMap<>())
          .computeIfAbsent((String) r.get(1), k -> new LinkedHashMap<>())
          .put(
              (String) r.get(2),
              new double[] {number(r.get(3)), number(r.get(4)), (long) r.get(5), (long) r.get(6)});
    }
    int first =
        Math.max(
            8,
            all.values().stream()
                .flatMap(s -> s.keySet().stream())
                .mapToInt(String::length)
                .max()
                .orElse(8));
    all.forEach(
        (measure, sweeps) -> {
          lines.add("");
          StringBuilder head = new StringBuilder(pad(measure, first));
          models.forEach(m -> head.append("  ").append(left(m, Math.max(15, m.length()))));
          lines.add(head.toString());
          sweeps.forEach((sweep, of) -> lines.add(row(sweep, of, models, first)));
        });
    differing(all).ifPresent(lines::add);
    without(ledger).ifPresent(lines::add);
    alone(ledger).ifPresent(lines::add);
    leftOut(ledger).ifPresent(lines::add);
    for (String model : models) {
      if (models.contains(model + ROBUST)) {
        lines.add("");
        all.forEach((measure, sweeps) -> lines.add(compare(measure, sweeps, model)));
        lines.add(accuracy(ledger, model));
      }
    }
    return lines;
  }

  /** Says so where models of one row have means over different numbers of images. */
  private static Optional<String> differing(Map<String, Map<String, Map<String, double[]>>> all) {
    return all.values().stream()
        .flatMap(sweeps -> sweeps.values().stream())
        .filter(of -> of.values().stream().mapToDouble(v -> v[2]).distinct().count() > 1)
        .map(
            of ->
                "means are over different numbers of images and not to be compared: "
                    + of.entrySet().stream()
                        .map(e -> e.getKey() + " " + (long) e.getValue()[2])
                        .collect(Collectors.joining(", ")))
        .findFirst();
  }

  /** Says so where means leave out images. */
  private static Optional<String> without(Ledger ledger) {
    Object means =
        ledger
            .query(
                "SELECT (SELECT count(*) FROM sensitivity WHERE without > 0) + (SELECT count(*)"
                    + " FROM accuracy WHERE part = '' AND without > 0)")
            .getFirst()
            .getFirst();
    return means.equals(0L)
        ? Optional.empty()
        : Optional.of(
            "means of similarities and metrics that leave out images without a number (NaN): "
                + means
                + "; columns images and without of the report's tables tell how many");
  }

  /** Says so where a sweep has one setting: two are compared. */
  private static Optional<String> alone(Ledger ledger) {
    List<String> alone =
        ledger
            .query(
                "SELECT sweep FROM sweep GROUP BY sweep HAVING count(*) = 1 ORDER BY min(number)")
            .stream()
            .map(r -> (String) r.getFirst())
            .toList();
    return alone.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "nothing to compare in "
                + String.join(", ", alone)
                + ": one setting; two or more are written as samples=[25,50]");
  }

  /** How much is left out: why is told before a study begins. */
  private static Optional<String> leftOut(Ledger ledger) {
    String models =
        ledger
            .query(
                "SELECT model, count(*) FROM left_out JOIN sweep USING (method) GROUP BY model"
                    + " ORDER BY model")
            .stream()
            .map(
                r -> r.get(1) + (r.get(1).equals(1L) ? " setting of " : " settings of ") + r.get(0))
            .collect(Collectors.joining(", "));
    return models.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "left out: "
                + models
                + "; the reasons are in the report and in the ledger's table left_out");
  }

  private static String row(String sweep, Map<String, double[]> of, Set<String> models, int first) {
    StringBuilder row = new StringBuilder(pad(sweep, first));
    for (String m : models) {
      double[] v = of.get(m);
      row.append("  ").append(left(v == null ? "" : cell(v), Math.max(15, m.length())));
    }
    return row.toString();
  }

  /** A mean and its deviation, which one pair has none of. */
  private static String cell(double[] v) {
    if (v[2] == 0) {
      return "-";
    }
    return Double.isNaN(v[1])
        ? String.format(Locale.ROOT, "%.3f", v[0])
        : String.format(Locale.ROOT, "%.3f ± %.3f", v[0], v[1]);
  }

  /** SAM's finding: maps of robust models depend less on the settings. */
  private static String compare(
      String measure, Map<String, Map<String, double[]>> sweeps, String model) {
    int of = 0;
    List<String> against = new ArrayList<>();
    for (var s : sweeps.entrySet()) {
      double[] ordinary = s.getValue().get(model);
      double[] robust = s.getValue().get(model + ROBUST);
      boolean alike =
          ordinary != null
              && robust != null
              && ordinary[2] == robust[2]
              && ordinary[3] == robust[3];
      if (alike && robust[2] > 0) {
        of++;
        if (robust[0] <= ordinary[0]) {
          against.add(s.getKey());
        }
      }
    }
    return String.format(
        Locale.ROOT,
        "%s: maps of %s%s depend less on the settings than those of %s in %d of %d sweeps%s",
        measure,
        model,
        ROBUST,
        model,
        of - against.size(),
        of,
        against.isEmpty() ? "" : "; not in " + String.join(", ", against));
  }

  /** SAM's finding: so do the scores of their maps. */
  private static String accuracy(Ledger ledger, String model) {
    List<List<Object>> rows =
        ledger.query(
            "SELECT count(*), count(*) FILTER (r.sd < o.sd) FROM accuracy o JOIN accuracy r USING"
                + " (sweep, metric, part) WHERE part = '' AND o.model = ? AND r.model = ? AND"
                + " o.images = r.images AND o.settings = r.settings AND o.sd >= 0 AND r.sd >= 0",
            model,
            model + ROBUST);
    return String.format(
        Locale.ROOT,
        "scores of %s%s's maps spread less than those of %s's in %s of %s sweeps and metrics",
        model,
        ROBUST,
        model,
        rows.getFirst().get(1),
        rows.getFirst().get(0));
  }

  /** NaN where a mean is over nothing. */
  private static double number(Object mean) {
    return mean == null ? Double.NaN : (double) mean;
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  private static String left(String text, int width) {
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }
}
