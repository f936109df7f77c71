package candela.image;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.lwjgl.stb.STBImage;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;

/**
 * A picture of 8-bit RGB pixels, row by row from the top. Not changed once made, so threads may
 * share it.
 */
public final class Image {
  /** Most pixels that are read: 2^28, 768 MiB. */
  public static final long MAX_PIXELS = 1L << 28;

  /** Of the densest file there is, a PNG of one bit and one colour: deflate packs 1032 to 1. */
  private static final long PIXELS_A_BYTE = 8 * 1032;

  private static final long FEW = 1 << 20;

  /** Bytes of what is no file. */
  private static final int LARGEST_PIPE = 64 << 20;

  private final int width;
  private final int height;
  private final byte[] rgb;

  /** Takes the array as it is; who gave it must not write to it any more. */
  public Image(int width, int height, byte[] rgb) {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw CandelaException.of(
          "image: %d x %d needs %d bytes, got %d", width, height, 3L * width * height, rgb.length);
    }
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /**
   * Reads JPEG, PNG, BMP, GIF (first frame), TGA, PSD, PGM and PPM. Grey becomes RGB, transparency
   * lies on white, 16 bits become 8; a JPEG is turned as its EXIF orientation says.
   */
  public static Image read(Path file) {
    return decode(file, bytes(file));
  }

  /** Grey level of a pixel, {@code 0.299 R + 0.587 G + 0.114 B} rounded as PIL does it. */
  public int grey(int pixel) {
    int r = rgb[3 * pixel] & 255;
    int g = rgb[3 * pixel + 1] & 255;
    int b = rgb[3 * pixel + 2] & 255;
    return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
  }

  /**
   * Of a file's bytes, wherever they come from.
   *
   * @param file how messages name it
   */
  public static Image decode(Object file, byte[] bytes) {
    Stb.ready();
    ByteBuffer data = MemoryUtil.memAlloc(bytes.length);
    try (MemoryStack stack = MemoryStack.stackPush()) {
      data.put(bytes).flip();
      var w = stack.mallocInt(1);
      var h = stack.mallocInt(1);
      var channels = stack.mallocInt(1);
      if (!STBImage.stbi_info_from_memory(data, w, h, channels)) {
        throw undecodable(file);
      }
      if ((long) w.get(0) * h.get(0) > MAX_PIXELS) {
        throw CandelaException.of(
            "%s: at most %d pixels expected, got %d x %d", file, MAX_PIXELS, w.get(0), h.get(0));
      }
      checkWhole(file, bytes, w.get(0), h.get(0));
      boolean alpha = channels.get(0) % 2 == 0;
      ByteBuffer pixels = STBImage.stbi_load_from_memory(data, w, h, channels, alpha ? 4 : 3);
      if (pixels == null) {
        throw undecodable(file);
      }
      try {
        Image image = new Image(w.get(0), h.get(0), alpha ? onWhite(pixels) : copy(pixels));
        return Orientation.of(bytes).upright(image);
      } finally {
        STBImage.stbi_image_free(pixels);
      }
    } finally {
      MemoryUtil.memFree(data);
    }
  }

  /** Writes a PNG; the file is there in whole or not at all. */
  public void writePng(Path file) {
    byte[] png = Png.encode(this);
    WholeFile.write(file, part -> Files.write(part, png));
  }

  /** The bytes of a PNG file. */
  public byte[] png() {
    return Png.encode(this);
  }

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  /** Channel 0, 1, 2 (red, green, blue) of a pixel, 0 to 255. */
  public int at(int x, int y, int channel) {
    return rgb[3 * (y * width + x) + channel] & 255;
  }

  /** A copy of the levels, [h,w,3]. */
  public byte[] levels() {
    return rgb.clone();
  }

  /** [h,w,3]; not to be written to. */
  byte[] rgb() {
    return rgb;
  }

  /** The rectangle, which must lie inside. */
  public Image crop(int left, int top, int cropWidth, int cropHeight) {
    if (left < 0 || top < 0 || left + cropWidth > width || top + cropHeight > height) {
      throw CandelaException.of(
          "image: a crop inside %d x %d expected, got %d x %d at %d,%d",
          width, height, cropWidth, cropHeight, left, top);
    }
    byte[] part = new byte[3 * cropWidth * cropHeight];
    for (int y = 0; y < cropHeight; y++) {
      System.arraycopy(rgb, 3 * ((top + y) * width + left), part, 3 * y * cropWidth, 3 * cropWidth);
    }
    return new Image(cropWidth, cropHeight, part);
  }

  private static byte[] bytes(Path file) {
    if (Files.isDirectory(file)) {
      throw CandelaException.of("%s: an image file expected, got a folder", file);
    }
    try {
      if (Files.size(file) > Integer.MAX_VALUE - 8) {
        throw CandelaException.of(
            "%s: a file below 2 GiB expected, got %d bytes", file, Files.size(file));
      }
      if (!Files.isRegularFile(file)) {
        return ofPipe(file);
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be read: " + WholeFile.reason(e), e);
    }
  }

  /** What has no size may have no end. */
  private static byte[] ofPipe(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST_PIPE + 1);
      if (bytes.length > LARGEST_PIPE) {
        throw CandelaException.of(
            "%s: an image file expected, came more than %d MiB of something else",
            file, LARGEST_PIPE >> 20);
      }
      return bytes;
    }
  }

  /** Before the decoder makes room for what the header says. */
  private static void checkWhole(Object file, byte[] bytes, int width, int height) {
    String fault = Intact.fault(bytes, width, height);
    if (fault == null && (long) width * height > FEW + PIXELS_A_BYTE * bytes.length) {
      fault = "its " + bytes.length + " bytes cannot hold " + width + " x " + height + " pixels";
    }
    if (fault != null) {
      throw CandelaException.of(
          "%s: a whole image expected, %s; copy or save it again", file, fault);
    }
  }

  private static CandelaException undecodable(Object file) {
    return CandelaException.of(
        "%s: a JPEG, PNG, BMP, GIF, TGA, PSD, PGM or PPM image expected, decoder says: %s;"
            + " save it as one of these, or an input as a .npy file",
        file, STBImage.stbi_failure_reason());
  }

  private static byte[] copy(ByteBuffer pixels) {
    byte[] rgb = new byte[pixels.remaining()];
    pixels.get(pixels.position(), rgb);
    return rgb;
  }

  private static byte[] onWhite(ByteBuffer rgba) {
    byte[] rgb = new byte[rgba.remaining() / 4 * 3];
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / 3 * 4;
      int a = rgba.get(pixel + 3) & 255;
      int v = rgba.get(pixel + i % 3) & 255;
      rgb[i] = (byte) ((v * a + 255 * (255 - a) + 127) / 255);
    }
    return rgb;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Image i && i.width == width && Arrays.equals(i.rgb, rgb);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "Image[" + width + " x " + height + "]";
  }
}
