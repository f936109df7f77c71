package candela.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
      b.order(ByteOrder.LITTLE_ENDIAN);
      return switch (b.getShort(0)) {
        case 0x4947 -> gif(b); // GI
        case 0x4D42 -> bmp(b, width, height); // BM
        // PNM, HDR, PSD and PIC, whose decoders see where a file ends
        case 0x3550, 0x3650, 0x3F23, 0x4238, (short) 0x8053 -> null;
        default -> tga(b, width, height);
      };
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

  /** GIF89a, sections 18 to 23: the first image, which is the one that is read, with its blocks. */
  private static String gif(ByteBuffer b) {
    int at = 13 + colours(b.get(10));
    while (b.get(at) == 0x21) {
      at = behindBlocks(b, at + 2);
    }
    if (b.get(at) != 0x2C) {
      return b.get(at) == 0x3B ? "it has no image" : "a part of it has no name";
    }
    behindBlocks(b, at + 11 + colours(b.get(at + 9)));
    return null;
  }

  /** Bytes of a table of colours, where there is one. */
  private static int colours(byte packed) {
    return packed < 0 ? 3 << ((packed & 7) + 1) : 0;
  }

  /** Behind the block without bytes that ends others. */
  private static int behindBlocks(ByteBuffer b, int from) {
    int at = from;
    while (b.get(at) != 0) {
      at += 1 + (b.get(at) & 0xFF);
    }
    return at + 1;
  }

  /**
   * Truevision's, of which no first byte tells: a header that is right about the image is believed.
   */
  private static String tga(ByteBuffer b, int width, int height) {
    int type = b.get(2) & 0xFF;
    int wide = b.getShort(12) & 0xFFFF;
    int tall = b.getShort(14) & 0xFFFF;
    boolean runs = (type & 8) != 0;
    if ((type & ~8) < 1 || (type & ~8) > 3 || wide != width || tall != height) {
      return null;
    }
    int each = ((b.get(16) & 0xFF) + 7) / 8;
    int table = b.get(1) == 0 ? 0 : (b.getShort(5) & 0xFFFF) * (((b.get(7) & 0xFF) + 7) / 8);
    long at = 18L + (b.get(0) & 0xFF) + table;
    long pixels = (long) width * height;
    for (long i = 0; runs && i < pixels; ) {
      int packet = b.get(Math.toIntExact(at));
      int count = (packet & 0x7F) + 1;
      at += 1 + (packet < 0 ? each : (long) count * each);
      i += count;
    }
    return at + (runs ? 0 : pixels * each) > b.limit() ? "it ends early" : null;
  }

  /** Rows of uncompressed pixels, each padded to four bytes, behind a header that says where. */
  private static String bmp(ByteBuffer b, int width, int height) {
    boolean old = b.getInt(14) == 12;
    int bits = b.getShort(old ? 24 : 28);
    long rows = (((long) width * bits + 31) / 32 * 4) * height;
    return Integer.toUnsignedLong(b.getInt(10)) + rows > b.limit() ? "it ends early" : null;
  }
}
