package candela.study;

import java.util.List;

/**
 * Which of a ledger's maps the report has: all where they have room, else those of every k-th
 * setting of each sweep, the first, the last and the default one among them, and then of as many
 * images as have room, one at least.
 *
 * @param settings SQL: the rows of table sweep, and whether they are drawn
 * @param images in their order
 * @param maps SQL: the rows of table seen that are drawn
 * @param note what is not, a sentence; "" where nothing is missing
 */
record Drawn(String settings, List<Object> images, String maps, String note) {
  static Drawn of(Ledger ledger, long room) {
    long bytes = number(ledger, "SELECT coalesce(sum(octet_length(levels)), 0) FROM seen");
    long every = Math.max(1, Math.ceilDiv(bytes, room));
    String settings =
        ("SELECT *, place %% %d = 0 OR baseline OR place = max(place) OVER (PARTITION BY sweep) AS"
                + " drawn FROM sweep")
            .formatted(every);
    String methods = "SELECT method FROM (%s) WHERE drawn".formatted(settings);
    String images =
        ("SELECT image FROM (SELECT image, row_number() OVER (ORDER BY image) AS n,"
                + " sum(sum(octet_length(levels))) OVER (ORDER BY image) AS upto FROM seen WHERE"
                + " method IN (%s) GROUP BY image) WHERE n = 1 OR upto <= %d")
            .formatted(methods, room);
    String maps =
        "SELECT * FROM seen WHERE method IN (%s) AND image IN (%s)".formatted(methods, images);
    List<Object> shown = Results.column(ledger, images + " ORDER BY 1");
    long all = number(ledger, "SELECT count(DISTINCT image) FROM seen");
    return new Drawn(settings, shown, maps, note(every, shown.size(), all));
  }

  private static String note(long every, long images, long of) {
    if (every == 1) {
      return "";
    }
    String fewer = images == of ? "" : ", and of %d of %d images".formatted(images, of);
    return ("All maps would make this page too large: it has those of one in %d settings of a"
            + " sweep, and of the first, the last and the default one%s. Numbers are of all.")
        .formatted(every, fewer);
  }

  private static long number(Ledger ledger, String sql) {
    return ((Number) Results.column(ledger, sql).getFirst()).longValue();
  }
}
