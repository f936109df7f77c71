package candela.cli;

import candela.image.ContactSheet;
import candela.image.HeatMap;
import candela.image.Image;
import candela.image.Labels;
import candela.image.Resize;
import candela.image.Scale;
import candela.method.Attribution;
import candela.sanity.Compared;
import candela.sanity.SanityCheck.Found;
import candela.sanity.Variant;
import java.util.ArrayList;
import java.util.List;

/**
 * One image: a row a method, its map for the original network and for every variant.
 *
 * @param methods their names
 * @param measures the similarities, then the rise of complexity
 */
record SanitySheet(
    List<String> methods, List<Variant> variants, List<String> measures, Labels labels) {
  /** Pixels of the longer side of a map. */
  private static final int SIDE = 224;

  /**
   * @param found of the original and of all variants
   * @param image place in what was found
   * @param compared of this image
   */
  Image draw(Reading.Loaded loaded, List<Found> found, int image, List<Compared> compared) {
    Image photo = Resize.within(loaded.picture().view(), SIDE);
    String explained = Words.likely(loaded.target(), labels, loaded.prediction());
    var sheet =
        new ContactSheet(
            loaded.input().name(),
            "explained: "
                + explained
                + " · below a map: "
                + String.join(", ", measures)
                + " of it and the original one, then the class whose map it is");
    for (int m = 0; m < methods.size(); m++) {
      List<ContactSheet.Cell> row = new ArrayList<>();
      row.add(new ContactSheet.Cell(photo, methods.get(m), explained, null));
      for (int f = 0; f < found.size(); f++) {
        Attribution a = found.get(f).maps().get(image).get(m);
        Scale scale = Scale.of(a.map(), a.channels().signed(), Scale.PERCENTILE);
        Image map =
            new HeatMap(a.map(), a.height(), a.width(), scale).draw(photo.width(), photo.height());
        String heading = f == 0 ? "original" : variants.get(f - 1).name();
        row.add(
            new ContactSheet.Cell(
                map,
                heading,
                f == 0 ? "" : caption(found.get(f), image, m, f - 1, compared),
                null));
      }
      sheet.row(row);
    }
    return sheet.draw();
  }

  private String caption(Found found, int image, int method, int variant, List<Compared> all) {
    List<String> numbers = new ArrayList<>();
    for (Compared c : all) {
      if (c.method() == method && c.variant() == variant) {
        numbers.add(Table.number(c.value()));
      }
    }
    return String.join(" · ", numbers)
        + "\n"
        + Words.likely(found.targets()[image], labels, found.predictions().get(image));
  }
}
