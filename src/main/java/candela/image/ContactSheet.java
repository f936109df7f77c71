package candela.image;

import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.List;

/**
 * Pictures side by side on one white sheet, a row an image: each with a heading, a caption, and for
 * maps a colour bar with numbers. A row too wide goes on below, its first column left free. For one
 * thread.
 */
public final class ContactSheet {
  private static final int MARGIN = 32;
  private static final int GAP = 20;
  private static final int BAR = 12;

  /** Pixels between the margins; more pictures than fit go on in the next line. */
  private static final int WIDEST = 2900;

  private static final int INK = 0x1C1C1E;
  private static final int PALE = 0x5F6368;
  private static final int LINE = 0xC4C7CC;

  private final Font titleFont = Font.bold(26);
  private final Font headingFont = Font.bold(17);
  private final Font textFont = Font.regular(14);
  private final String title;
  private final String note;
  private final List<List<Cell>> rows = new ArrayList<>();

  /**
   * One picture.
   *
   * @param heading in bold above it, say the method
   * @param caption below it, say the parameters; wrapped, may be empty
   * @param scale of the map, for its colour bar; null where there is none
   */
  public record Cell(Image picture, String heading, String caption, Scale scale) {}

  /**
   * @param title of the sheet
   * @param note below the title, say model and preprocessing; wrapped, may be empty
   */
  public ContactSheet(String title, String note) {
    this.title = title;
    this.note = note;
  }

  /** Adds a row; all pictures of the sheet get a column as wide as the widest. */
  public ContactSheet row(List<Cell> cells) {
    if (cells.isEmpty()) {
      throw CandelaException.of("contact sheet: a row of one picture or more expected, got none");
    }
    rows.add(List.copyOf(cells));
    return this;
  }

  /** The sheet as it is now. */
  public Image draw() {
    if (rows.isEmpty()) {
      throw CandelaException.of("contact sheet: one row or more expected, got none");
    }
    int column = 160;
    for (List<Cell> row : rows) {
      for (Cell cell : row) {
        column = Math.max(column, cell.picture().width());
      }
    }
    List<Line> lines = new ArrayList<>();
    for (List<Cell> row : rows) {
      lines.addAll(split(row, Math.max(2, (WIDEST + GAP) / (column + GAP))));
    }
    int columns = lines.stream().mapToInt(l -> l.skipped() + l.cells().size()).max().orElse(1);
    int inner = columns * column + (columns - 1) * GAP;
    List<String> titles = titleFont.wrap(title, inner);
    List<String> notes = note.isEmpty() ? List.of() : textFont.wrap(note, inner);
    int head = titles.size() * titleFont.leading() + notes.size() * textFont.leading();
    long height = MARGIN + head + MARGIN / 2;
    for (Line line : lines) {
      height += height(line.cells(), column) + MARGIN;
    }
    long pixels = (inner + 2 * MARGIN) * height;
    if (pixels > Image.MAX_PIXELS) {
      throw CandelaException.of(
          "contact sheet: at most %d pixels expected, %d rows of %d pictures have %d",
          Image.MAX_PIXELS, rows.size(), columns, pixels);
    }
    Canvas canvas = new Canvas(inner + 2 * MARGIN, (int) height);
    int y = lines(canvas, titles, titleFont, MARGIN, MARGIN, INK);
    y = lines(canvas, notes, textFont, MARGIN, y, PALE) + MARGIN / 2;
    for (Line line : lines) {
      int x = MARGIN + line.skipped() * (column + GAP);
      int below = y + headings(line.cells(), column) + tallest(line.cells());
      for (Cell cell : line.cells()) {
        draw(canvas, cell, x, y, below, column);
        x += column + GAP;
      }
      y += height(line.cells(), column) + MARGIN;
    }
    return canvas.image();
  }

  /**
   * Part of a row.
   *
   * @param skipped columns left free before it
   */
  private record Line(int skipped, List<Cell> cells) {}

  /** The row in as few lines as fit, the pictures behind the first spread evenly over them. */
  private static List<Line> split(List<Cell> row, int columns) {
    int rest = row.size() - 1;
    int lines = Math.max(1, Math.ceilDiv(rest, columns - 1));
    List<Line> all = new ArrayList<>();
    int from = 1;
    for (int i = 0; i < lines; i++) {
      int to = 1 + Math.ceilDiv(rest * (i + 1), lines);
      all.add(i == 0 ? new Line(0, row.subList(0, to)) : new Line(1, row.subList(from, to)));
      from = to;
    }
    return all;
  }

  /** A cell between y, the top of headings, and what lies below the tallest picture. */
  private void draw(Canvas canvas, Cell cell, int x, int y, int below, int column) {
    Image picture = cell.picture();
    lines(canvas, headingFont.wrap(cell.heading(), column), headingFont, x, y, INK);
    int top = below - picture.height();
    canvas.draw(picture, x, top);
    canvas.frame(x, top, picture.width(), picture.height(), LINE);
    int at = below + GAP / 2;
    if (cell.scale() != null) {
      at = bar(canvas, cell.scale(), x, at, picture.width());
    }
    if (!caption(cell).isEmpty()) {
      lines(canvas, textFont.wrap(caption(cell), column), textFont, x, at, PALE);
    }
  }

  /** The colours from end to end with the numbers they stand for. */
  private int bar(Canvas canvas, Scale scale, int x, int y, int width) {
    for (int i = 0; i < width; i++) {
      double part = width == 1 ? 0 : (double) i / (width - 1);
      canvas.fill(x + i, y, 1, BAR, scale.colors().at(scale.signed() ? 2 * part - 1 : part));
    }
    canvas.frame(x, y, width, BAR, LINE);
    int baseline = y + BAR + textFont.leading() - 2;
    double[] values =
        scale.signed()
            ? new double[] {-scale.limit(), 0, scale.limit()}
            : new double[] {scale.start(), (scale.start() + scale.limit()) / 2, scale.limit()};
    for (int i = 0; i < values.length; i++) {
      String number = Scale.number(values[i]).replace('-', '\u2212');
      double start = x + i / 2.0 * (width - textFont.width(number));
      canvas.text(number, textFont, start, baseline, INK);
    }
    return baseline + textFont.leading() / 2;
  }

  private static String caption(Cell cell) {
    if (cell.scale() == null) {
      return cell.caption();
    }
    return cell.caption() + (cell.caption().isEmpty() ? "" : "\n") + cell.scale().words();
  }

  private int height(List<Cell> row, int column) {
    int below = 0;
    for (Cell cell : row) {
      int bar = cell.scale() == null ? 0 : BAR + textFont.leading() * 3 / 2;
      int text = caption(cell).isEmpty() ? 0 : textFont.wrap(caption(cell), column).size();
      below = Math.max(below, GAP / 2 + bar + text * textFont.leading());
    }
    return headings(row, column) + tallest(row) + below;
  }

  private int headings(List<Cell> row, int column) {
    int most = 0;
    for (Cell cell : row) {
      most = Math.max(most, headingFont.wrap(cell.heading(), column).size());
    }
    return most * headingFont.leading() + 6;
  }

  private static int tallest(List<Cell> row) {
    return row.stream().mapToInt(c -> c.picture().height()).max().orElse(0);
  }

  /** Lines from the top y down; gives where they end. */
  private static int lines(Canvas canvas, List<String> lines, Font font, int x, int y, int color) {
    int at = y;
    for (String line : lines) {
      canvas.text(line, font, x, at + font.size(), color);
      at += font.leading();
    }
    return at;
  }
}
