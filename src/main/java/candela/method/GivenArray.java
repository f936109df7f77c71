package candela.method;

import candela.config.Spec;
import candela.image.Npy;
import candela.image.WholeFile;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An array that is given to a method, by a file or from Java; equal where shapes and values are. As
 * text: FILE.npy, nothing for none.
 */
public final class GivenArray {
  public static final GivenArray NONE = new GivenArray("", new Npy(new int[1], new float[0]));

  private final String text;
  private final Npy npy;

  private GivenArray(String text, Npy npy) {
    this.text = text;
    this.npy = npy;
  }

  /** From Java; its text tells it apart from others, and cannot be read. */
  public static GivenArray of(Npy npy) {
    var bytes = ByteBuffer.allocate(4 * npy.values().length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(npy.values());
    String hash = WholeFile.sha256(bytes.array());
    return new GivenArray(Arrays.toString(npy.shape()) + ":sha256=" + hash, npy);
  }

  /**
   * Reads FILE.npy, with the sha256 that the file must have or without; nothing is {@link #NONE}.
   *
   * @param what for messages
   * @param folder where the name starts
   * @throws CandelaException when there is no such file, or another one
   */
  static GivenArray parse(String what, String text, Path folder) {
    if (text.isEmpty()) {
      return NONE;
    }
    Spec spec = Spec.parse(text);
    String name = spec.name();
    if (!name.endsWith(".npy")) {
      throw CandelaException.of("%s: a FILE.npy expected, got '%s'", what, name);
    }
    Path file = folder.resolve(name);
    Npy npy = Npy.readFinite(file);
    String hash = WholeFile.sha256(file);
    String wanted = spec.text("sha256", hash);
    spec.finish();
    if (!wanted.equals(hash)) {
      throw CandelaException.of(
          "%s: %s: the file with sha256 %s expected, this one's is %s", what, name, wanted, hash);
    }
    return new GivenArray(name + ":sha256=" + hash, npy);
  }

  boolean isNone() {
    return text.isEmpty();
  }

  /** As {@link #parse} reads it. */
  String text() {
    return text;
  }

  /** Whether it has this shape, be it after axes of length 1. */
  boolean isOne(Shape shape) {
    return npy.isOne(shape.dims());
  }

  /** Row by row. */
  float[] values() {
    return npy.values();
  }

  /**
   * One image.
   *
   * @throws CandelaException when it is something else
   */
  float[] image(String what, Shape image) {
    if (!isOne(image)) {
      throw unlike(what, "the network's input " + image);
    }
    return npy.values();
  }

  /**
   * One image [c,h,w], or several [n,c,h,w].
   *
   * @throws CandelaException when it is something else
   */
  List<float[]> images(String what, Shape image) {
    int[] dims = npy.shape();
    int first = dims.length - image.rank();
    boolean alike =
        (first == 0 || first == 1)
            && Arrays.equals(Arrays.copyOfRange(dims, first, dims.length), image.dims());
    if (!alike || npy.values().length == 0) {
      throw unlike(what, "the network's input " + image + ", or several of them,");
    }
    List<float[]> images = new ArrayList<>();
    for (int at = 0; at < npy.values().length; at += image.count()) {
      images.add(Arrays.copyOfRange(npy.values(), at, at + image.count()));
    }
    return images;
  }

  CandelaException unlike(String what, String expected) {
    return CandelaException.of(
        "%s: %s: %s expected, got %s",
        what, text.substring(0, text.indexOf(":sha256=")), expected, Arrays.toString(npy.shape()));
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof GivenArray a
        && Arrays.equals(npy.shape(), a.npy.shape())
        && Arrays.equals(npy.values(), a.npy.values());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(npy.values());
  }

  @Override
  public String toString() {
    return text;
  }
}
