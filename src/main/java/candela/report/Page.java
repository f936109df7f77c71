package candela.report;

import candela.image.WholeFile;
import candela.tensor.Resource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;

/**
 * One HTML file that needs nothing else: {@code report.html} with the charting library (Apache
 * ECharts) and the data put in.
 */
public final class Page {
  private static final String CHARTS = "/META-INF/resources/webjars/echarts/5.5.0/echarts.min.js";

  private Page() {}

  /**
   * @param data numbers, texts, lists and maps by name, as report.html reads them
   */
  public static void write(Path file, Map<String, ?> data) {
    // no text of the data may end the script it stands in
    String json = new ObjectMapper().writeValueAsString(data).replace("<", "\\u003c");
    String page =
        Resource.text(Page.class, "/candela/report.html")
            .replace("/*CHARTS*/", Resource.text(Page.class, CHARTS))
            .replace("/*DATA*/", json);
    WholeFile.write(file, part -> Files.writeString(part, page));
  }
}
