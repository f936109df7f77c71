package candela.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * Whether a picture file is whole. The decoder fills what is missing of a cut file with grey or
 * black, and does not look at checksums: that would be a map of another picture.
 */
final class Intact {
  private static final int END_OF_IMAGE = 0xD9;
  private static final int START_OF_SCAN = 0xDA;
  private static final long PNG = 0x89504E470D0A1A0AL;
  private static final int PNG_END = 0x49454E44; // IEND

  private Intact() {}

  /** What is wrong with a file's bytes, null where nothing is, or where its format cannot tell. */
  static String fault(byte[] file, int width, int height) {
    ByteBuffer b = ByteBuffer.wrap(file);
    try {
      if (b.getShort(0) == (short) 0xFFD8) {
        return jpeg(b);
      }
      if (b.getLong(0) == PNG) {
        return png(b);
      }
      if (b.getShort(0) == (short) 0x4749) { // GI
        return b.get(file.length - 1) == 0x3B ? null : "it ends early";
      }
      return b.getShort(0) == (short) 0x424D ? bmp(b, width, height) : null; // BM
    } catch (IndexOutOfBoundsException e) {
      return "it ends early";
    }
  }

  /** ITU-T T.81, annex B: segments with lengths, and scans until a marker. */
  private static String jpeg(ByteBuffer b) {
    int at = 2;
    while (true) {
      while (b.get(at) != -1 || (b.get(at + 1) & 0xFF) == 0xFF) {
        at++; // fill bytes
      }
      int marker = b.get(at + 1) & 0xFF;
      if (marker == END_OF_IMAGE) {
        return null;
      }
      at += 2 + (b.getShort(at + 2) & 0xFFFF);
      if (marker == START_OF_SCAN) {
        at = endOfScan(b, at);
      }
    }
  }

  /** The next marker that is neither a stuffed FF nor a restart. */
  private static int endOfScan(ByteBuffer b, int from) {
    int at = from;
    while (true) {
      if (b.get(at) == -1) {
        int next = b.get(at + 1) & 0xFF;
        if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) {
          return at;
        }
      }
      at++;
    }
  }

  /** ISO/IEC 15948, section 5.3: length, type, data, checksum of type and data. */
  private static String png(ByteBuffer b) {
    CRC32 sum = new CRC32();
    int at = 8;
    while (true) {
      int length = b.getInt(at);
      int type = b.getInt(at + 4);
      if (length < 0) {
        return "a part of it has no length";
      }
      if (length > b.limit() - at - 12) {
        return "it ends early";
      }
      int stored = b.getInt(at + 8 + length);
      sum.reset();
      sum.update(b.slice(at + 4, 4 + length));
      if ((int) sum.getValue() != stored) {
        return "its checksums say that it is damaged";
      }
      if (type == PNG_END) {
        return null;
      }
      at += 12 + length;
    }
  }

  /** Rows of uncompressed pixels, each padded to four bytes, behind a header that says where. */
  private static String bmp(ByteBuffer b, int width, int height) {
    b.order(java.nio.ByteOrder.LITTLE_ENDIAN);
    boolean old = b.getInt(14) == 12;
    int bits = b.getShort(old ? 24 : 28);
    long rows = (((long) width * bits + 31) / 32 * 4) * height;
    return Integer.toUnsignedLong(b.getInt(10)) + rows > b.limit() ? "it ends early" : null;
  }
}
