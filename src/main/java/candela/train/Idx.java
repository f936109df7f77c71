package candela.train;

import candela.config.Spec;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The IDX files of MNIST, packed by gzip or not: {@code images} [n,h,w] and {@code labels} [n] of
 * bytes; {@code test-images} and {@code test-labels} if there are any.
 */
final class Idx {
  private Idx() {}

  static Dataset[] read(Spec spec, Path folder) {
    int classes = spec.integer("classes", 10, 2, 256);
    Dataset train =
        set(Sources.path(spec, "images", folder), Sources.path(spec, "labels", folder), classes);
    if (spec.text("test-images", null) == null) {
      return new Dataset[] {train};
    }
    Path images = Sources.path(spec, "test-images", folder);
    return new Dataset[] {train, set(images, Sources.path(spec, "test-labels", folder), classes)};
  }

  private static Dataset set(Path imageFile, Path labelFile, int classes) {
    ByteBuffer images = bytes(imageFile);
    int[] dims = dims(imageFile, images, 3);
    ByteBuffer labels = bytes(labelFile);
    int n = dims(labelFile, labels, 1)[0];
    if (n != dims[0]) {
      throw CandelaException.of(
          "%s: %d labels expected, as many as pictures; got %d", labelFile, dims[0], n);
    }
    List<byte[]> pixels = new ArrayList<>();
    int[] numbers = new int[n];
    for (int i = 0; i < n; i++) {
      byte[] one = new byte[dims[1] * dims[2]];
      images.get(one);
      pixels.add(one);
      numbers[i] = labels.get() & 255;
      if (numbers[i] >= classes) {
        throw CandelaException.of(
            "%s: labels 0 to %d expected, entry %d is %d; give classes=…",
            labelFile, classes - 1, i, numbers[i]);
      }
    }
    List<String> names = IntStream.range(0, classes).mapToObj(Integer::toString).toList();
    return new Dataset(Shape.of(1, dims[1], dims[2]), pixels, numbers, names);
  }

  /** Checks the header: two zero bytes, type 8 (bytes), the rank, the dimensions. */
  private static int[] dims(Path file, ByteBuffer data, int rank) {
    long count = 1;
    int[] dims = new int[rank];
    boolean right = data.remaining() >= 4 + 4 * rank && data.getInt() == 0x800 + rank;
    for (int i = 0; right && i < rank; i++) {
      dims[i] = data.getInt();
      right = dims[i] > 0;
      count *= dims[i];
    }
    if (!right || count != data.remaining()) {
      throw CandelaException.of(
          "%s: an IDX file of bytes in %d %s expected, came something else or a part of one",
          file, rank, rank == 1 ? "dimension" : "dimensions");
    }
    return dims;
  }

  private static ByteBuffer bytes(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      boolean packed = bytes.length > 1 && (bytes[0] & 255) == 0x1f && (bytes[1] & 255) == 0x8b;
      if (packed) {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
          bytes = in.readAllBytes();
        }
      }
      return ByteBuffer.wrap(bytes);
    } catch (ZipException | EOFException e) {
      throw new CandelaException(file + ": a whole gzip file expected, it is damaged", e);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }
}
