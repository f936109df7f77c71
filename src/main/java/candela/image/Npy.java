package candela.image;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A float32 array of NumPy's file format, version 1.0, little endian, C order.
 *
 * @param shape lengths; empty for a single value
 * @param values row by row, as many as the shape says
 */
public record Npy(int[] shape, float[] values) {
  private static final String MAGIC = "\u0093NUMPY";
  private static final int ALIGNMENT = 64;
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{\\s*'descr':\\s*'<f4',\\s*'fortran_order':\\s*False,"
              + "\\s*'shape':\\s*\\(([0-9, ]*)\\),?\\s*\\}\\s*");

  public Npy {
    if (count(shape) != values.length) {
      throw CandelaException.of(
          "npy: %s needs %d values, got %d", Arrays.toString(shape), count(shape), values.length);
    }
  }

  /** Whether it is one thing of this shape, be it in a batch of one. */
  public boolean isOne(int... dims) {
    boolean batch = shape.length == dims.length + 1 && shape[0] == 1;
    return Arrays.equals(batch ? Arrays.copyOfRange(shape, 1, shape.length) : shape, dims);
  }

  /** Writes the file whole or not at all. */
  public void write(Path file) {
    String dims =
        Arrays.stream(shape).mapToObj(Integer::toString).collect(Collectors.joining(", "));
    String header =
        "{'descr': '<f4', 'fortran_order': False, 'shape': ("
            + dims
            + (shape.length == 1 ? "," : "")
            + "), }";
    int start = MAGIC.length() + 4;
    int padded = Math.ceilDiv(start + header.length() + 1, ALIGNMENT) * ALIGNMENT - start;
    ByteBuffer b = ByteBuffer.allocate(start + padded + 4 * values.length);
    b.order(ByteOrder.LITTLE_ENDIAN).put(MAGIC.getBytes(StandardCharsets.ISO_8859_1));
    b.put((byte) 1).put((byte) 0).putShort((short) padded);
    b.put(
        (header + " ".repeat(padded - header.length() - 1) + "\n")
            .getBytes(StandardCharsets.US_ASCII));
    b.asFloatBuffer().put(values);
    WholeFile.write(file, part -> Files.write(part, b.array()));
  }

  /** Reads what {@link #write} and {@code numpy.save} of a float32 array in C order write. */
  public static Npy read(Path file) {
    try {
      ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      String magic = text(b, MAGIC.length());
      if (!magic.equals(MAGIC)) {
        throw CandelaException.of("%s: a .npy file expected, its first bytes say otherwise", file);
      }
      int version = b.getShort();
      if (version != 1) {
        throw CandelaException.of(
            "%s: .npy version 1.0 expected, got %d.%d", file, version & 255, version >> 8);
      }
      String header = text(b, b.getShort() & 0xFFFF);
      Matcher m = HEADER.matcher(header);
      if (!m.matches()) {
        throw CandelaException.of(
            "%s: float32 in C order expected, its header says %s", file, header.strip());
      }
      int[] shape =
          Arrays.stream(m.group(1).split(","))
              .map(String::strip)
              .filter(s -> !s.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      if (b.remaining() != 4L * count(shape)) {
        throw CandelaException.of(
            "%s: %s needs %d bytes after the header, got %d",
            file, Arrays.toString(shape), 4L * count(shape), b.remaining());
      }
      float[] values = new float[b.remaining() / 4];
      b.asFloatBuffer().get(values);
      return new Npy(shape, values);
    } catch (BufferUnderflowException | NumberFormatException | ArithmeticException e) {
      throw new CandelaException(file + ": a whole .npy file expected, it is cut or garbled", e);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  private static String text(ByteBuffer b, int length) {
    byte[] bytes = new byte[length];
    b.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static long count(int[] shape) {
    long n = 1;
    for (int d : shape) {
      n = Math.multiplyExact(n, (long) d);
    }
    return n;
  }
}
