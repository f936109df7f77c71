package candela.image;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The image files that the arguments name: files as they are, folders as the images in them. */
public final class Inputs {
  private static final Set<String> ENDINGS =
      Set.of("jpg", "jpeg", "png", "bmp", "gif", "tga", "psd", "ppm", "pgm", "pnm");

  /** Pictures that cannot be read: better told one by one than left out unseen. */
  private static final Set<String> OTHERS =
      Set.of("webp", "avif", "tif", "tiff", "heic", "heif", "jxl", "jp2");

  /** Characters of a name: a file name has 255 bytes, the method's comes behind. */
  private static final int LONGEST = 48;

  /**
   * One image.
   *
   * @param name of its results: the file's without ending, unique in the run
   */
  public record Input(Path file, String name) {}

  private Inputs() {}

  /** Files in the order given, those of a folder by name; folders in folders are not entered. */
  public static List<Input> of(List<Path> arguments) {
    List<Path> files = new ArrayList<>();
    for (Path p : arguments) {
      if (Files.isDirectory(p)) {
        files.addAll(imagesIn(p));
      } else {
        files.add(p);
      }
    }
    Map<String, Integer> seen = new HashMap<>();
    return files.stream().map(f -> new Input(f, unique(stem(f), seen))).toList();
  }

  /** Refuses results in a folder of images: a second run would take them for images. */
  public static void keepApart(List<Path> arguments, Path out) {
    for (Path p : arguments) {
      if (Files.isDirectory(p) && isSame(p, out)) {
        throw CandelaException.of(
            "--out: a folder other than the images' expected, got %s; a second run would take"
                + " results for images; use %s",
            out, out.resolve("candela-out"));
      }
    }
  }

  private static boolean isSame(Path folder, Path out) {
    try {
      return Files.exists(out) && Files.isSameFile(folder, out);
    } catch (IOException e) {
      throw new CandelaException(out + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  private static List<Path> imagesIn(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> images = entries.filter(Inputs::looksLikeImage).sorted().toList();
      if (images.isEmpty()) {
        throw CandelaException.of(
            "%s: images expected, found none in this folder (those within it are not looked into);"
                + " endings looked for: %s; a .npy file is given by its name",
            folder, String.join(", ", ENDINGS.stream().sorted().toList()));
      }
      return images;
    } catch (IOException | UncheckedIOException e) {
      IOException cause = e instanceof UncheckedIOException u ? u.getCause() : (IOException) e;
      throw new CandelaException(folder + ": cannot be read: " + WholeFile.reason(cause), e);
    }
  }

  /** name, or name-2, name-3 … where it was there before. */
  public static String unique(String name, Map<String, Integer> seen) {
    int n = seen.merge(name, 1, Integer::sum);
    return n == 1 ? name : unique(name + "-" + n, seen);
  }

  private static boolean looksLikeImage(Path file) {
    String name = file.getFileName().toString();
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    boolean image = ENDINGS.contains(ending) || OTHERS.contains(ending);
    return image && !name.startsWith(".") && Files.isRegularFile(file);
  }

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String stem = dot > 0 ? name.substring(0, dot) : name;
    return stem.codePointCount(0, stem.length()) <= LONGEST
        ? stem
        : stem.substring(0, stem.offsetByCodePoints(0, LONGEST));
  }
}
