package candela.image;

import candela.tensor.CandelaException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/**
 * What a long work has done so far, as a file that is there in whole or not at all: its kind, the
 * run that it is of, content, and a SHA-256 over all of them.
 */
public final class StateFile {
  private static final int DIGEST = 32;

  private StateFile() {}

  /** Writes the content. */
  @FunctionalInterface
  public interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** Reads the content. */
  @FunctionalInterface
  public interface Reader<T> {
    T read(DataInputStream in) throws IOException;
  }

  /**
   * What a file has.
   *
   * @param content null where it is not of the run
   * @param fault why not, in words that follow "…, "; null where it is
   */
  public record Found<T>(T content, String fault) {}

  /**
   * Writes a file.
   *
   * @param kind what it is, with the number of its format
   * @param run all that decides on what comes next
   */
  public static void write(Path file, String kind, String run, Writer content) {
    WholeFile.write(
        file,
        part -> {
          MessageDigest digest = WholeFile.sha256();
          try (var whole = new BufferedOutputStream(Files.newOutputStream(part))) {
            var out = new DataOutputStream(new DigestOutputStream(whole, digest));
            writeText(out, kind);
            writeText(out, run);
            content.write(out);
            out.flush();
            whole.write(digest.digest());
          }
        });
  }

  /**
   * Reads a file, once for its hash and once for its content.
   *
   * @throws CandelaException where it cannot be read
   */
  public static <T> Found<T> read(Path file, String kind, String run, Reader<T> content) {
    try {
      if (!whole(file)) {
        return new Found<>(null, "the file is damaged");
      }
      try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
        return readText(in).equals(kind) && readText(in).equals(run)
            ? new Found<>(content.read(in), null)
            : new Found<>(null, "it is of another run, or version");
      }
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  private static boolean whole(Path file) throws IOException {
    MessageDigest digest = WholeFile.sha256();
    byte[] piece = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      long left = Files.size(file) - DIGEST;
      while (left > 0) {
        int n = in.readNBytes(piece, 0, (int) Math.min(left, piece.length));
        if (n == 0) {
          return false;
        }
        digest.update(piece, 0, n);
        left -= n;
      }
      return left == 0 && MessageDigest.isEqual(digest.digest(), in.readAllBytes());
    }
  }

  /** Of any length. */
  public static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  public static String readText(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
  }

  public static void writeFloats(DataOutputStream out, float[] values) throws IOException {
    ByteBuffer raw = ByteBuffer.allocate(Float.BYTES * values.length);
    raw.asFloatBuffer().put(values);
    out.writeInt(values.length);
    out.write(raw.array());
  }

  public static float[] readFloats(DataInputStream in) throws IOException {
    float[] values = new float[in.readInt()];
    ByteBuffer.wrap(in.readNBytes(Float.BYTES * values.length)).asFloatBuffer().get(values);
    return values;
  }

  public static void writeDoubles(DataOutputStream out, double[] values) throws IOException {
    ByteBuffer raw = ByteBuffer.allocate(Double.BYTES * values.length);
    raw.asDoubleBuffer().put(values);
    out.writeInt(values.length);
    out.write(raw.array());
  }

  public static double[] readDoubles(DataInputStream in) throws IOException {
    double[] values = new double[in.readInt()];
    ByteBuffer.wrap(in.readNBytes(Double.BYTES * values.length)).asDoubleBuffer().get(values);
    return values;
  }
}
