package candela.metric;

import java.util.Arrays;

/** Positions of a map in the order of their values; of equal values, the first comes first. */
public final class PixelOrder {
  private static final long SIGN = 0x80000000L;

  private PixelOrder() {}

  /** Smallest first; NaN last. */
  public static int[] ascending(float[] map) {
    return sorted(map, 0);
  }

  /** Largest first; NaN first. */
  public static int[] descending(float[] map) {
    return sorted(map, 0xffffffffL);
  }

  /** Sorts whole numbers, the value's order above the position: no objects, and a stable order. */
  private static int[] sorted(float[] map, long flip) {
    long[] keys = new long[map.length];
    for (int i = 0; i < keys.length; i++) {
      // + 0: -0 and 0 are equal
      int bits = Float.floatToIntBits(map[i] + 0f);
      long value = (bits < 0 ? ~bits & 0xffffffffL : bits | SIGN) ^ flip;
      keys[i] = (value ^ SIGN) << 32 | i;
    }
    Arrays.parallelSort(keys);
    int[] order = new int[keys.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = (int) keys[i];
    }
    return order;
  }
}
