package candela.study;

import candela.image.ColorMap;
import candela.tensor.CandelaException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the report shows of a ledger, as lists and maps. Of a sweep of thousands of settings a page
 * with every map, pair and number would be larger than a browser opens: it has as many maps as have
 * room, of settings spread over all, and similarities with the default setting alone.
 */
public final class Results {
  private static final int STEPS = 127;

  /** Bytes of all maps. */
  private static final long ROOM = 96L << 20;

  /** Settings of a sweep whose similarities are drawn as a matrix. */
  private static final int MATRIX = 100;

  /** Sweeps of several methods, by how many settings they have. */
  private static final String SEVERAL =
      "SELECT sweep FROM sweep JOIN method USING (method) GROUP BY sweep HAVING"
          + " count(DISTINCT name) > 1 AND count(*)";

  private static final String CROWDED =
      SEVERAL
          + " > %d AND sweep IN (SELECT sweep FROM similarity) ORDER BY min(number)"
              .formatted(MATRIX);

  private static final String WITH_DEFAULT =
      "SELECT * FROM similarity JOIN (SELECT sweep, place AS b FROM sweep WHERE baseline) USING"
          + " (sweep, b)";

  private Results() {}

  public static Map<String, Object> of(Ledger ledger) {
    return of(ledger, ROOM);
  }

  /**
   * @param room bytes that maps may take, those of one image always
   */
  static Map<String, Object> of(Ledger ledger, long room) {
    Drawn drawn = Drawn.of(ledger, room);
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", ledger.query("SELECT value FROM meta WHERE key = 'name'").getFirst().get(0));
    all.put("models", column(ledger, "SELECT DISTINCT model FROM unit ORDER BY 1"));
    all.put("images", drawn.images());
    all.put("measures", column(ledger, "SELECT DISTINCT measure FROM similarity ORDER BY 1"));
    all.put(
        "methods", table(ledger, "SELECT method, name, parameters FROM method ORDER BY method"));
    all.put("metrics", table(ledger, "SELECT metric, text, better FROM metric ORDER BY metric"));
    all.put(
        "sweeps",
        table(
            ledger,
            "SELECT sweep, place, label, d.method, name, baseline, drawn FROM (%s) d JOIN method m"
                    .formatted(drawn.settings())
                + " ON d.method = m.method ORDER BY number, place"));
    all.put("undrawn", drawn.note());
    all.put(
        "leftOut",
        table(
            ledger,
            "SELECT model, method, name, parameters, sweep, label, reason FROM left_out JOIN method"
                + " USING (method) JOIN sweep USING (method) ORDER BY model, number, place"));
    Gaps gaps = Gaps.of(ledger);
    all.put("gaps", gaps.gaps().stream().map(g -> g.model() + ": " + g.what()).distinct().toList());
    all.put("uncompared", gaps.uncompared());
    all.put(
        "sensitivity",
        table(
            ledger,
            "SELECT model, sweep, measure, mean, sd, images, without FROM sensitivity JOIN (SELECT"
                + " DISTINCT sweep, number FROM sweep) USING (sweep) ORDER BY measure, number,"
                + " model"));
    all.put(
        "agreement",
        table(
            ledger,
            "SELECT model, sweep, measure, a, b, avg(value ORDER BY image) FILTER (NOT"
                + " isnan(value)) FROM similarity JOIN (%s <= %d) USING (sweep) GROUP BY ALL ORDER"
                    .formatted(SEVERAL, MATRIX)
                + " BY ALL"));
    all.put("crowded", column(ledger, CROWDED));
    all.put(
        "near",
        table(
            ledger,
            "SELECT model, sweep, a, measure, avg(value ORDER BY image) FILTER (NOT isnan(value))"
                + " FROM (%s) GROUP BY ALL ORDER BY ALL".formatted(WITH_DEFAULT)));
    all.put(
        "accuracy",
        table(
            ledger,
            "SELECT model, sweep, metric, mean, sd, images, without FROM accuracy JOIN (SELECT"
                + " DISTINCT sweep, number FROM sweep) USING (sweep) WHERE part = '' ORDER BY"
                + " metric, number, model"));
    all.put(
        "settings",
        table(
            ledger,
            "SELECT model, sweep, place, label, metric, mean, images, without FROM"
                + " accuracy_by_setting JOIN"
                + " (SELECT DISTINCT sweep, number FROM sweep) USING (sweep) WHERE part = '' ORDER"
                + " BY number, place, metric, model"));
    all.put(
        "units",
        table(
            ledger,
            "SELECT model, image, target_name, predicted_name, probability FROM unit ORDER BY"
                + " model, image"));
    all.put(
        "similar",
        table(
            ledger,
            "SELECT model, image, sweep, a, measure, value FROM (%s) JOIN (SELECT sweep, place AS a"
                    .formatted(WITH_DEFAULT)
                + " FROM (%s) WHERE drawn) USING (sweep, a) WHERE image IN (SELECT image FROM (%s))"
                    .formatted(drawn.settings(), drawn.maps())
                + " ORDER BY ALL"));
    all.put("seen", seen(ledger, drawn));
    all.put("views", views(ledger));
    all.put("palettes", palettes());
    all.put("modelFiles", table(ledger, "SELECT name, file, sha256 FROM model ORDER BY name"));
    all.put("runs", table(ledger, "SELECT * EXCLUDE (study) FROM run ORDER BY run"));
    all.put(
        "cost",
        table(
            ledger,
            "SELECT model, count(*) AS units, sum(rows)::BIGINT AS rows, sum(seconds) AS seconds"
                + " FROM unit JOIN timing USING (model, image) GROUP BY model ORDER BY model"));
    all.put("yaml", yaml(ledger));
    return all;
  }

