package candela.cli;

import candela.cli.ManipulateRun.Seen;
import candela.image.ContactSheet;
import candela.image.HeatMap;
import candela.image.Image;
import candela.image.Labels;
import candela.image.Resize;
import candela.image.Scale;
import candela.method.Attribution;
import candela.method.Preparation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The pictures of {@code candela manipulate}: a row an image, as it is, and its maps; below, what
 * was changed.
 *
 * @param methods their names, that of the manipulated map first
 */
record ManipulateSheet(Preparation preparation, Labels labels, List<String> methods) {
  /** How many times as large the change is drawn. */
  private static final int TIMES = 10;

  /** Pixels of a picture's longer side, at least. */
  private static final int SHOWN = 224;

  Image draw(String network, Seen image, Seen changed, Seen other) {
    var sheet =
        new ContactSheet(
            network,
            "the map of "
                + methods.getFirst()
                + " was manipulated; the change is drawn "
                + TIMES
                + " times as large");
    for (Seen s : List.of(image, changed, other)) {
      Image view = Resize.enlarged(s.view(), SHOWN);
      List<ContactSheet.Cell> row = new ArrayList<>();
      row.add(new ContactSheet.Cell(view, s.name(), caption(s), null));
      for (int m = 0; m < methods.size(); m++) {
        Attribution a = s.maps().get(m);
        Scale scale = Scale.of(a.map(), a.channels().signed(), Scale.PERCENTILE);
        Image map =
            new HeatMap(a.map(), a.height(), a.width(), scale).draw(view.width(), view.height());
        row.add(new ContactSheet.Cell(map, methods.get(m), "", null));
      }
      sheet.row(row);
    }
    Image change = Resize.enlarged(change(image, changed), SHOWN);
    sheet.row(List.of(new ContactSheet.Cell(change, "change", size(image, changed), null)));
    return sheet.draw();
  }

  /** Grey where nothing changed. */
  private Image change(Seen image, Seen changed) {
    float[] from = image.subject().pixels();
    float[] to = changed.subject().pixels();
    List<Float> black = preparation.levels().black();
    List<Float> white = preparation.levels().white();
    int n = from.length / black.size();
    float[] shown = new float[from.length];
    for (int i = 0; i < shown.length; i++) {
      float middle = (black.get(i / n) + white.get(i / n)) / 2;
      shown[i] = middle + TIMES * (to[i] - from[i]);
    }
    return preparation.image(shown);
  }

  /** Of the change, in levels 0 to 255. */
  String size(Seen image, Seen changed) {
    float[] from = image.subject().pixels();
    float[] to = changed.subject().pixels();
    List<Float> black = preparation.levels().black();
    List<Float> white = preparation.levels().white();
    double most = 0;
    double sum = 0;
    int n = from.length / black.size();
    for (int i = 0; i < from.length; i++) {
      double level = 255.0 / (white.get(i / n) - black.get(i / n));
      double by = Math.abs(level * ((double) to[i] - from[i]));
      most = Math.max(most, by);
      sum += by * by;
    }
    return String.format(
        Locale.ROOT, "%.1f of 255 at most, %.2f rms", most, Math.sqrt(sum / from.length));
  }

  private String caption(Seen s) {
    return Words.likely(s.says().best(), labels, s.says());
  }
}
