package candela.study;

import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.WholeFile;
import candela.method.Preparation;
import candela.method.Trained;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The models and images that a study names, found and loaded. */
public record Material(List<Model> models, List<Photo> photos) {
  /**
   * @param shipped folder for what comes with Candela, where it is asked for
   */
  public static Material of(Study study, Path shipped) {
    Path file = labels(study, shipped);
    Labels labels = Labels.read(file);
    var known = new Annotations();
    List<Photo> photos = photos(study, shipped, labels.names(), known);
    List<Model> models =
        study.models().stream().map(r -> model(study, r, shipped, photos, labels)).toList();
    if (known.named()) {
      models.forEach(m -> labels.check(m.network().classes(m.output()), file));
    }
    return new Material(models, photos);
  }

  /** Null for none. */
  private static Path labels(Study study, Path shipped) {
    boolean ours = study.images().equals(List.of(Study.SHIPPED));
    return study.labels() == null && ours ? Shipped.labels(shipped) : study.labels();
  }

  /**
   * @param known where what the tables tell is put
   */
  private static List<Photo> photos(
      Study study, Path shipped, List<String> classes, Annotations known) {
    if (study.classes() != null) {
      known.read(study.classes(), classes);
    }
    if (study.boxes() != null) {
      known.read(study.boxes(), classes);
    }
    List<Path> paths = new ArrayList<>();
    for (String i : study.images()) {
      if (i.equals(Study.SHIPPED)) {
        paths.addAll(Shipped.pictures(shipped));
      } else {
        Path path = study.folder().resolve(i);
        if (!Files.exists(path)) {
          throw CandelaException.of(
              "%s: images: %s: a picture or a folder of them expected, there is none",
              study.name(), path);
        }
        paths.add(path);
      }
    }
    List<Photo> photos = new ArrayList<>();
    Set<Path> seen = new HashSet<>();
    for (Inputs.Input i : Inputs.of(paths)) {
      if (!seen.add(i.file().toAbsolutePath().normalize())) {
        throw CandelaException.of(
            "%s: images: every picture once expected, %s is there twice", study.name(), i.file());
      }
      int label = known.target(i.file());
      if (label < 0 && Shipped.PICTURES.contains(i.name())) {
        label = classes.indexOf(i.name());
      }
      if (label < 0 && study.target().equals("label")) {
        throw CandelaException.of(
            "%s: target: label: %s is in no table; add it, or set target: top",
            study.name(), i.file());
      }
      boolean shown = photos.size() < study.pictures();
      photos.add(
          new Photo(
              i.name(), i.file(), WholeFile.sha256(i.file()), label, known.boxes(i.file()), shown));
    }
    known.checkUsed(photos.stream().map(Photo::file).toList());
    return List.copyOf(photos);
  }

  /**
   * @param given names of the classes; none where no file is given
   */
  private static Model model(
      Study study, Study.Ref ref, Path shipped, List<Photo> photos, Labels given) {
    Path file = study.folder().resolve(ref.path());
    String preprocess = ref.preprocess();
    if (Shipped.MODELS.contains(ref.path()) && !Files.exists(file)) {
      file = Shipped.model(ref.path(), shipped);
    } else if (preprocess != null && preprocess.contains(".")) {
      preprocess = study.folder().resolve(preprocess).toString();
    }
    Network network = Network.load(file, ref.inputShape()).channelsFirst();
    checkTarget(study, ref, network);
    List<Path> files = photos.stream().map(Photo::file).toList();
    Preparation preparation = Preparation.of(preprocess, network, files);
    Labels labels =
        given.names().isEmpty()
            ? Trained.labels(network, ref.output())
            : given.fitting(network.classes(ref.output()));
    return new Model(ref.name(), ref.path(), network, preparation, ref.output(), labels);
  }

  /** Refuses a class that the model lacks before its images are asked about. */
  private static void checkTarget(Study study, Study.Ref ref, Network network) {
    if (study.target().equals("top") || study.target().equals("label")) {
      return;
    }
    int classes = network.classes(ref.output());
    if (classes > 0 && Integer.parseInt(study.target()) >= classes) {
      throw CandelaException.of(
          "%s: target: 0 to %d expected, the classes of %s; got %s",
          study.name(), classes - 1, ref.name(), study.target());
    }
  }
}