  private static Object yaml(Ledger ledger) {
    List<Object> last = column(ledger, "SELECT study FROM run ORDER BY run DESC LIMIT 1");
    if (last.isEmpty()) {
      throw CandelaException.of(
          "%s: a ledger with results expected, no run has begun in it; run candela study FILE.yaml",
          ledger.file());
    }
    return last.getFirst();
  }

  /** The first column of a query. */
  static List<Object> column(Ledger ledger, String sql) {
    return ledger.query(sql).stream().map(List::getFirst).toList();
  }

  private static List<List<Object>> table(Ledger ledger, String sql) {
    List<List<Object>> rows = new ArrayList<>();
    for (List<Object> row : ledger.query(sql)) {
      List<Object> plain = new ArrayList<>();
      row.forEach(v -> plain.add(plain(v)));
      rows.add(plain);
    }
    return rows;
  }

  /** What JSON has: no NaN, and times as text. */
  private static Object plain(Object v) {
    return switch (v) {
      case null -> null;
      case Double d -> Double.isFinite(d) ? d : null;
      case Number n -> n;
      case Boolean b -> b;
      case LocalDateTime t -> String.format(Locale.ROOT, "%tF %<tT", t);
      default -> v.toString();
    };
  }

  /** model, image, method: [h, w, signed, limit, levels]. */
  private static Map<String, Object> seen(Ledger ledger, Drawn drawn) {
    Map<String, Object> seen = new LinkedHashMap<>();
    for (List<Object> r :
        ledger.query(
            "SELECT model, image, method, h, w, signed, bound, levels FROM (%s) ORDER BY model,"
                    .formatted(drawn.maps())
                + " image, method")) {
      String levels = Base64.getEncoder().encodeToString((byte[]) r.get(7));
      seen.put(
          key(r.get(0), r.get(1), r.get(2)),
          List.of(r.get(3), r.get(4), r.get(5), plain(r.get(6)), levels));
    }
    return seen;
  }

  private static Map<String, Object> views(Ledger ledger) {
    Map<String, Object> views = new LinkedHashMap<>();
    for (List<Object> r :
        ledger.query("SELECT model, image, view FROM unit WHERE octet_length(view) > 0")) {
      views.put(key(r.get(0), r.get(1)), Base64.getEncoder().encodeToString((byte[]) r.get(2)));
    }
    return views;
  }

  private static String key(Object... parts) {
    return String.join("\t", Arrays.stream(parts).map(String::valueOf).toList());
  }

  private static Map<String, Object> palettes() {
    Map<String, Object> palettes = new LinkedHashMap<>();
    palettes.put("signed", palette(true));
    palettes.put("unsigned", palette(false));
    return palettes;
  }

  /** Colours of -127 to 127, or 0 to 127. */
  private static List<String> palette(boolean signed) {
    ColorMap map = signed ? ColorMap.DIVERGING : ColorMap.SEQUENTIAL;
    List<String> colours = new ArrayList<>();
    for (int i = signed ? -STEPS : 0; i <= STEPS; i++) {
      colours.add(String.format(Locale.ROOT, "%06x", map.at((double) i / STEPS)));
    }
    return colours;
  }
}
