package candela.image;

import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Lines over a row of named places, with a scale of values at the left and the lines' names at the
 * right, each beside its end. A NaN interrupts its line. For one thread.
 */
public final class LineChart {
  private static final int LEFT = 52;
  private static final int TOP = 14;
  private static final int BOTTOM = 44;

  /** Pixels that lines have at least: the picture is wider where their names are long. */
  private static final int LEAST = 200;

  private static final int PALE = 0x5F6368;
  private static final int GRID = 0xE3E5E8;

  /** Between the names of two lines at least, and of two places. */
  private static final int APART = 18;

  private final Font font = Font.regular(14);
  private final int width;
  private final int height;
  private final List<String> places;
  private final double[] at;
  private final List<Line> lines = new ArrayList<>();

  private record Line(String name, double[] values) {}

  /**
   * @param width of the picture, unless names need more
   * @param places under the chart, from left to right, equally far apart
   */
  public LineChart(int width, int height, List<String> places) {
    this(width, height, places, IntStream.range(0, places.size()).asDoubleStream().toArray());
  }

  /**
   * @param width of the picture, unless names need more
   * @param places under the chart, from left to right
   * @param at where each is, ascending; the first is at the left end, the last at the right
   */
  public LineChart(int width, int height, List<String> places, double[] at) {
    if (places.isEmpty() || places.size() != at.length) {
      throw CandelaException.of(
          "chart: one place or more expected, each somewhere; got %d, %d",
          places.size(), at.length);
    }
    this.at = at.clone();
    this.width = width;
    this.height = height;
    this.places = List.copyOf(places);
  }

  /**
   * Adds a line.
   *
   * @param values one a place
   */
  public LineChart line(String name, double[] values) {
    if (values.length != places.size()) {
      throw CandelaException.of(
          "chart: %s: %d values expected, one a place, got %d", name, places.size(), values.length);
    }
    lines.add(new Line(name, values.clone()));
    return this;
  }

  /** The chart from 0 to 1, or from as far below and to as far above as its values go. */
  public Image draw() {
    double low = 0;
    double high = 1;
    double names = 0;
    for (Line l : lines) {
      names = Math.max(names, font.width(l.name()));
      for (double v : l.values()) {
        low = Double.isFinite(v) ? Math.min(low, v) : low;
        high = Double.isFinite(v) ? Math.max(high, v) : high;
      }
    }
    double step = step(high - low);
    int beside = LEFT + (int) Math.ceil(names) + 26;
    int across = Math.max(width - beside, LEAST);
    var frame =
        new Frame(
            across,
            height - TOP - BOTTOM,
            Math.floor(low / step) * step,
            Math.ceil(high / step) * step);
    Canvas canvas = new Canvas(beside + across, height);
    grid(canvas, frame, step);
    places(canvas, frame);
    for (int i = 0; i < lines.size(); i++) {
      draw(canvas, frame, lines.get(i).values(), color(i));
    }
    names(canvas, frame);
    return canvas.image();
  }

  /** Of a span, at most five or six steps of 1, 2 or 5 times a power of ten. */
  private static double step(double span) {
    double unit = Math.pow(10, Math.floor(Math.log10(span)) - 1);
    for (double times : new double[] {1, 2, 5, 10, 20}) {
      if (span / (times * unit) <= 6) {
        return times * unit;
      }
    }
    return 50 * unit;
  }

  /** The part of the picture in which lines run. */
  private final class Frame {
    private final int w;
    private final int h;
    private final double low;
    private final double high;

    Frame(int w, int h, double low, double high) {
      this.w = w;
      this.h = h;
      this.low = low;
      this.high = high;
    }

    double x(int place) {
      int last = at.length - 1;
      return LEFT + (last == 0 ? 0.5 * w : w * (at[place] - at[0]) / (at[last] - at[0]));
    }

    double y(double value) {
      return TOP + h * (high - value) / (high - low);
    }
  }

  private void grid(Canvas canvas, Frame f, double step) {
    int digits = Math.max(0, (int) Math.ceil(-Math.log10(step) - 1e-9));
    long n = Math.round((f.high - f.low) / step);
    for (int i = 0; i <= n; i++) {
      double value = f.low + i * step;
      int y = (int) Math.rint(f.y(value));
      canvas.fill(LEFT, y, f.w, 1, Math.abs(value) < step / 2 ? PALE : GRID);
      String number =
          String.format(Locale.ROOT, "%." + digits + "f", value + 0.0).replace('-', '\u2212');
      canvas.text(number, font, LEFT - 10 - font.width(number), y + 5, PALE);
    }
  }

  /** Names that would run into the one before are left out. */
  private void places(Canvas canvas, Frame f) {
    double end = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < places.size(); i++) {
      String name = places.get(i);
      double from = f.x(i) - font.width(name) / 2;
      canvas.fill((int) Math.rint(f.x(i)), TOP + f.h, 1, 5, PALE);
      if (from > end + APART / 2.0) {
        canvas.text(name, font, from, TOP + f.h + 8 + font.size(), PALE);
        end = from + font.width(name);
      }
    }
  }

  private static void draw(Canvas canvas, Frame f, double[] values, int color) {
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        continue;
      }
      canvas.line(f.x(i), f.y(values[i]), f.x(i), f.y(values[i]), 7, color);
      if (i > 0 && Double.isFinite(values[i - 1])) {
        canvas.line(f.x(i - 1), f.y(values[i - 1]), f.x(i), f.y(values[i]), 2.2, color);
      }
    }
  }

  /** At the heights of the lines' ends, moved apart where they would meet. */
  private void names(Canvas canvas, Frame f) {
    record Name(String text, double y, int color) {}
    List<Name> names = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      double end = lines.get(i).values()[places.size() - 1];
      names.add(
          new Name(lines.get(i).name(), Double.isFinite(end) ? f.y(end) : f.y(f.low), color(i)));
    }
    names.sort((a, b) -> Double.compare(a.y(), b.y()));
    double[] y = names.stream().mapToDouble(Name::y).toArray();
    for (int i = 1; i < y.length; i++) {
      y[i] = Math.max(y[i], y[i - 1] + APART);
    }
    double least = TOP + f.h;
    for (int i = y.length - 1; i >= 0; i--) {
      y[i] = Math.min(y[i], least);
      least = y[i] - APART;
    }
    for (int i = 0; i < y.length; i++) {
      double x = LEFT + f.w + 12;
      canvas.text(names.get(i).text(), font, x, (int) Math.rint(y[i]) + 5, names.get(i).color());
    }
  }

  /** Hues apart by the golden angle, at one lightness. */
  private static int color(int i) {
    double hue = Math.toRadians(250 + 137.508 * i);
    return Oklab.rgb(0.58, 0.15 * Math.cos(hue), 0.15 * Math.sin(hue));
  }
}
