package candela.train;

import candela.config.Spec;
import candela.image.Filter;
import candela.image.Image;
import candela.image.Inputs;
import candela.image.Resize;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipException;

/**
 * Picture files in folders by class, or a zip archive of them: {@code CLASS/*.jpg}, or {@code
 * train/CLASS/*.jpg} and {@code test/CLASS/*.jpg} (also {@code val}). Classes are in alphabetical
 * order; hidden folders are none.
 *
 * <p>{@code size} makes all of that height and width; without it they must be of one size. {@code
 * grey} makes one channel of the colours.
 */
final class ImageFiles {
  private final String where;
  private final int size;
  private final boolean grey;

  private ImageFiles(String where, int size, boolean grey) {
    this.where = where;
    this.size = size;
    this.grey = grey;
  }

  static Dataset[] read(Spec spec, Path folder) {
    Path path = Sources.path(spec, "path", folder);
    ImageFiles files =
        new ImageFiles(path.toString(), spec.integer("size", 0, 0, 4096), spec.bool("grey", false));
    try {
      if (Files.isDirectory(path)) {
        return files.sets(path);
      }
      if (!Files.exists(path)) {
        throw CandelaException.of("%s: a folder or a zip archive expected, there is none", path);
      }
      try (FileSystem zip = FileSystems.newFileSystem(path)) {
        return files.sets(zip.getPath("/"));
      } catch (ProviderNotFoundException | ZipException e) {
        throw new CandelaException(path + ": a folder or a zip archive expected", e);
      }
    } catch (IOException e) {
      throw new CandelaException(path + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  private Dataset[] sets(Path root) throws IOException {
    Path train = root.resolve("train");
    if (!Files.isDirectory(train)) {
      return new Dataset[] {set(root, null)};
    }
    Dataset first = set(train, null);
    for (String name : List.of("test", "val")) {
      if (Files.isDirectory(root.resolve(name))) {
        Dataset second = set(root.resolve(name), first.classes());
        if (!second.image().equals(first.image())) {
          throw mixed(root.resolve(name).toString(), first.image(), second.image());
        }
        return new Dataset[] {first, second};
      }
    }
    return new Dataset[] {first};
  }

  /**
   * All pictures below a folder.
   *
   * @param wanted the classes it must have, null for any
   */
  private Dataset set(Path root, List<String> wanted) throws IOException {
    TreeMap<String, List<Path>> byClass = new TreeMap<>();
    for (Path folder : entries(root)) {
      String name = folder.getFileName().toString().replace("/", "");
      if (Files.isDirectory(folder) && !name.startsWith(".")) {
        byClass.put(name, entries(folder).stream().filter(ImageFiles::isImage).toList());
      }
    }
    byClass.values().removeIf(List::isEmpty);
    if (byClass.isEmpty()) {
      throw CandelaException.of(
          "%s: folders of pictures by class expected, found none%s",
          where, root.toString().equals(where) ? "" : " in " + root);
    }
    List<String> classes = wanted == null ? List.copyOf(byClass.keySet()) : wanted;
    List<Path> files = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (var c : byClass.entrySet()) {
      int label = classes.indexOf(c.getKey());
      if (label < 0) {
        throw CandelaException.of(
            "%s: the classes of the training set expected in %s, '%s' is not among them",
            where, root, c.getKey());
      }
      c.getValue()
          .forEach(
              f -> {
                files.add(f);
                labels.add(label);
              });
    }
    return decode(files, labels.stream().mapToInt(i -> i).toArray(), classes);
  }

  private static List<Path> entries(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    }
  }

  private static boolean isImage(Path file) {
    return !file.getFileName().toString().startsWith(".") && Inputs.isImage(file);
  }

  private Dataset decode(List<Path> files, int[] labels, List<String> classes) throws IOException {
    List<byte[]> bytes = new ArrayList<>();
    for (Path f : files) {
      bytes.add(Files.readAllBytes(f));
    }
    List<Image> images =
        IntStream.range(0, files.size())
            .parallel()
            .mapToObj(i -> decode(files.get(i), bytes.get(i)))
            .toList();
    Shape shape = shape(images.getFirst());
    List<byte[]> pixels = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      if (!shape(images.get(i)).equals(shape)) {
        throw mixed(files.get(i).toString(), shape, shape(images.get(i)));
      }
      pixels.add(levels(images.get(i)));
    }
    return new Dataset(shape, pixels, labels, classes);
  }

  private Image decode(Path file, byte[] bytes) {
    Image image = Image.decode(where + ": " + file, bytes);
    return size == 0 ? image : Resize.of(image, size, size, Filter.BILINEAR);
  }

  private byte[] levels(Image image) {
    if (!grey) {
      return image.levels();
    }
    byte[] levels = new byte[image.width() * image.height()];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = (byte) image.grey(i);
    }
    return levels;
  }

  private Shape shape(Image image) {
    return Shape.of(grey ? 1 : 3, image.height(), image.width());
  }

  private CandelaException mixed(String file, Shape first, Shape other) {
    return CandelaException.of(
        "%s: pictures of one size expected, %dx%d as the first; %s is %dx%d; give size=…",
        where, first.dim(2), first.dim(1), file, other.dim(2), other.dim(1));
  }
}
