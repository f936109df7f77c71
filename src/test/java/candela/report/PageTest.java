package candela.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report as a reader meets it, in a browser. */
class PageTest {
  @TempDir Path folder;

  /** Two models, one image, one sweep of three settings; the second is the default. */
  private static Map<String, Object> data() {
    Map<String, Object> d = new LinkedHashMap<>();
    d.put("name", "</script><b>study");
    d.put("models", List.of("a", "b"));
    d.put("images", List.of("cat"));
    d.put("measures", List.of("ssim"));
    d.put(
        "methods", List.of(List.of(0, "m", "p=1"), List.of(1, "m", "p=2"), List.of(2, "m", "p=3")));
    d.put(
        "metrics",
        List.of(
            List.of("deletion", "deletion", "lower is better"),
            List.of("insertion", "insertion", "higher is better")));
    d.put(
        "sweeps",
        List.of(
            List.of("s", 0, "1", 0, "m", false, true),
            List.of("s", 1, "2", 1, "m", true, true),
            List.of("s", 2, "2.5", 3, "m", false, false),
            List.of("s", 3, "3", 2, "m", false, true),
            List.of("both", 0, "<m>", 0, "m", false, true),
            List.of("both", 1, "n:k=1", 1, "n", false, true),
            List.of("both", 2, "o", 2, "o", false, true)));
    d.put("undrawn", "Some are not drawn.");
    d.put("crowded", List.of("many"));
    d.put(
        "agreement",
        List.of(
            // of b nothing is compared, of a one pair has no number and one is not compared
            List.of("a", "both", "ssim", 0, 1, 0.25),
            Arrays.asList("a", "both", "ssim", 1, 2, null)));
    d.put(
        "sensitivity",
        List.of(
            List.of("a", "s", "ssim", 0.75, 0.1, 1, 0),
            Arrays.asList("b", "s", "ssim", 0.5, null, 1, 0)));
    d.put(
        "near",
        List.of(List.of("a", "s", 0, "ssim", 0.625), Arrays.asList("a", "s", 3, "ssim", null)));
    d.put(
        "accuracy",
        List.of(
            Arrays.asList("a", "s", "deletion", 0.25, 0.01, 1, 0),
            // one setting has no spread
            Arrays.asList("b", "s", "deletion", 0.5, null, 1, 0),
            Arrays.asList("b", "s", "insertion", null, null, 0, 1)));
    d.put(
        "settings",
        IntStream.range(0, 2001)
            .mapToObj(i -> List.of("a", i < 2000 ? "s" : "both", i % 2000, "", "deletion", 2, 1, 0))
            .toList());
    d.put("leftOut", List.of(List.of("b", 2, "m", "x=3", "s", "3", "b.onnx: no attention")));
    d.put("gaps", List.of("b: m, setting 3 of sweep s"));
    d.put("uncompared", List.of("b: sweep s: nothing is compared"));
    d.put(
        "units",
        List.of(
            List.of("a", "cat", "tabby", "tabby", 0.9),
            List.of("b", "cat", "tabby", "class 4", 0.1)));
    d.put(
        "similar",
        List.of(
            List.of("a", "cat", "s", 0, "ssim", 0.625),
            List.of("a", "cat", "s", 3, "ssim", 0.875)));
    Map<String, Object> seen = new LinkedHashMap<>();
    for (int i = 0; i < 3; i++) {
      String levels =
          Base64.getEncoder().encodeToString(new byte[] {127, -127, (byte) (40 * i), 0});
      seen.put("a\tcat\t" + i, List.of(2, 2, true, 1.5, levels));
    }
    d.put("seen", seen);
    d.put("views", Map.of());
    d.put("palettes", Map.of("signed", signed(), "unsigned", signed().subList(127, 255)));
    d.put("modelFiles", List.of(List.of("a", "a.onnx", "00")));
    d.put("runs", List.of(List.of(0, "2026-01-01", "0", "cpu", 2, 16, 1, "25", "Linux")));
    d.put("cost", List.of(List.of("a", 1, 10, 0.5)));
    d.put("yaml", "models: [<a>]");
    return d;
  }

  /** Level i has the colour of its number. */
  private static List<String> signed() {
    return IntStream.range(0, 255).mapToObj(i -> String.format("%06x", i)).toList();
  }

