package candela.cli;

import candela.config.Spec;
import candela.study.Mosaics;
import candela.tensor.CandelaException;
import candela.train.Scene;
import candela.train.Scenes;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A set of pictures that is to be written, of which it is known what decides the class. */
sealed interface Pictures {
  int count();

  /** What it is, in a few words. */
  String described();

  /** Its settings. */
  String text();

  /**
   * Writes one of them.
   *
   * @return lines of the table of boxes: file, class, left, top, right, bottom
   */
  List<String> write(int i, Path folder);

  /**
   * The synthetic set, or mosaics where there are photos.
   *
   * @param settings key=value,…
   * @param classes of the photos, null for none, as labels
   */
  static Pictures of(String settings, List<Path> photos, Path classes, Path labels) {
    String set = settings.isEmpty() ? "" : ":" + settings;
    if (photos.isEmpty()) {
      if (classes != null || labels != null) {
        throw CandelaException.of(
            "--classes and --labels: --mosaics PATH expected with them, it is not given");
      }
      return new Painted(Scenes.parse("synthetic" + set));
    }
    if (classes == null) {
      throw CandelaException.of(
          "--mosaics: --classes FILE expected with it, the photos' classes; it is not given");
    }
    return new Joined(Mosaics.of(Spec.parse("mosaics" + set), photos, classes, labels));
  }

  /** {@link Scenes}. */
  record Painted(Scenes scenes) implements Pictures {
    @Override
    public int count() {
      return scenes.count() + scenes.test();
    }

    @Override
    public String described() {
      return String.format(
          Locale.ROOT, "%,d pictures of %d classes", count(), scenes.classes().size());
    }

    @Override
    public String text() {
      return scenes.toString();
    }

    @Override
    public List<String> write(int i, Path folder) {
      Scene scene = scenes.scene(i);
      String set = i < scenes.count() ? "train" : "test";
      String shape = scenes.classes().get(scene.label());
      String name = String.format(Locale.ROOT, "%s/%06d.png", shape, i);
      scene.picture().writePng(folder.resolve(set).resolve(name));
      scene.maskPicture().writePng(folder.resolve("masks").resolve(set).resolve(name));
      return List.of(line(set + "/" + name, scene.label(), scene.box()));
    }
  }

  /** {@link Mosaics}. */
  record Joined(Mosaics mosaics) implements Pictures {
    @Override
    public int count() {
      return mosaics.count();
    }

    @Override
    public String described() {
      return String.format(Locale.ROOT, "%,d mosaics of %d classes", count(), mosaics.classes());
    }

    @Override
    public String text() {
      return mosaics.toString();
    }

    @Override
    public List<String> write(int i, Path folder) {
      Mosaics.Mosaic m = mosaics.mosaic(i);
      String name = String.format(Locale.ROOT, "%06d.png", i);
      m.picture().writePng(folder.resolve(name));
      return m.boxes().stream()
          .map(b -> line(name, m.label(), b.x0(), b.y0(), b.x1(), b.y1()))
          .toList();
    }
  }

  private static String line(String name, int label, int... box) {
    return String.format(
        Locale.ROOT, "%s,%d,%d,%d,%d,%d", name, label, box[0], box[1], box[2], box[3]);
  }
}
