package candela.cli;

import candela.config.Csv;
import candela.image.ContactSheet;
import candela.image.Image;
import candela.image.LineChart;
import candela.image.WholeFile;
import candela.sanity.Compared;
import candela.sanity.SanityCheck;
import candela.sanity.Variant;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The similarities of a check and the rise of complexity, its measures: each in a file, their means
 * over the images printed and drawn.
 */
final class SanityTable {
  /** Of the file's columns: one that begins otherwise is another version's. */
  static final String TITLE =
      "image,class,method,kind,variant,layer,variantClass,similarity,value,reason";

  private final List<String> methods;
  private final List<Variant> variants;
  private final List<String> measures;
  private final List<String> lines = new ArrayList<>();

  /** Place of the variant that has nothing learnt left; -1 where there is none. */
  private final int forgotten;

  /** By method, of that variant, by image. */
  private final List<List<Double>> rises = new ArrayList<>();

  /** By method, variant and measure, over images where the value is a number. */
  private final double[][][] sum;

  private final int[][][] count;

  /** By reason, of how many values of each method it is why they are NaN. */
  private final Map<String, Map<Integer, Integer>> without = new LinkedHashMap<>();

  SanityTable(List<String> methods, List<Variant> variants, List<String> measures, int forgotten) {
    this.methods = methods;
    this.variants = variants;
    this.measures = measures;
    this.forgotten = forgotten;
    methods.forEach(_ -> rises.add(new ArrayList<>()));
    sum = new double[methods.size()][variants.size()][measures.size()];
    count = new int[methods.size()][variants.size()][measures.size()];
    lines.add(TITLE);
  }

  /**
   * @param target class of the original map
   * @param targets of each variant's
   */
  void add(String image, int target, int[] targets, List<Compared> compared) {
    for (Compared c : compared) {
      Variant v = variants.get(c.variant());
      lines.add(
          Csv.line(
              image,
              Integer.toString(target),
              methods.get(c.method()),
              Words.of(v.kind()),
              v.name(),
              v.about(),
              Integer.toString(targets[c.variant()]),
              measures.get(c.similarity()),
              Double.toString(c.value()),
              c.reason()));
      count(c.method(), c.variant(), c.similarity(), c.value(), c.reason());
    }
  }

  /** Takes over the rows of these images that an earlier run of the same check wrote. */
  void restore(List<List<String>> rows, Set<String> images) {
    List<String> names = variants.stream().map(v -> Words.of(v.kind()) + " " + v.name()).toList();
    for (List<String> row : rows) {
      if (images.contains(row.getFirst())) {
        lines.add(Csv.line(row.toArray(String[]::new)));
        count(
            methods.indexOf(row.get(2)),
            names.indexOf(row.get(3) + " " + row.get(4)),
            measures.indexOf(row.get(7)),
            Double.parseDouble(row.get(8)),
            row.get(9));
      }
    }
  }

  private void count(int method, int variant, int measure, double value, String reason) {
    if (Double.isNaN(value)) {
      without.computeIfAbsent(reason, _ -> new TreeMap<>()).merge(method, 1, Integer::sum);
    } else {
      sum[method][variant][measure] += value;
      count[method][variant][measure]++;
      if (isRise(measure) && variant == forgotten) {
        rises.get(method).add(value);
      }
    }
  }

  private boolean isRise(int measure) {
    return measures.get(measure).equals(SanityCheck.RISE);
  }

  /** Writes all rows, and tells by what they are known again: new ones come behind them. */
  Map<String, Object> write(Path file) {
    byte[] bytes = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
    WholeFile.write(file, part -> Files.write(part, bytes));
    return Provenance.ordered("bytes", bytes.length, "sha256", WholeFile.sha256(bytes));
  }

  private double mean(int method, int variant, int similarity) {
    return sum[method][variant][similarity] / count[method][variant][similarity];
  }

  /**
   * A block for each measure: methods down, variants across; of the rise also its deviation over
   * images where nothing learnt is left.
   */
  void print(PrintStream out, String images) {
    for (int s = 0; s < measures.size(); s++) {
      boolean deviates = isRise(s) && forgotten >= 0;
      out.printf("%n%s of maps, mean over %s%n", measures.get(s), images);
      List<String> title = new ArrayList<>(List.of("method"));
      variants.forEach(v -> title.add(v.name()));
      if (deviates) {
        title.add("SD of " + variants.get(forgotten).name());
      }
      var table = new Table("l" + "r".repeat(title.size() - 1), title.toArray(String[]::new));
      for (int m = 0; m < methods.size(); m++) {
        List<String> cells = new ArrayList<>(List.of(methods.get(m)));
        for (int v = 0; v < variants.size(); v++) {
          cells.add(Table.number(mean(m, v, s)));
        }
        if (deviates) {
          cells.add(Table.number(deviation(rises.get(m))));
        }
        table.add(cells.toArray());
      }
      table.print(out);
    }
  }

  /** Why values are NaN, and of which methods. */
  void tellWithout(PrintStream err) {
    without.forEach(
        (why, of) -> {
          boolean every = of.size() == methods.size() && of.size() > 1;
          String which =
              every
                  ? "all methods"
                  : of.keySet().stream().map(methods::get).collect(Collectors.joining(", "));
          int n = of.values().stream().mapToInt(Integer::intValue).sum();
          err.printf("candela: NaN of %s (%s): %s%n", which, Words.counted(n, "value"), why);
        });
  }

  /** By n − 1; of fewer than two none. */
  private static double deviation(List<Double> values) {
    double mean = 0;
    for (double v : values) {
      mean += v / values.size();
    }
    double square = 0;
    for (double v : values) {
      square += (v - mean) * (v - mean);
    }
    return values.size() < 2 ? Double.NaN : Math.sqrt(square / (values.size() - 1));
  }

  /** A chart for each measure, over the stages of randomisation. */
  Image curves(String title) {
    List<Integer> stages = new ArrayList<>();
    for (int v = 0; v < variants.size(); v++) {
      if (variants.get(v).kind() == Variant.Kind.RANDOMISED) {
        stages.add(v);
      }
    }
    List<String> places = new ArrayList<>(List.of("original"));
    stages.forEach(v -> places.add(variants.get(v).name()));
    List<ContactSheet.Cell> cells = new ArrayList<>();
    for (int s = 0; s < measures.size(); s++) {
      LineChart chart = new LineChart(760, 420, places);
      for (int m = 0; m < methods.size(); m++) {
        double[] values = new double[places.size()];
        Arrays.fill(values, isRise(s) ? 0 : 1);
        for (int i = 0; i < stages.size(); i++) {
          values[i + 1] = mean(m, stages.get(i), s);
        }
        chart.line(methods.get(m), values);
      }
      cells.add(new ContactSheet.Cell(chart.draw(), measures.get(s), "", null));
    }
    var sheet =
        new ContactSheet(
            title,
            "similarity to the original map, and rise of complexity, by layers that are random");
    for (int from = 0; from < cells.size(); from += 2) {
      sheet.row(cells.subList(from, Math.min(from + 2, cells.size())));
    }
    return sheet.draw();
  }
}