  @Test
  void thePageLoadsItsSliderChangesTheMapAndItsTablesSort() throws Exception {
    Path page = folder.resolve("report.html");
    Page.write(page, data());
    assertThat(Files.readString(page)).doesNotContain("</script><b>");
    try (Browser browser = Browser.open(page, folder.resolve("profile"))) {
      assertThat(browser.evaluate("document.title")).isEqualTo("</script><b>study – Candela study");
      assertThat(browser.evaluate("document.getElementById('about').textContent"))
          .startsWith("2 models, 2 units, 2 sweeps, 3 different maps a unit; 10 rows in ");
      assertThat(browser.evaluate("counted(1, 'sweep') + counted(2000, 'row')"))
          .isEqualTo("1 sweep2,000 rows");
      assertThat(browser.evaluate("document.querySelectorAll('.chart svg').length")).isEqualTo("4");

      String drawn =
          "echarts.getInstanceByDom(document.querySelector('#%s .chart')).getOption().series"
              + ".map(s => s.data.filter(v => v !== null && !isNaN(v[1] ?? 0)).length)";
      // a bar and a whisker a model, but where there is no deviation; no chart of no point
      assertThat(browser.evaluate(drawn.formatted("bars"))).isEqualTo("1,1,1,0");
      assertThat(browser.evaluate(drawn.formatted("points"))).isEqualTo("1,0");
      // of the similarities with the default setting one has a number
      assertThat(browser.evaluate(drawn.formatted("lines"))).isEqualTo("1,0");
      String titles =
          "[...document.querySelectorAll('#lines .chart')].map(c => { const o ="
              + " echarts.getInstanceByDom(c).getOption(); return [o.title[0].text,"
              + " o.series[0].type, o.series[0].markLine.data[0].xAxis].join(' ') })";
      assertThat(browser.evaluate(titles))
          .isEqualTo("ssim to the default setting line 1,deletion line 1");
      // another sweep: its charts alone are drawn anew, and bars begin at 0
      String bars =
          "(s => { const first = document.querySelector('#bars .chart'); s.value = 'both';"
              + " s.dispatchEvent(new Event('change')); const o ="
              + " echarts.getInstanceByDom(document.querySelector('#lines .chart')).getOption();"
              + " const found = [document.querySelector('#bars .chart') === first, charts.length,"
              + " o.series[0].type, o.yAxis[0].scale]; s.value = 's'; s.dispatchEvent(new"
              + " Event('change')); return found; })(document.getElementById('curved'))";
      assertThat(browser.evaluate(bars)).isEqualTo("true,3,bar,false");

      String matrices =
          "[...document.querySelectorAll('.matrix')].map(m => m.caption.textContent + '|'"
              + " + [...m.rows].map(r => [...r.cells].map(c => c.textContent)))";
      assertThat(browser.evaluate(matrices))
          .isEqualTo("ssim, a|,<m>,n:k=1,o,<m>,,0.25,,n:k=1,0.25,,–,o,,–,");

      assertThat(browser.evaluate("document.querySelector('#matrices > p').textContent"))
          .startsWith("many has 0 settings, too many for a matrix");
      assertThat(browser.evaluate("document.getElementById('undrawn').textContent"))
          .isEqualTo("Some are not drawn.");
      assertThat(browser.evaluate("document.querySelectorAll('#grid th[scope=row]').length"))
          .isEqualTo("3");
      assertThat(browser.evaluate("document.getElementById('rows').textContent"))
          .isEqualTo("Settings, those of the slider");
      // long labels leave room for numbers
      String small =
          "(m => { document.body.append(m); for (const h of m.querySelectorAll('th'))"
              + " (h.querySelector('span') ?? h).textContent = 'k=1,'.repeat(50); const sizes ="
              + " [m.rows[0].offsetHeight < 300, m.rows[1].cells[0].offsetWidth < 300]; m.remove();"
              + " return sizes; })(document.querySelector('.matrix').cloneNode(true))";
      assertThat(browser.evaluate(small)).isEqualTo("true,true");
      // where a column of numbers has none, the dash stands where they do
      String dashes =
          "[...document.querySelectorAll('#tableAccuracy td')].filter(c => c.textContent === '–')"
              + ".map(c => c.className)";
      assertThat(browser.evaluate(dashes)).isEqualTo("n,n,n");

      assertThat(browser.evaluate("document.querySelectorAll('#now figcaption')[1].textContent"))
          .startsWith("atabby: 90.0 %");
      String pixel =
          "document.querySelectorAll('#now"
              + " canvas')[0].getContext('2d').getImageData(0,1,1,1).data[2]";
      String said = "document.querySelector('#now .similarity').textContent";
      // level 40 of the default setting, the second, has colour 127 + 40
      assertThat(browser.evaluate(pixel)).isEqualTo("167");
      assertThat(browser.evaluate(said)).isEqualTo("the default setting");
      browser.evaluate("document.getElementById('slider').focus()");
      browser.press("ArrowRight", 39);
      assertThat(browser.evaluate(pixel)).isEqualTo("207");
      assertThat(browser.evaluate(said)).isEqualTo("ssim 0.875");
      browser.press("Home", 36);
      assertThat(browser.evaluate(pixel)).isEqualTo("127");
      assertThat(browser.evaluate(said)).isEqualTo("ssim 0.625");
      assertThat(browser.evaluate("document.getElementById('setting').value")).isEqualTo("1");

      String means =
          "[...document.querySelectorAll('#tableSensitivity tbody tr')].map(r =>"
              + " r.cells[3].textContent)";
      assertThat(browser.evaluate(means)).isEqualTo("0.7500,0.5000");
      browser.evaluate("document.querySelectorAll('#tableSensitivity th button')[3].focus()");
      browser.press("Enter", 13);
      assertThat(browser.evaluate(means)).isEqualTo("0.5000,0.7500");
      browser.press("Enter", 13);
      assertThat(browser.evaluate(means)).isEqualTo("0.7500,0.5000");

      assertThat(browser.evaluate("document.getElementById('left').textContent"))
          .isEqualTo(
              "Left out, as they have no meaning for the model: b: m, setting 3 of sweep s; the"
                  + " reasons are in the tables.b: sweep s: nothing is compared.");
      assertThat(browser.evaluate("document.querySelector('#tableLeft tbody tr').textContent"))
          .isEqualTo("b2mx=3s3b.onnx: no attention");
      assertThat(browser.evaluate("document.querySelector('#tableAccuracy tbody').textContent"))
          .isEqualTo("asdeletion0.25000.010010bsdeletion0.5000–10bsinsertion––01");

      assertThat(browser.evaluate("document.querySelectorAll('#tableSettings tbody tr').length"))
          .isEqualTo("2000");
      assertThat(browser.evaluate("document.querySelector('#tableSettings caption').textContent"))
          .endsWith("the first 2,000 of 2,001; candela export writes all");

      String back = "getComputedStyle(document.body).backgroundColor";
      browser.show("light", "screen");
      assertThat(browser.evaluate(back)).isEqualTo("rgb(255, 255, 255)");
      browser.show("dark", "screen");
      assertThat(browser.evaluate(back)).isEqualTo("rgb(13, 17, 23)");

      // drawn for paper while the screen's layout is there, as browsers do it
      browser.show("light", "screen");
      browser.evaluate("dispatchEvent(new Event('beforeprint'))");
      browser.show("light", "print");
      String inside =
          "[...document.querySelectorAll('.chart')].map(c => [c, c.querySelector('svg')]"
              + ".map(e => e.getBoundingClientRect()))"
              + ".map(([c, s]) => s.height > 99 && s.right <= c.right && s.bottom <= c.bottom)";
      assertThat(browser.evaluate(inside)).isEqualTo("true,true,true,true");
      String seen = "getComputedStyle(document.querySelector('%s')).display";
      assertThat(browser.evaluate(seen.formatted(".controls"))).isEqualTo("none");
      assertThat(browser.evaluate("document.getElementById('shown').innerText")).isEqualTo("s: 1");
      assertThat(browser.evaluate(seen.formatted("thead"))).isEqualTo("table-header-group");
      browser.evaluate("dispatchEvent(new Event('afterprint'))");
      browser.show("light", "screen");
      byte[] pdf = browser.print();
      assertThat(new String(pdf, 0, 5, StandardCharsets.US_ASCII)).isEqualTo("%PDF-");
      assertThat(browser.complaints).isEmpty();
    }
  }
}
