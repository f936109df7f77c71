package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineChartTest {
  private static final int W = 400;
  private static final int H = 300;

  /** Rows of the picture in which a column has a strong colour, not the grey of scale and text. */
  private static List<Integer> coloured(Image image, int x) {
    return IntStream.range(0, H)
        .filter(y -> Math.abs(image.at(x, y, 0) - image.at(x, y, 2)) > 60)
        .boxed()
        .toList();
  }

  private static LineChart chart() {
    return new LineChart(W, H, List.of("a", "b", "c"));
  }

  @Test
  void aLineGoesWhereItsValuesAre() {
    Image image = chart().line("l", new double[] {1, 0.5, 0}).draw();
    // Between the margins, 14 above and 44 below, 1 is at the top and 0 at the bottom.
    List<Integer> start = coloured(image, 52);
    assertThat(start.getFirst()).isBetween(9, 13);
    assertThat(start.getLast()).isBetween(15, 19);
    int end = 0;
    for (int x = 60; x < 300; x++) {
      List<Integer> rows = coloured(image, x);
      if (!rows.isEmpty() && rows.getFirst() > 200) {
        end = x;
      }
    }
    assertThat(end).as("the line comes down to 0").isGreaterThan(250);
  }

  /** Lines keep 200 pixels, between 52 at the left and the name. */
  @Test
  void longNamesMakeItWider() {
    assertThat(chart().line("l", new double[3]).draw().width()).isEqualTo(W);
    Image wide = chart().line("l".repeat(200), new double[3]).draw();
    assertThat(wide.width()).isGreaterThan(52 + 200 + 200);
    assertThat(coloured(wide, 52 + 200)).isNotEmpty();
  }

  /** The frame is 52 to W - 26 - the name's width wide; at a tenth of it the line has come down. */
  @Test
  void placesLieAtTheirNumbers() {
    double[] values = {1, 0, 0};
    var places = List.of("0", "1", "10");
    Image even = new LineChart(W, H, places).line("l", values).draw();
    Image uneven = new LineChart(W, H, places, new double[] {0, 1, 10}).line("l", values).draw();
    assertThat(coloured(even, 120).getFirst()).isLessThan(200);
    assertThat(coloured(uneven, 120).getFirst()).isGreaterThan(245);
    assertThatThrownBy(() -> new LineChart(W, H, places, new double[] {0, 1}))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("each somewhere; got 3, 2");
  }

  @Test
  void aNumberThatIsNoneInterruptsTheLine() {
    Image whole = chart().line("l", new double[] {1, 1, 1}).draw();
    Image broken = chart().line("l", new double[] {1, Double.NaN, 1}).draw();
    int x = 140;
    assertThat(coloured(whole, x)).isNotEmpty();
    assertThat(coloured(broken, x)).isEmpty();
    assertThat(coloured(broken, 52)).isEqualTo(coloured(whole, 52));
  }

  @Test
  void negativeValuesMoveTheZeroUp() {
    Image image = chart().line("l", new double[] {0, -1, -1}).draw();
    List<Integer> start = coloured(image, 52);
    // From -1 to 1, zero is in the middle of the 242 rows.
    assertThat(start.getFirst()).isBetween(14 + 121 - 5, 14 + 121);
  }

  @Test
  void namesOfLinesThatEndTogetherStandApart() {
    LineChart chart = chart();
    for (int i = 0; i < 8; i++) {
      chart.line("line" + i, new double[] {0, 0, 0});
    }
    Image image = chart.draw();
    int runs = 0;
    boolean in = false;
    for (int y = 0; y < H; y++) {
      boolean ink = false;
      for (int x = W - 60; x < W; x++) {
        ink |= Math.abs(image.at(x, y, 0) - image.at(x, y, 2)) > 40;
      }
      runs += ink && !in ? 1 : 0;
      in = ink;
    }
    assertThat(runs).isEqualTo(8);
  }

  @Test
  void aLineOfAnotherLengthIsRefused() {
    assertThatThrownBy(() -> chart().line("l", new double[2]))
        .isInstanceOf(CandelaException.class)
        .hasMessage("chart: l: 3 values expected, one a place, got 2");
    assertThatThrownBy(() -> new LineChart(W, H, List.of())).isInstanceOf(CandelaException.class);
  }
}
