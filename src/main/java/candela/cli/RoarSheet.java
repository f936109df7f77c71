package candela.cli;

import candela.image.ContactSheet;
import candela.image.Image;
import candela.image.Resize;
import candela.method.Method;
import candela.roar.Results;
import candela.roar.Roar;
import candela.roar.RoarSettings;
import java.util.ArrayList;
import java.util.List;

/** What the trainings of a run saw: a row a method, a test picture as it is and changed. */
final class RoarSheet {
  /** Pixels of the longer side of a picture, at least. */
  private static final int SIDE = 190;

  private RoarSheet() {}

  /**
   * @param picture place in the test set
   * @param label its class
   */
  static Image draw(RoarSettings settings, Roar roar, Results results, int picture, String label) {
    RoarTable table = new RoarTable(settings, results);
    String what = settings.keep() ? " kept" : " removed";
    var sheet =
        new ContactSheet(
            settings.recipe().name(),
            "a test picture as the trainings saw it · below: the accuracy on all of them");
    for (Method m : settings.methods()) {
      List<Image> pictures = roar.example(m, picture, results);
      List<ContactSheet.Cell> row = new ArrayList<>();
      for (int i = 0; i < pictures.size(); i++) {
        double f = i == 0 ? 0 : settings.fractions().values().get(i - 1);
        String heading = i == 0 ? settings.name(RoarSettings.key(m)) : RoarTable.percent(f) + what;
        String caption = i == 0 ? label : table.accuracy(m, f) + " %";
        row.add(
            new ContactSheet.Cell(Resize.enlarged(pictures.get(i), SIDE), heading, caption, null));
      }
      sheet.row(row);
    }
    return sheet.draw();
  }
}
