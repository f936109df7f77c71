package candela.image;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.math.BigInteger;
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
 * An array of NumPy's file format, version 1.0, little endian: written as float32 in C order; read
 * of floats, integers and booleans in either order, as the nearest float32.
 *
 * @param shape lengths; empty for a single value
 * @param values row by row, as many as the shape says
 */
public record Npy(int[] shape, float[] values) {
  private static final String MAGIC = "\u0093NUMPY";
  private static final int ALIGNMENT = 64;
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{\\s*'descr':\\s*'[<|](f2|f4|f8|i1|i2|i4|i8|u1|u2|u4|u8|b1)',"
              + "\\s*'fortran_order':\\s*(True|False),"
              + "\\s*'shape':\\s*\\(([0-9, ]*)\\),?\\s*\\}\\s*");

  public Npy {
    if (count(shape) != values.length) {
      throw CandelaException.of(
          "npy: %s needs %d values, got %d", Arrays.toString(shape), count(shape), values.length);
    }
  }

  /** Whether it has this shape, be it after axes of length 1. */
  public boolean isOne(int... dims) {
    int more = Math.max(0, shape.length - dims.length);
    return Arrays.equals(Arrays.copyOfRange(shape, more, shape.length), dims)
        && Arrays.stream(shape, 0, more).allMatch(d -> d == 1);
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

  /** Reads what {@link #write} and {@code numpy.save} write, but complex numbers and objects. */
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
            "%s: little-endian floats, integers or booleans expected, its header says %s%s",
            file,
            header.strip(),
            header.contains("'descr': '>") ? "; save it as a.astype('<f4')" : "");
      }
      String type = m.group(1);
      int[] shape =
          Arrays.stream(m.group(3).split(","))
              .map(String::strip)
              .filter(s -> !s.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      long bytes = Math.multiplyExact(count(shape), type.charAt(1) - '0');
      if (b.remaining() != bytes) {
        throw CandelaException.of(
            "%s: %s needs %d bytes after the header, got %d",
            file, Arrays.toString(shape), bytes, b.remaining());
      }
      float[] values = new float[(int) count(shape)];
      for (int i = 0; i < values.length; i++) {
        values[i] = value(type, b);
        if (type.equals("f8") && Float.isInfinite(values[i])) {
          checkRange(file, b.getDouble(b.position() - Double.BYTES));
        }
      }
      return new Npy(shape, m.group(2).equals("True") ? lastFirst(shape, values) : values);
    } catch (BufferUnderflowException | NumberFormatException | ArithmeticException e) {
      throw new CandelaException(file + ": a whole .npy file expected, it is cut or garbled", e);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  /**
   * The same of what must be numbers, as images are.
   *
   * @throws CandelaException also where one is NaN or infinite
   */
  public static Npy readFinite(Path file) {
    Npy npy = read(file);
    int strange = 0;
    for (float v : npy.values) {
      strange += Float.isFinite(v) ? 0 : 1;
    }
    if (strange > 0) {
      throw CandelaException.of(
          "%s: finite numbers expected, got %d of %d values that are NaN or infinite",
          file, strange, npy.values.length);
    }
    return npy;
  }

  /** Infinity is one, a number that would become it is not. */
  private static void checkRange(Path file, double value) {
    if (!Double.isInfinite(value)) {
      throw CandelaException.of(
          "%s: numbers of float32 expected, got %s, which is beyond its largest, %s; divide all by"
              + " one number first",
          file, value, Float.MAX_VALUE);
    }
  }

  private static float value(String type, ByteBuffer b) {
    return switch (type) {
      case "f2" -> Float.float16ToFloat(b.getShort());
      case "f4" -> b.getFloat();
      case "f8" -> (float) b.getDouble();
      case "i1" -> b.get();
      case "i2" -> b.getShort();
      case "i4" -> b.getInt();
      case "i8" -> b.getLong();
      case "u2" -> Short.toUnsignedInt(b.getShort());
      case "u4" -> Integer.toUnsignedLong(b.getInt());
      case "u8" -> new BigInteger(Long.toUnsignedString(b.getLong())).floatValue();
      default -> Byte.toUnsignedInt(b.get());
    };
  }

  /** Values of which the first index runs fastest, row by row. */
  private static float[] lastFirst(int[] shape, float[] values) {
    float[] rows = new float[values.length];
    for (int i = 0; i < rows.length; i++) {
      int at = 0;
      int left = i;
      int stride = values.length;
      for (int d = shape.length - 1; d >= 0; d--) {
        stride /= shape[d];
        at += left % shape[d] * stride;
        left /= shape[d];
      }
      rows[i] = values[at];
    }
    return rows;
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
