package candela.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Places blocks with known lifetimes in one stretch of memory: blocks alive at the same time never
 * overlap. Largest first, each at the lowest offset that is free during its life.
 */
final class Placement {
  /** Alignment of every block: a cache line, and the widest vector load. */
  static final long ALIGNMENT = 64;

  /** A stretch of bytes needed from step first to step last, both inclusive. */
  static final class Block {
    private final long bytes;
    private int first;
    private int last;
    private long offset = -1;

    Block(long bytes, int first, int last) {
      this.bytes = bytes;
      this.first = first;
      this.last = last;
    }

    void include(int step) {
      first = Math.min(first, step);
      last = Math.max(last, step);
    }

    long bytes() {
      return bytes;
    }

    int first() {
      return first;
    }

    int last() {
      return last;
    }

    long offset() {
      return offset;
    }
  }

  private static final Comparator<Block> BY_OFFSET = Comparator.comparingLong(b -> b.offset);

  private Placement() {}

  /** Sets every block's offset and returns the bytes needed in all. */
  static long place(List<Block> blocks) {
    return place(blocks, 0);
  }

  /**
   * @param rest steps after a block's last in which its place stays unused: a step that has nothing
   *     to do with the one before need not wait for it then
   */
  static long place(List<Block> blocks, int rest) {
    List<Block> order = new ArrayList<>(blocks);
    order.sort(Comparator.comparingLong((Block b) -> -b.bytes));
    List<Block> placed = new ArrayList<>();
    long total = 0;
    for (Block b : order) {
      long at = 0;
      for (Block p : placed) {
        boolean together = p.first <= b.last + rest && b.first <= p.last + rest;
        if (together && p.offset < at + round(b.bytes) && at < p.offset + round(p.bytes)) {
          at = p.offset + round(p.bytes);
        }
      }
      b.offset = at;
      total = Math.max(total, at + round(b.bytes));
      int slot = Collections.binarySearch(placed, b, BY_OFFSET);
      placed.add(slot < 0 ? -slot - 1 : slot, b);
    }
    return total;
  }

  private static long round(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
