package candela.graph;

import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * How a reshape splits axes into pieces and joins pieces to axes: [6,10] to [3,20] splits 6 into 3
 * and 2 and joins 2 and 10. Axes of length 1 play no part but for that of a single image: it
 * regroups as that of several.
 *
 * @param pieces in the order of the elements, outermost first
 * @param image axis before in which a single image lies; -1 where there is none
 */
record Regrouping(List<Piece> pieces, int image) {
  /**
   * Neighbouring elements that stay together.
   *
   * @param size number of elements
   * @param from axis before that it is a part of; axes, where they do not split evenly
   * @param to axis after, likewise
   */
  record Piece(int size, List<Integer> from, List<Integer> to) {}

  /** Of two shapes with equal counts; null where that is 0 or 1. */
  static Regrouping of(Shape before, Shape after) {
    return before.count() < 2 ? null : new Regrouping(pieces(before, after), -1);
  }

  /** The same, with a single image at these places, where it begins a piece. */
  static Regrouping of(Shape before, SingleImage.At from, Shape after, SingleImage.At to) {
    if (before.count() < 2 || before.count() > Integer.MAX_VALUE / 2) {
      return of(before, after);
    }
    List<Piece> pieces = pieces(from.doubled(before), to.doubled(after));
    long outside = from.before(before);
    int i = 0;
    while (outside > 1 && i < pieces.size() && outside % pieces.get(i).size == 0) {
      outside /= pieces.get(i++).size;
    }
    if (outside > 1 || i == pieces.size() || pieces.get(i).size % 2 != 0) {
      return of(before, after);
    }
    Piece p = pieces.get(i);
    pieces.set(i, new Piece(p.size / 2, p.from, p.to));
    return new Regrouping(pieces, from.axis());
  }

  private static List<Piece> pieces(Shape before, Shape after) {
    List<Piece> pieces = new ArrayList<>();
    int i = 0;
    int j = 0;
    while (i < before.rank() && j < after.rank()) {
      int firstFrom = i;
      int firstTo = j;
      long p = before.dim(i++);
      long q = after.dim(j++);
      while (p != q) {
        if (p < q) {
          p *= before.dim(i++);
        } else {
          q *= after.dim(j++);
        }
      }
      if (p != 1) {
        split(pieces, before, firstFrom, i, after, firstTo, j);
      }
    }
    return pieces;
  }

  /** Whether each piece is in one place of held, whose transpose by perm is reshaped. */
  boolean lies(int[] perm, Shape held) {
    for (Piece p : pieces) {
      for (int k = 1; k < p.from.size(); k++) {
        int a = perm[p.from.get(k - 1)];
        int b = perm[p.from.get(k)];
        boolean apart = b < a || held.count(a + 1, b) != 1;
        if (apart || image >= 0 && a < perm[image] && perm[image] < b) {
          return false;
        }
      }
    }
    return true;
  }

  /** Cuts axes of equal product wherever an axis of either side begins. */
  private static void split(
      List<Piece> pieces, Shape before, int from, int fromEnd, Shape after, int to, int toEnd) {
    SortedSet<Integer> cuts = new TreeSet<>(inner(before, from, fromEnd));
    cuts.addAll(inner(after, to, toEnd));
    List<Integer> sizes = new ArrayList<>(cuts.reversed());
    for (int k = 0; k + 1 < sizes.size(); k++) {
      if (sizes.get(k) % sizes.get(k + 1) != 0) {
        int whole = sizes.getFirst();
        pieces.add(new Piece(whole, axes(before, from, fromEnd), axes(after, to, toEnd)));
        return;
      }
    }
    for (int k = 0; k + 1 < sizes.size(); k++) {
      int below = sizes.get(k + 1);
      List<Integer> a = List.of(axisAt(before, from, fromEnd, below));
      List<Integer> b = List.of(axisAt(after, to, toEnd, below));
      pieces.add(new Piece(sizes.get(k) / below, a, b));
    }
  }

  /** Elements inside each axis of the range and all further in, and 1. */
  private static List<Integer> inner(Shape s, int from, int end) {
    List<Integer> counts = new ArrayList<>(List.of(1));
    for (int axis = from; axis < end; axis++) {
      counts.add(s.count(axis, end));
    }
    return counts;
  }

  /**
   * The axis in the range whose steps are the longest that are no longer than a number of elements.
   */
  private static int axisAt(Shape s, int from, int end, int elements) {
    int axis = from;
    while (s.count(axis + 1, end) > elements || s.dim(axis) == 1) {
      axis++;
    }
    return axis;
  }

  private static List<Integer> axes(Shape s, int from, int end) {
    List<Integer> axes = new ArrayList<>();
    for (int axis = from; axis < end; axis++) {
      if (s.dim(axis) != 1) {
        axes.add(axis);
      }
    }
    return axes;
  }
}
