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

  /**
   * Files in the order given, those of a folder by name: its pictures, or, where it has none, its
   * .npy files. Folders in folders are not entered.
   */
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

  /**
   * A sentence for each folder with pictures of which {@link #of} leaves out .npy files, and one
   * for each with folders in it, but for the one that holds out, where results go.
   */
  public static List<String> leftOut(List<Path> arguments, Path out) {
    List<String> sentences = new ArrayList<>();
    for (Path p : arguments) {
      if (Files.isDirectory(p)) {
        List<Path> entries = entries(p);
        List<Path> files = entries.stream().filter(Inputs::isShown).toList();
        long arrays = files.stream().filter(Inputs::isArray).count();
        boolean pictures = files.stream().anyMatch(Inputs::looksLikeImage);
        long folders = pictures ? entries.stream().filter(f -> isForgotten(f, out)).count() : 0;
        if (folders > 0) {
          sentences.add(
              String.format(
                  Locale.ROOT,
                  "%s: %d folder%s in it not looked into; name %s to have the pictures read",
                  p,
                  folders,
                  folders == 1 ? "" : "s",
                  folders == 1 ? "it" : "them"));
        }
        if (arrays > 0 && pictures) {
          sentences.add(
              String.format(
                  Locale.ROOT,
                  "%s: %d .npy file%s left out, because a folder with pictures stands for these"
                      + " alone; name the files themselves to have them read",
                  p,
                  arrays,
                  arrays == 1 ? "" : "s"));
        }
      }
    }
    return sentences;
  }

  /** Refuses results in a folder of images: a second run would take them for images. */
  public static void keepApart(List<Path> arguments, Path out) {
    for (Path p : arguments) {
      if (Files.isDirectory(p) && WholeFile.isSame(p, out)) {
        throw CandelaException.of(
            "--out: a folder other than the images' expected, got %s; a second run would take"
                + " results for images; use %s",
            out, out.resolve("candela-out"));
      }
    }
  }

  private static List<Path> imagesIn(Path folder) {
    List<Path> files = filesIn(folder);
    List<Path> images = files.stream().filter(Inputs::looksLikeImage).toList();
    List<Path> found = images.isEmpty() ? files.stream().filter(Inputs::isArray).toList() : images;
    if (found.isEmpty()) {
      throw CandelaException.of(
          "%s: images expected, found none in this folder (those within it are not looked into);"
              + " endings looked for: %s, and npy",
          folder, String.join(", ", ENDINGS.stream().sorted().toList()));
    }
    return found;
  }

  /** By name. */
  private static List<Path> filesIn(Path folder) {
    return entries(folder).stream().filter(Inputs::isShown).sorted().toList();
  }

  /** Whether it is a folder in which there may be pictures, and not results. */
  private static boolean isForgotten(Path folder, Path out) {
    return Files.isDirectory(folder)
        && !folder.getFileName().toString().startsWith(".")
        && !out.toAbsolutePath().normalize().startsWith(folder.toAbsolutePath().normalize());
  }

  private static List<Path> entries(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.toList();
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

  private static boolean isShown(Path file) {
    boolean astray = Files.isSymbolicLink(file) && !Files.exists(file); // told when it is read
    return !file.getFileName().toString().startsWith(".") && (Files.isRegularFile(file) || astray);
  }

  private static boolean looksLikeImage(Path file) {
    return isImage(file) || OTHERS.contains(ending(file));
  }

  /** Whether its name is that of a picture that can be read. */
  public static boolean isImage(Path file) {
    return ENDINGS.contains(ending(file));
  }

  private static boolean isArray(Path file) {
    return ending(file).equals("npy");
  }

  private static String ending(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
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
