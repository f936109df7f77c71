package candela.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** PNG files (ISO/IEC 15948) of 8-bit RGB. */
final class Png {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  private static final byte[] RGB = {8, 2, 0, 0, 0}; // bits, colour, and the only choices there are
  private static final int LEVEL = 4;
  private static final int CHANNELS = 3;

  private Png() {}

  static byte[] encode(Image image) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(SIGNATURE);
    ByteBuffer size = ByteBuffer.allocate(8 + RGB.length);
    chunk(out, "IHDR", size.putInt(image.width()).putInt(image.height()).put(RGB).array());
    chunk(out, "IDAT", packed(filtered(image.rgb(), image.height(), CHANNELS * image.width())));
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 sum = new CRC32();
    sum.update(name);
    sum.update(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    out.writeBytes(name);
    out.writeBytes(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) sum.getValue()).array());
  }

  private static byte[] packed(byte[] bytes) {
    Deflater deflater = new Deflater(LEVEL);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      var out = new ByteArrayOutputStream(bytes.length / 4 + 64);
      byte[] part = new byte[1 << 16];
      while (!deflater.finished()) {
        out.write(part, 0, deflater.deflate(part));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  /**
   * Each row behind the number of its filter: 1, less the pixel to the left, or 2, less the one
   * above, whichever leaves the smaller sum of absolute values (section 12.8).
   */
  private static byte[] filtered(byte[] rgb, int height, int row) {
    byte[] out = new byte[height * (row + 1)];
    byte[] above = new byte[row];
    for (int y = 0; y < height; y++) {
      int from = y * row;
      int to = y * (row + 1);
      int left = 0;
      int up = 0;
      for (int i = 0; i < row; i++) {
        byte before = i < CHANNELS ? 0 : rgb[from + i - CHANNELS];
        left += Math.abs((byte) (rgb[from + i] - before));
        up += Math.abs((byte) (rgb[from + i] - above[i]));
      }
      out[to] = (byte) (left <= up ? 1 : 2);
      for (int i = 0; i < row; i++) {
        byte before = left > up ? above[i] : i < CHANNELS ? 0 : rgb[from + i - CHANNELS];
        out[to + 1 + i] = (byte) (rgb[from + i] - before);
      }
      System.arraycopy(rgb, from, above, 0, row);
    }
    return out;
  }
}
