package candela.image;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Files that are there in whole or not at all: written beside their place, then moved. */
public final class WholeFile {
  /** What is being written right now; gone when the process is interrupted. */
  private static final Set<Path> PARTS = ConcurrentHashMap.newKeySet();

  private static final AtomicInteger COUNT = new AtomicInteger();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(WholeFile::removeParts));
  }

  private WholeFile() {}

  /** Writes to the path it is given. */
  @FunctionalInterface
  public interface Writer {
    void write(Path part) throws IOException;
  }

  /** Makes the folder too, where there is none. */
  public static void write(Path file, Writer writer) {
    Path folder = file.toAbsolutePath().getParent();
    Path part =
        folder.resolve(".part-" + ProcessHandle.current().pid() + "-" + COUNT.getAndIncrement());
    try {
      Files.createDirectories(folder);
      PARTS.add(part);
      try {
        writer.write(part);
        move(part, file);
      } finally {
        Files.deleteIfExists(part);
        PARTS.remove(part);
      }
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be written: " + reason(e), e);
    }
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
