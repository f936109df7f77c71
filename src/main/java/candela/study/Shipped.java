package candela.study;

import candela.image.WholeFile;
import candela.tensor.Resource;
import candela.train.Dataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The models and pictures that come with Candela, so that a first run needs nothing. */
public final class Shipped {
  /** Models of the synthetic set, by the recipe that made them. */
  public static final List<String> MODELS =
      List.of("cnn", "cnn-robust", "inception", "inception-robust");

  /**
   * One picture of each class, drawn as the synthetic set is, with seed 7: no model has seen them.
   */
  public static final List<String> PICTURES =
      List.of("crescent", "cross", "disc", "heart", "ring", "square", "star", "triangle");

  /** How pictures become inputs of all of them. */
  public static final String PREPROCESS = Dataset.PREPROCESS;

  private Shipped() {}

  /** The model as a file in a folder. */
  public static Path model(String name, Path folder) {
    return extracted(name + ".onnx", folder);
  }

  /** Names of the classes as a file in a folder. */
  public static Path labels(Path folder) {
    return extracted("classes.txt", folder);
  }

  /** The pictures as files in a folder. */
  public static List<Path> pictures(Path folder) {
    return PICTURES.stream().map(p -> picture(p, folder)).toList();
  }

  /** One of them. */
  public static Path picture(String name, Path folder) {
    return extracted(name + ".png", folder);
  }

  private static Path extracted(String name, Path folder) {
    Path file = folder.resolve(name);
    byte[] bytes = Resource.bytes(Shipped.class, "/candela/" + name);
    WholeFile.write(file, part -> Files.write(part, bytes));
    return file;
  }
}
