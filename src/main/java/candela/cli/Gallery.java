package candela.cli;

import candela.image.ContactSheet;
import candela.image.HeatMap;
import candela.image.Image;
import candela.image.Npy;
import candela.image.Scale;
import candela.image.WholeFile;
import candela.method.Attribution;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the maps of a run: arrays at once, pictures as soon as their scale is known. */
final class Gallery {
  /** Images of a contact sheet. */
  private static final int SHEET = 8;

  private final Path folder;
  private final String title;
  private final String about;
  private final List<String> methods;
  private final List<String> captions;
  private final double percentile;
  private final boolean shared;
  private final List<Row> rows = new ArrayList<>();
  private int sheets;

  /**
   * One image with its maps.
   *
   * @param notes of each map, in the provenance, where its scale is entered
   */
  private record Row(
      String name,
      String caption,
      Image photo,
      List<Drawn> maps,
      List<Map<String, Object>> notes) {}

  /** One value a pixel: all that pictures need of an attribution. */
  private record Drawn(float[] map, int h, int w, boolean signed) {}

  /**
   * @param methods names, as in file names
   * @param captions parameters of each method
   */
  Gallery(
      Path folder,
      String title,
      String about,
      List<String> methods,
      List<String> captions,
      double percentile,
      boolean shared) {
    this.folder = folder;
    this.title = title;
    this.about = about;
    this.methods = methods;
    this.captions = captions;
    this.percentile = percentile;
    this.shared = shared;
  }

  /** Writes the arrays; the pictures follow with {@link #endGroup} or {@link #finish}. */
  List<Map<String, Object>> add(String name, String caption, Image photo, List<Attribution> maps) {
    List<Map<String, Object>> notes = new ArrayList<>();
    List<Drawn> drawn = new ArrayList<>();
    for (int i = 0; i < maps.size(); i++) {
      Attribution a = maps.get(i);
      float[] map = a.map();
      drawn.add(new Drawn(map, a.height(), a.width(), a.channels().signed()));
      new Npy(new int[] {a.height(), a.width()}, map).write(file(name, i, ".npy"));
      new Npy(a.shape().dims(), a.values()).write(file(name, i, ".channels.npy"));
      Map<String, Object> note = new LinkedHashMap<>();
      note.put("method", methods.get(i));
      note.put("shape", a.shape());
      note.putAll(a.notes());
      notes.add(note);
    }
    rows.add(new Row(name, caption, photo, drawn, notes));
    return notes;
  }

  /** Draws what was added, unless all images share their scales. */
  void endGroup() {
    if (!shared) {
      draw();
    }
  }

  /** Draws what is left. */
  void finish() {
    draw();
    if (sheets > 0) {
      deleteFrom(sheets + 1);
    }
  }

  /** Pages of an earlier run with more of them. */
  private void deleteFrom(int number) {
    try {
      int next = number;
      while (Files.deleteIfExists(sheet(next))) {
        next++;
      }
    } catch (IOException e) {
      throw new CandelaException(folder + ": cannot be changed: " + WholeFile.reason(e), e);
    }
  }

  private void draw() {
    if (rows.isEmpty()) {
      return;
    }
    List<Scale> common = shared ? commonScales() : null;
    for (int from = 0; from < rows.size(); from += SHEET) {
      draw(rows.subList(from, Math.min(from + SHEET, rows.size())), common);
    }
    rows.clear();
  }

  private void draw(List<Row> part, List<Scale> common) {
    ContactSheet sheet = new ContactSheet(title, about);
    List<Runnable> writes = new ArrayList<>();
    for (Row row : part) {
      List<ContactSheet.Cell> cells = new ArrayList<>();
      cells.add(new ContactSheet.Cell(row.photo(), row.name(), row.caption(), null));
      for (int i = 0; i < methods.size(); i++) {
        Drawn a = row.maps().get(i);
        Scale scale = shared ? common.get(i) : Scale.of(a.map(), a.signed(), percentile);
        row.notes().get(i).put("colourLimit", scale.limit());
        row.notes().get(i).put("colours", scale.words());
        HeatMap heat = new HeatMap(a.map(), a.h(), a.w(), scale);
        Image overlay = heat.over(row.photo());
        Image alone = heat.draw(row.photo().width(), row.photo().height());
        Path overlayFile = file(row.name(), i, ".overlay.png");
        Path aloneFile = file(row.name(), i, ".heat.png");
        writes.add(() -> overlay.writePng(overlayFile));
        writes.add(() -> alone.writePng(aloneFile));
        cells.add(new ContactSheet.Cell(overlay, methods.get(i), captions.get(i), scale));
      }
      sheet.row(cells);
    }
    sheets++;
    Path file = sheet(sheets);
    writes.add(() -> sheet.draw().writePng(file));
    // Packing a PNG takes longer than drawing it.
    writes.parallelStream().forEach(Runnable::run);
  }

  /** That of a number, from 1. */
  private Path sheet(int number) {
    return folder.resolve("contact-sheet" + (number == 1 ? "" : "-" + number) + ".png");
  }

  private List<Scale> commonScales() {
    List<Scale> scales = new ArrayList<>();
    for (int i = 0; i < methods.size(); i++) {
      int method = i;
      boolean signed = rows.get(0).maps().get(i).signed();
      scales.add(
          Scale.shared(
              rows.stream().map(r -> r.maps().get(method).map()).toList(), signed, percentile));
    }
    return scales;
  }

  private Path file(String name, int method, String end) {
    return folder.resolve(name + "." + methods.get(method) + end);
  }
}
