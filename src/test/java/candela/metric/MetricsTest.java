package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;

import candela.config.About;
import candela.config.Parameters;
import org.junit.jupiter.api.Test;

class MetricsTest {
  /** What "candela metrics" prints is the Javadoc: it says all, and names every parameter. */
  @Test
  void everyMetricIsDocumentedInFull() {
    for (String name : Metrics.names()) {
      Metric metric = Metrics.parse(name);
      About about = About.of(metric.getClass());
      assertThat(about.shows()).as(name).endsWith(".").doesNotContain("{@", "<");
      assertThat(about.sections().keySet())
          .as(name)
          .containsSubsequence("Definition", "Shapes", "Parameters", "Cost", "Source");
      about.sections().forEach((k, v) -> assertThat(v).as(name + " " + k).doesNotContain("{@"));
      String parameters = about.sections().get("Parameters");
      Metrics.parameters(metric).keySet().forEach(p -> assertThat(parameters).as(name).contains(p));
    }
  }

  @Test
  void everySimilarityIsDocumentedInFull() {
    for (String name : Similarities.names()) {
      Similarity similarity = Similarities.parse(name);
      About about = About.of(similarity.getClass());
      assertThat(about.shows()).as(name).endsWith(".").doesNotContain("{@", "<");
      assertThat(about.sections().keySet())
          .as(name)
          .containsSubsequence("Definition", "Shapes", "Source");
      String parameters = about.sections().getOrDefault("Parameters", "");
      Parameters.of((Record) similarity)
          .keySet()
          .forEach(p -> assertThat(parameters).as(name).contains(p));
    }
  }
}
