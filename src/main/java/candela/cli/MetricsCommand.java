package candela.cli;

import candela.metric.Direction;
import candela.metric.Metric;
import candela.metric.Metrics;
import candela.metric.Similarities;
import candela.metric.Similarity;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code candela metrics}: what there is, as the metrics' own documentation says. */
@Command(
    name = "metrics",
    description =
        "List the metrics of maps and the similarities of two: parameters with defaults, direction,"
            + " cost and paper.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "A study measures them (candela study --help). With names, all that is known of these.",
      "",
      "Examples:",
      "  candela metrics",
      "  candela metrics deletion ssim"
    })
final class MetricsCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "NAME",
      arity = "0..*",
      description = "Metrics and similarities to tell all about.")
  List<String> names = List.of();

  @Override
  public Integer call() {
    var listing = new Listing(System.out);
    List<String> all = new ArrayList<>(Metrics.names());
    all.addAll(Similarities.names());
    List<String> sections = names.isEmpty() ? Listing.SHORT : Listing.ALL;
    for (String n : names.isEmpty() ? all : names) {
      String name = Words.listed(n);
      if (Similarities.names().contains(name)) {
        Similarity similarity = Similarities.parse(n);
        listing.print(
            Similarities.name(similarity),
            similarity.getClass(),
            List.of("Higher is more alike."),
            Similarities.text(similarity),
            sections);
      } else if (!Metrics.names().contains(name)) {
        throw CandelaException.of("metrics: unknown '%s'; known are %s", n, String.join(", ", all));
      } else {
        Metric metric = Metrics.parse(n);
        listing.print(
            Metrics.name(metric), metric.getClass(), said(metric), Metrics.text(metric), sections);
      }
    }
    return Main.OK;
  }

  /** What speaks for a map, and what the metric wants beside the map. */
  private static List<String> said(Metric metric) {
    List<String> lines = new ArrayList<>();
    lines.add(
        metric.direction() == Direction.HIGHER_IS_BETTER
            ? "Higher is better."
            : "Lower is better.");
    if (metric.needsTruth()) {
      lines.add("Needs to know where the class is: boxes, or a mask.");
    }
    if (metric.needsMethod()) {
      lines.add("Needs the method: it asks for more maps.");
    }
    return lines;
  }
}
