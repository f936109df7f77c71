package candela.cli;

import candela.image.ContactSheet;
import candela.image.Image;
import candela.image.LineChart;
import candela.method.Method;
import candela.roar.Results;
import candela.roar.RoarSettings;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The accuracies that a run was asked for, printed and drawn. */
final class RoarTable {
  private final RoarSettings settings;
  private final Results results;

  /**
   * @param results no others
   */
  RoarTable(RoarSettings settings, Results results) {
    this.settings = settings;
    this.results = results;
  }

  /** 12.5 % of 0.125. */
  static String percent(double share) {
    BigDecimal hundred = BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros();
    return hundred.toPlainString() + " %";
  }

  private String what() {
    return settings.keep() ? "kept" : "removed";
  }

  /** Mean and, of several restarts, deviation; in per cent. */
  String accuracy(Method method, double fraction) {
    String key = RoarSettings.key(method);
    double deviation = results.deviation(key, fraction);
    String mean = number(results.mean(key, fraction));
    return Double.isNaN(deviation) ? mean : mean + " ± " + number(deviation);
  }

  private static String number(double accuracy) {
    return Double.isNaN(accuracy) ? "-" : String.format(Locale.ROOT, "%.1f", 100 * accuracy);
  }

  /** Methods down, fractions across. */
  void print(PrintStream out) {
    out.printf(
        "%naccuracy in %% after training without what was removed; of the model that is explained,"
            + " on pictures as they are: %s%n",
        number(results.unchanged()));
    List<String> title = new ArrayList<>(List.of("method"));
    settings.fractions().values().forEach(f -> title.add(percent(f) + " " + what()));
    var table = new Table("l" + "r".repeat(title.size() - 1), title.toArray(String[]::new));
    for (Method m : settings.methods()) {
      List<String> row = new ArrayList<>(List.of(settings.name(RoarSettings.key(m))));
      settings.fractions().values().forEach(f -> row.add(accuracy(m, f)));
      table.add(row.toArray());
    }
    table.print(out);
  }

  /** Accuracy over the fraction; pictures as they are have nothing removed, or all kept. */
  Image curves() {
    List<Double> fractions = new ArrayList<>(settings.fractions().values());
    int whole = settings.keep() ? fractions.size() : 0;
    fractions.add(whole, settings.keep() ? 1.0 : 0.0);
    var chart =
        new LineChart(
            900,
            480,
            fractions.stream().map(RoarTable::percent).toList(),
            fractions.stream().mapToDouble(f -> f).toArray());
    for (Method m : settings.methods()) {
      String key = RoarSettings.key(m);
      double[] values = new double[fractions.size()];
      Arrays.setAll(
          values, i -> i == whole ? results.unchanged() : results.mean(key, fractions.get(i)));
      chart.line(settings.name(key), values);
    }
    return new ContactSheet(
            settings.recipe().name(),
            "accuracy after training anew, by the share of pixels that was "
                + what()
                + ": the most important ones of each method's maps")
        .row(List.of(new ContactSheet.Cell(chart.draw(), "", "", null)))
        .draw();
  }
}
