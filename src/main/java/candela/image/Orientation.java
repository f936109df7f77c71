package candela.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera was held: EXIF tag 0x0112 of a JPEG, values 1 to 8 (Exif 2.3, section 4.6.4).
 *
 * @param value 1 is upright; 5 to 8 swap width and height
 */
record Orientation(int value) {
  private static final int TAG = 0x0112;
  private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0, 0};

  /** Of a file's bytes; upright where it is no JPEG, says nothing, or is garbled. */
  static Orientation of(byte[] file) {
    ByteBuffer b = ByteBuffer.wrap(file);
    try {
      if (b.getShort(0) != (short) 0xFFD8) {
        return new Orientation(1);
      }
      int at = 2;
      while ((b.getShort(at) & 0xFF00) == 0xFF00 && b.getShort(at) != (short) 0xFFDA) {
        int length = b.getShort(at + 2) & 0xFFFF;
        if (b.getShort(at) == (short) 0xFFE1 && startsWithExif(b, at + 4)) {
          return ofTiff(b.slice(at + 10, length - 8));
        }
        at += 2 + length;
      }
    } catch (IndexOutOfBoundsException e) {
      return new Orientation(1); // the decoder judges whether the picture is whole
    }
    return new Orientation(1);
  }

  private static boolean startsWithExif(ByteBuffer b, int at) {
    for (int i = 0; i < EXIF.length; i++) {
      if (b.get(at + i) != EXIF[i]) {
        return false;
      }
    }
    return true;
  }

  private static Orientation ofTiff(ByteBuffer tiff) {
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    int entries = tiff.getShort(directory) & 0xFFFF;
    for (int i = 0; i < entries; i++) {
      int entry = directory + 2 + 12 * i;
      if (tiff.getShort(entry) == TAG) {
        int value = tiff.getShort(entry + 8);
        return new Orientation(value >= 1 && value <= 8 ? value : 1);
      }
    }
    return new Orientation(1);
  }

  /** The picture as its maker saw it. */
  Image upright(Image image) {
    if (value == 1) {
      return image;
    }
    int w = image.width();
    int h = image.height();
    boolean swapped = value >= 5;
    int width = swapped ? h : w;
    int height = swapped ? w : h;
    byte[] rgb = new byte[3 * w * h];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int right = w - 1 - (swapped ? y : x);
        int bottom = h - 1 - (swapped ? x : y);
        int sx = value == 2 || value == 3 || value == 7 || value == 8 ? right : w - 1 - right;
        int sy = value == 3 || value == 4 || value == 6 || value == 7 ? bottom : h - 1 - bottom;
        System.arraycopy(image.rgb(), 3 * (sy * w + sx), rgb, 3 * (y * width + x), 3);
      }
    }
    return new Image(width, height, rgb);
  }
}
