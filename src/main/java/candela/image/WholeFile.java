package candela.image;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Files that are there in whole or not at all: written beside their place, then moved. */
public final class WholeFile {
  /** What is being written right now; gone when the process is interrupted. */
  private static final Set<Path> PARTS = ConcurrentHashMap.newKeySet();

  private static final AtomicInteger COUNT = new AtomicInteger();

  /** What is to be done before that when the process ends. */
  private static final List<Runnable> LAST = new CopyOnWriteArrayList<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(WholeFile::end));
  }

  /** Bytes of a text: names of 20,000 classes take one million. */
  private static final int LONGEST = 16 << 20;

  private WholeFile() {}

  /** Writes to the path it is given. */
  @FunctionalInterface
  public interface Writer {
    void write(Path part) throws IOException;
  }

  /** SHA-256 of a file, in hexadecimal; "" where it cannot be read, which its reader will say. */
  public static String sha256(Path file) {
    try {
      return sha256(Files.readAllBytes(file));
    } catch (IOException e) {
      return "";
    }
  }

  /** SHA-256 in hexadecimal. */
  public static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }

  /** SHA-256 of what it is given. */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The text of a file of settings or names.
   *
   * @throws CandelaException when it cannot be read, is no UTF-8 text, or is larger than such files
   *     are
   */
  public static String text(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LONGEST + 1);
      if (bytes.length > LONGEST) {
        throw CandelaException.of(
            "%s: a text file of at most %d MiB expected, this one is larger", file, LONGEST >> 20);
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + reason(e), e);
    }
  }

  /** The folder of a file that is to be written; refuses what can be no file before work begins. */
  public static Path folder(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw CandelaException.of("%s: cannot be written: a file expected, it is a folder", file);
    }
    return folder;
  }

  /**
   * Refuses to write a file over one that is read, which would be lost.
   *
   * @param option that names it, or its folder
   * @param read null where there is none
   */
  public static void checkApart(String option, Path file, Path... read) {
    for (Path one : read) {
      if (one != null && isSame(file, one)) {
        throw CandelaException.of(
            "%s: another file expected than those that are read, %s is one of them and would be"
                + " lost; choose another name",
            option, file);
      }
    }
  }

  /**
   * Whether two names are of one file or folder that is there; what cannot be read is told where it
   * is read.
   */
  static boolean isSame(Path a, Path b) {
    try {
      return Files.exists(a) && Files.isSameFile(a, b);
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Makes a folder that results go to, where there is none, and a file in it that goes at once:
   * before work begins that would be lost.
   *
   * @param option that names it
   */
  public static void makeFolder(String option, Path folder) {
    try {
      withPart(folder, Files::createFile);
    } catch (IOException e) {
      String why = e instanceof NoSuchFileException ? "none can be made there" : reason(e);
      throw new CandelaException(
          option + ": a folder expected that can be written: " + folder + ": " + why, e);
    }
  }

  /** Makes the folder too, where there is none. */
  public static void write(Path file, Writer writer) {
    try {
      withPart(
          folder(file),
          part -> {
            writer.write(part);
            move(part, file);
          });
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be written: " + reason(e), e);
    }
  }

  /** A name in a folder, which is made where there is none; of what is left there nothing stays. */
  private static void withPart(Path folder, Writer writer) throws IOException {
    Path part =
        folder.resolve(".part-" + ProcessHandle.current().pid() + "-" + COUNT.getAndIncrement());
    Files.createDirectories(folder);
    PARTS.add(part);
    try {
      writer.write(part);
    } finally {
      Files.deleteIfExists(part);
      PARTS.remove(part);
    }
  }

  /** Work that may still write files, done when the process ends, before parts of them go. */
  public static void last(Runnable work) {
    LAST.add(work);
  }

  private static void end() {
    LAST.forEach(Runnable::run);
    removeParts();
  }

  private static void removeParts() {
    for (Path part : PARTS) {
      try {
        Files.deleteIfExists(part);
      } catch (IOException e) {
        // Nobody is left to tell.
      }
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** The fault in words; Java's own message often is only the name of the file. */
  public static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException n -> "there is no such file";
      case AccessDeniedException n -> "permission denied";
      case FileAlreadyExistsException n -> n.getFile() + " is a file, not a folder";
      case FileSystemLoopException n -> "its links lead in a circle";
      case CharacterCodingException n -> "it is not UTF-8 text";
      case FileSystemException n when n.getReason() != null -> advised(n.getReason());
      default -> advised(String.valueOf(e.getMessage()));
    };
  }

  private static String advised(String reason) {
    return reason.equals("No space left on device")
        ? "no space left on its disk; free some and start again"
        : reason;
  }
}
