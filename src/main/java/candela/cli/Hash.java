package candela.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of a file. */
final class Hash {
  private Hash() {}

  static String of(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      var buffer = java.nio.ByteBuffer.allocate(1 << 20);
      while (in.read(buffer) >= 0) {
        digest.update(buffer.flip());
        buffer.clear();
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
