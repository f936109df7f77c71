package candela.cli;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps a second run out of a folder. The system's lock on a file that stays: it goes with the
 * process, however that ends; were the file deleted, two runs could lock two files of one name.
 */
final class FolderLock implements AutoCloseable {
  /** What is locked unless another is named. */
  static final String FILE = ".lock";

  private final FileChannel channel;

  private FolderLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * @throws CandelaException where another run has it
   */
  static FolderLock of(Path folder) {
    return of(folder, FILE);
  }

  /**
   * The same, where only runs that write the same files keep each other out.
   *
   * @param file what is locked
   */
  static FolderLock of(Path folder, String file) {
    FileChannel channel = null;
    FolderLock lock = null;
    try {
      channel =
          FileChannel.open(
              folder.resolve(file), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      lock = isFree(channel) ? new FolderLock(channel) : null;
    } catch (IOException e) {
      throw new CandelaException(
          folder + ": cannot be locked: " + WholeFile.reason(e) + "; use another", e);
    } finally {
      if (lock == null && channel != null) {
        close(channel);
      }
    }
    if (lock != null) {
      return lock;
    }
    throw CandelaException.of(
        "%s: another run is at work in this folder; wait for it, or use another", folder);
  }

  /** Locks it where nobody has, in this process or another. */
  private static boolean isFree(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  @Override
  public void close() {
    close(channel);
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new CandelaException("lock: cannot be released: " + WholeFile.reason(e), e);
    }
  }
}
