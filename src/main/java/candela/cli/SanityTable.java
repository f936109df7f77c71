package candela.cli;

import candela.config.Csv;
import candela.image.ContactSheet;
import candela.image.Image;
import candela.image.LineChart;
import candela.image.WholeFile;
import candela.sanity.Compared;
import candela.sanity.Variant;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The similarities of a check: each in a file, their means over the images printed and drawn. */
final class SanityTable {
  private final List<String> methods;
  private final List<Variant> variants;
  private final List<String> similarities;
  private final List<String> lines = new ArrayList<>();

  /** By method, variant and similarity, over images where the value is a number. */
  private final double[][][] sum;

  private final int[][][] count;

  SanityTable(List<String> methods, List<Variant> variants, List<String> similarities) {
    this.methods = methods;
    this.variants = variants;
    this.similarities = similarities;
    sum = new double[methods.size()][variants.size()][similarities.size()];
    count = new int[methods.size()][variants.size()][similarities.size()];
    lines.add("image,class,method,kind,variant,layer,variantClass,similarity,value");
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
              similarities.get(c.similarity()),
              Double.toString(c.value())));
      count(c.method(), c.variant(), c.similarity(), c.value());
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
            similarities.indexOf(row.get(7)),
            Double.parseDouble(row.get(8)));
      }
    }
  }

  private void count(int method, int variant, int similarity, double value) {
    if (!Double.isNaN(value)) {
      sum[method][variant][similarity] += value;
      count[method][variant][similarity]++;
    }
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

  /** A block for each similarity: methods down, variants across. */
  void print(PrintStream out, String images) {
    for (int s = 0; s < similarities.size(); s++) {
      out.printf("%n%s of maps, mean over %s%n", similarities.get(s), images);
      List<String> title = new ArrayList<>(List.of("method"));
      variants.forEach(v -> title.add(v.name()));
      var table = new Table("l" + "r".repeat(variants.size()), title.toArray(String[]::new));
      for (int m = 0; m < methods.size(); m++) {
        Object[] cells = new Object[variants.size() + 1];
        cells[0] = methods.get(m);
        for (int v = 0; v < variants.size(); v++) {
          cells[v + 1] = Table.number(mean(m, v, s));
        }
        table.add(cells);
      }
      table.print(out);
    }
  }

  /** A chart for each similarity, over the stages of randomisation. */
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
    for (int s = 0; s < similarities.size(); s++) {
      LineChart chart = new LineChart(760, 420, places);
      for (int m = 0; m < methods.size(); m++) {
        double[] values = new double[places.size()];
        Arrays.fill(values, 1);
        for (int i = 0; i < stages.size(); i++) {
          values[i + 1] = mean(m, stages.get(i), s);
        }
        chart.line(methods.get(m), values);
      }
      cells.add(new ContactSheet.Cell(chart.draw(), similarities.get(s), "", null));
    }
    var sheet =
        new ContactSheet(title, "similarity to the original map, by layers that are random");
    for (int from = 0; from < cells.size(); from += 2) {
      sheet.row(cells.subList(from, Math.min(from + 2, cells.size())));
    }
    return sheet.draw();
  }
}
