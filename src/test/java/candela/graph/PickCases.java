package candela.graph;

import candela.reference.Nd;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Cases of {@link PickReaders}. */
final class PickCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private PickCases() {}

  static List<OperatorCase> all() {
    var c = new PickCases();
    c.elements();
    c.written();
    c.largest();
    c.classes();
    c.firsts();
    return c.cases;
  }

  /** Places at run time and constant ones, as many as there are elements, fewer, and more. */
  private void elements() {
    for (int axis = -1; axis < 3; axis++) {
      int along = Math.floorMod(axis, 3);
      int[][] shapes = {{3, 4, 5}, {2, 3, 2}};
      for (int[] s : shapes) {
        int[] dims = s.clone();
        dims[along] = 7;
        int n = new int[] {3, 4, 5}[along];
        OperatorCase x = OperatorCase.of("GatherElements", 13).x(3, 4, 5);
        Nd places = Nd.of(dims, i -> (i[0] * 5 + i[1] * 3 + i[2] * i[2]) % (2 * n) - n);
        for (OperatorCase c : List.of(x.integers(-n, n, dims), x.integer(places))) {
          cases.add(c.attributes("axis", axis).gives(in -> gathered(in.get(0), in.get(1), along)));
        }
      }
    }
  }

  /** Places at run time: each once, or added. */
  private void written() {
    for (int axis = 0; axis < 2; axis++) {
      boolean rows = axis == 0;
      int[] dims = rows ? new int[] {2, 4} : new int[] {3, 3};
      Nd once = Nd.of(dims, i -> rows ? 2 - (i[0] * 2 + i[1]) % 3 : (i[1] * 3 + i[0]) % 4 - 4);
      Nd twice = Nd.of(dims, i -> rows ? -1 : i[1] % 2);
      for (boolean add : new boolean[] {false, true}) {
        cases.add(
            OperatorCase.of("ScatterElements", 18)
                .x(3, 4)
                .places(add ? twice : once)
                .x(dims)
                .attributes("axis", axis, "reduction", add ? "add" : "none")
                .gives(in -> scattered(in, rows ? 0 : 1, add)));
      }
    }
  }

  private static Nd scattered(List<Nd> in, int axis, boolean add) {
    Nd y = in.get(0).map(v -> v);
    Nd.of(
        in.get(1).dims(),
        i -> {
          int[] at = i.clone();
          at[axis] = Math.floorMod((int) in.get(1).at(i), y.dim(axis));
          int to = at[0] * y.dim(1) + at[1];
          y.data()[to] = in.get(2).at(i) + (add ? y.data()[to] : 0);
          return 0;
        });
    return y;
  }

  private static Nd gathered(Nd x, Nd places, int axis) {
    return Nd.of(
        places.dims(),
        i -> {
          int[] at = i.clone();
          at[axis] = Math.floorMod((int) places.at(i), x.dim(axis));
          return x.at(at);
        });
  }

  /** Distinct numbers, and some that are equal. */
  private void largest() {
    for (int largest = 0; largest < 2; largest++) {
      boolean up = largest == 1;
      for (int axis = -1; axis < 2; axis++) {
        int along = Math.floorMod(axis, 3);
        int k = along == 1 ? 4 : 2;
        for (boolean equal : new boolean[] {false, true}) {
          OperatorCase x = OperatorCase.of("TopK", 11);
          OperatorCase c = equal ? x.whole(-1, 2, 3, 4, 5) : x.x(3, 4, 5);
          // a difference must not exchange what is equal
          Nd places = top(c.inputs().get(0), along, k, up);
          cases.add(
              c.list(k)
                  .attributes("axis", axis, "largest", largest)
                  .outputs(2)
                  .gives(in -> gathered(in.get(0), places, along)));
        }
      }
    }
    cases.add(
        OperatorCase.of("TopK", 7)
            .x(3, 7)
            .attributes("k", 3)
            .gives(in -> gathered(in.get(0), top(in.get(0), 1, 3, true), 1)));
  }

  private static Nd top(Nd x, int axis, int k, boolean up) {
    int[] dims = x.dims().clone();
    dims[axis] = k;
    return Nd.of(
        dims,
        i -> {
          Comparator<Integer> order = Comparator.comparingDouble(j -> x.at(at(i, axis, j)));
          return IntStream.range(0, x.dim(axis))
              .boxed()
              .sorted(up ? order.reversed() : order)
              .toList()
              .get(i[axis]);
        });
  }

  private static int[] at(int[] i, int axis, int j) {
    int[] at = i.clone();
    at[axis] = j;
    return at;
  }

  /** Places from the end, and one that is none; values at run time. */
  private void classes() {
    for (int axis = -2; axis < 3; axis++) {
      int along = Math.floorMod(axis, 3);
      int[][] shapes = {{5, 3, 4}, {3, 5, 4}, {3, 4, 5}};
      cases.add(
          OperatorCase.of("OneHot", 11)
              .integers(-6, 7, 3, 4)
              .integer(MoveCases.number(5))
              .x(2)
              .attributes("axis", axis)
              .gives(
                  in ->
                      Nd.of(
                          shapes[along],
                          i -> {
                            double c = in.get(0).at(without(i, along));
                            return in.get(2).at(c == i[along] || c + 5 == i[along] ? 1 : 0);
                          })));
    }
  }

  private static int[] without(int[] i, int axis) {
    return IntStream.range(0, i.length).filter(d -> d != axis).map(d -> i[d]).toArray();
  }

  private void firsts() {
    for (int axis = -1; axis < 2; axis++) {
      int along = Math.floorMod(axis, 3);
      cases.add(
          OperatorCase.of("Hardmax", 13)
              .whole(-2, 3, 3, 4, 5)
              .attributes("axis", axis)
              .gives(
                  in ->
                      Nd.of(
                          new int[] {3, 4, 5},
                          i ->
                              top(in.get(0), along, 1, true).at(at(i, along, 0)) == i[along]
                                  ? 1
                                  : 0)));
    }
    cases.add(
        OperatorCase.of("Hardmax", 11)
            .x(3, 2, 2)
            .gives(
                in ->
                    Nd.of(
                            new int[] {3, 4},
                            i -> top(in.get(0).as(3, 4), 1, 1, true).at(i[0], 0) == i[1] ? 1 : 0)
                        .as(3, 2, 2)));
  }
}
