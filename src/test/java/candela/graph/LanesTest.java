package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.graph.Lanes.Range;
import candela.graph.Lanes.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LanesTest {
  private static Range reads(long from, long to) {
    return new Range(from, to, false);
  }

  private static Range writes(long from, long to) {
    return new Range(from, to, true);
  }

  private static Slot slot(int lane, Integer... after) {
    return new Slot(lane, List.of(after));
  }

  /** a = f(), then b = g(a) beside c = h(a), then d = k(b, c). */
  @Test
  void branchesGoSideBySideAndJoin() {
    List<List<Range>> steps =
        List.of(
            List.of(writes(0, 10)),
            List.of(reads(0, 10), writes(10, 20)),
            List.of(reads(0, 10), writes(20, 30)),
            List.of(reads(10, 20), reads(20, 30), writes(30, 40)));
    assertThat(Lanes.of(steps, 4)).containsExactly(slot(0), slot(0), slot(1, 0), slot(0, 2));
    assertThat(Lanes.of(steps, 1)).containsExactly(slot(0), slot(0), slot(0), slot(0));
    assertThat(Lanes.longest(steps)).isEqualTo(3);
  }

  /** The third step writes where the second reads; the fourth writes where the third did. */
  @Test
  void memoryThatIsUsedAgainMakesStepsWait() {
    List<List<Range>> steps =
        List.of(
            List.of(writes(0, 10)),
            List.of(reads(0, 10), writes(10, 20)),
            List.of(writes(9, 12)),
            List.of(writes(11, 30)));
    assertThat(Lanes.of(steps, 4)).containsExactly(slot(0), slot(0), slot(0), slot(0));
  }

  @Test
  void whatIsOnlyReadAndWhatEndsWhereTheOtherBeginsDoesNotMeet() {
    List<List<Range>> steps =
        List.of(
            List.of(reads(0, 10), writes(20, 30)),
            List.of(reads(0, 10), writes(30, 40)),
            List.of(reads(5, 20), writes(40, 41)));
    assertThat(Lanes.of(steps, 3)).containsExactly(slot(0), slot(1), slot(2));
    assertThat(Lanes.of(steps, 2)).containsExactly(slot(0), slot(1), slot(0));
  }

  /** Rows of 8 bytes: columns 0-4 and 4-8 of one table, of another table, and the whole. */
  @Test
  void columnsOfOneTableAreWrittenSideBySide() {
    Range left = new Range(0, 80, 8, 0, 4, true);
    Range right = new Range(0, 80, 8, 4, 8, true);
    Range overlapping = new Range(0, 80, 8, 3, 5, true);
    Range otherRows = new Range(0, 80, 16, 4, 8, true);
    Range shifted = new Range(8, 88, 8, 4, 8, true);
    assertThat(second(left, right)).isEqualTo(slot(1));
    for (Range meets : List.of(left, overlapping, otherRows, shifted, reads(4, 5))) {
      assertThat(second(left, meets)).as("%s", meets).isEqualTo(slot(0));
      assertThat(second(meets, left)).as("%s", meets).isEqualTo(slot(0));
    }
  }

  private static Slot second(Range first, Range second) {
    return Lanes.of(List.of(List.of(first), List.of(second)), 2).get(1);
  }

  @Test
  void noStepsNeedNoSlots() {
    assertThat(Lanes.of(List.of(), 4)).isEmpty();
    assertThat(Lanes.longest(List.of())).isZero();
  }

  /** Lane order and waits, followed through, are compared with all pairs that share memory. */
  @Test
  void whateverSharesMemoryIsOrderedAndNoWaitIsSuperfluous() {
    Random random = new Random(3);
    int beside = 0;
    for (int round = 0; round < 400; round++) {
      List<List<Range>> steps = drawn(random);
      int most = 1 + random.nextInt(5);
      List<Slot> slots = Lanes.of(steps, most);
      boolean[][] before = closure(slots, -1, -1);
      for (int i = 0; i < steps.size(); i++) {
        assertThat(slots.get(i).lane()).isBetween(0, most - 1);
        for (int j = 0; j < i; j++) {
          if (meet(steps.get(i), steps.get(j))) {
            assertThat(before[i][j]).as("round %d: %d after %d", round, i, j).isTrue();
          } else if (!before[i][j]) {
            beside++;
          }
        }
        for (int j : slots.get(i).after()) {
          assertThat(j).isLessThan(i);
          assertThat(slots.get(j).lane()).isNotEqualTo(slots.get(i).lane());
          assertThat(closure(slots, i, j)[i][j])
              .as("round %d: wait of %d for %d", round, i, j)
              .isFalse();
        }
      }
    }
    assertThat(beside).as("pairs side by side").isGreaterThan(1000);
  }

  /** What comes before what; without one wait. */
  private static boolean[][] closure(List<Slot> slots, int without, int wait) {
    int n = slots.size();
    boolean[][] before = new boolean[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        boolean waits = slots.get(i).after().contains(j) && !(i == without && j == wait);
        if (waits || slots.get(j).lane() == slots.get(i).lane()) {
          before[i][j] = true;
          for (int k = 0; k < j; k++) {
            before[i][k] |= before[j][k];
          }
        }
      }
    }
    return before;
  }

  /** Small places, used again and again, some of them as tables. */
  private static List<List<Range>> drawn(Random random) {
    List<List<Range>> steps = new ArrayList<>();
    int n = 1 + random.nextInt(25);
    int places = 10 + random.nextInt(300);
    for (int i = 0; i < n; i++) {
      List<Range> ranges = new ArrayList<>();
      for (int k = 1 + random.nextInt(3); k > 0; k--) {
        long from = random.nextInt(places);
        boolean written = random.nextInt(3) == 0;
        if (random.nextInt(3) == 0) {
          long left = random.nextInt(8);
          long row = 8L * (1 + random.nextInt(2));
          ranges.add(new Range(from / 16 * 16, from / 16 * 16 + 16, row, left, left + 2, written));
        } else {
          ranges.add(new Range(from, from + random.nextInt(12), written));
        }
      }
      steps.add(ranges);
    }
    return steps;
  }

  /** Byte by byte. */
  private static boolean meet(List<Range> a, List<Range> b) {
    for (Range r : a) {
      for (Range s : b) {
        if (r.written() || s.written()) {
          for (long at = r.from(); at < r.to(); at++) {
            if (holds(r, at) && holds(s, at)) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  private static boolean holds(Range r, long at) {
    long column = r.row() == 0 ? 0 : (at - r.from()) % r.row();
    return at >= r.from()
        && at < r.to()
        && (r.row() == 0 || column >= r.left() && column < r.right());
  }
}
