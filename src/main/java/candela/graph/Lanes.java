package candela.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Which steps may run side by side: those where neither writes memory that the other reads or
 * writes. Memory decides, not the graph, since places are used again as soon as their values are no
 * longer read.
 */
final class Lanes {
  /**
   * Bytes that a step touches.
   *
   * @param from address of the first
   * @param to behind the last
   * @param row bytes of each row where these are columns of a table, which others may write beside
   *     it; 0 where they are all between first and last
   * @param left first of the columns, in bytes
   * @param right behind the last
   */
  record Range(long from, long to, long row, long left, long right, boolean written) {
    Range(long from, long to, boolean written) {
      this(from, to, 0, 0, 0, written);
    }

    private boolean meets(Range other) {
      if (!written && !other.written || from >= other.to || other.from >= to) {
        return false;
      }
      boolean sameTable = row > 0 && row == other.row && from == other.from && to == other.to;
      return !sameTable || left < other.right && other.left < right;
    }
  }

  /**
   * Where a step runs.
   *
   * @param lane 0 is the main one
   * @param after steps of other lanes that it waits for, none of which waits for another
   */
  record Slot(int lane, List<Integer> after) {}

  private final List<List<Range>> steps;
  private final List<Slot> slots = new ArrayList<>();

  /** Of each step, the last step of every lane that comes before it; -1 for none. */
  private final List<int[]> before = new ArrayList<>();

  /** The last step of every lane. */
  private final int[] last;

  /** When steps end if each takes 1. */
  private final int[] end;

  private Lanes(List<List<Range>> steps, int most) {
    this.steps = steps;
    last = new int[most];
    Arrays.fill(last, -1);
    end = new int[steps.size()];
  }

  /**
   * A slot for every step.
   *
   * @param steps what they touch, in the order they run in where there is one lane
   * @param most number of lanes
   */
  static List<Slot> of(List<List<Range>> steps, int most) {
    Lanes lanes = new Lanes(steps, most);
    for (int i = 0; i < steps.size(); i++) {
      lanes.add(i);
    }
    return lanes.slots;
  }

  /** Steps of the longest chain in which each waits for the one before. */
  static int longest(List<List<Range>> steps) {
    Lanes lanes = new Lanes(steps, Math.max(steps.size(), 1));
    for (int i = 0; i < steps.size(); i++) {
      lanes.add(i);
    }
    return Arrays.stream(lanes.end).max().orElse(0);
  }

  private void add(int i) {
    int[] known = new int[last.length];
    Arrays.fill(known, -1);
    List<Integer> needs = needs(i, known);
    int lane = lane(needs);
    List<Integer> after = needs;
    if (last[lane] >= 0) {
      int[] there = before.get(last[lane]);
      after = needs.stream().filter(j -> j > there[slots.get(j).lane()]).toList();
      raise(known, there);
    }
    Collections.sort(needs);
    end[i] = 1 + start(lane, needs);
    slots.add(new Slot(lane, after.stream().sorted().toList()));
    known[lane] = i;
    before.add(known);
    last[lane] = i;
  }

  /** What step i cannot run beside, without what that itself comes after; known holds both. */
  private List<Integer> needs(int i, int[] known) {
    List<Integer> needs = new ArrayList<>();
    for (int j = i - 1; j >= 0; j--) {
      if (j > known[slots.get(j).lane()] && meet(steps.get(i), steps.get(j))) {
        needs.add(j);
        raise(known, before.get(j));
      }
    }
    return needs;
  }

  private static boolean meet(List<Range> a, List<Range> b) {
    for (Range r : a) {
      for (Range s : b) {
        if (r.meets(s)) {
          return true;
        }
      }
    }
    return false;
  }

  /** The lane that can begin first; of those the one that waits for the fewest others. */
  private int lane(List<Integer> needs) {
    int best = 0;
    for (int l = 1; l < last.length; l++) {
      int sooner = start(l, needs) - start(best, needs);
      if (sooner < 0 || sooner == 0 && !needs.contains(last[best]) && needs.contains(last[l])) {
        best = l;
      }
    }
    return best;
  }

  private int start(int lane, List<Integer> needs) {
    int start = last[lane] < 0 ? 0 : end[last[lane]];
    for (int j : needs) {
      start = Math.max(start, end[j]);
    }
    return start;
  }

  private static void raise(int[] known, int[] more) {
    for (int l = 0; l < known.length; l++) {
      known[l] = Math.max(known[l], more[l]);
    }
  }
}
