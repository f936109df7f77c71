package candela.graph;

import candela.graph.Regrouping.Piece;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a reshape of a transposed value is when it comes before the transpose: the value is split
 * into pieces, these are put in order where they are not in order already, joined, and transposed.
 *
 * @param split the held value in pieces
 * @param order of the pieces, as a transpose of split; the identity where nothing moves
 * @param held the result before it is transposed
 * @param perm what transposes held to the reshaped value
 */
record ReshapeFirst(Shape split, int[] order, Shape held, int[] perm) {
  /** Of a tensor that is copied piece by piece. */
  static final int MOST_AXES = 8;

  boolean moves() {
    return !Transposition.isIdentity(order);
  }

  /**
   * @param perm transposes the held value to the one that is reshaped
   * @param after the shape wanted
   */
  static ReshapeFirst of(Regrouping g, int[] perm, Shape after) {
    List<Piece> lie = new ArrayList<>(g.pieces());
    lie.sort(Comparator.comparingInt(p -> perm[p.from().getFirst()]));
    List<List<Piece>> joined = joined(g);
    joined.sort(Comparator.comparingInt(j -> j.stream().mapToInt(lie::indexOf).min().getAsInt()));
    List<Integer> order = new ArrayList<>();
    List<Integer> axes = new ArrayList<>();
    for (List<Piece> j : joined) {
      j.forEach(p -> order.add(lie.indexOf(p)));
      axes.addAll(j.getFirst().to());
    }
    for (int axis = 0; axis < after.rank(); axis++) {
      if (!axes.contains(axis)) {
        axes.add(axes.indexOf(axis - 1) + 1, axis);
      }
    }
    int[] to = array(axes);
    int[] sizes = lie.stream().mapToInt(Piece::size).toArray();
    return new ReshapeFirst(
        Shape.of(sizes), array(order), Transposition.shape(after, to), Transposition.inverse(to));
  }

  /** Pieces of one axis each. */
  private static List<List<Piece>> joined(Regrouping g) {
    List<List<Piece>> joined = new ArrayList<>();
    for (Piece p : g.pieces()) {
      if (joined.isEmpty() || !joined.getLast().getLast().to().equals(p.to())) {
        joined.add(new ArrayList<>());
      }
      joined.getLast().add(p);
    }
    return joined;
  }

  private static int[] array(List<Integer> list) {
    return list.stream().mapToInt(i -> i).toArray();
  }
}
