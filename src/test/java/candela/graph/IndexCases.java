package candela.graph;

import candela.reference.Moving;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of the operators in {@link IndexReaders}. */
final class IndexCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private IndexCases() {}

  static List<OperatorCase> all() {
    var c = new IndexCases();
    c.gathers();
    c.tuples();
    c.tuplesOfEach();
    c.scatters();
    c.scattersOfElements();
    c.tiles();
    c.sums();
    c.products();
    c.triangles();
    return c.cases;
  }

  private void gathers() {
    int[] picked = {4, 0, 4, 3};
    cases.add(
        OperatorCase.of("Gather", 11)
            .x(3, 5, 2)
            .list(-1, 0, 4, -2)
            .attributes("axis", 1)
            .gives(in -> Moving.along(in.get(0), 1, 4, 0, i -> picked[i])));
    cases.add(
        OperatorCase.of("Gather", 7)
            .x(3, 5)
            .integer(MoveCases.number(2))
            .attributes("axis", 1)
            .gives(in -> MoveCases.sliced(in.get(0), 1, 1, 2, 1).as(3)));
    cases.add(
        OperatorCase.of("Gather", 13)
            .x(3, 5)
            .integer(MoveCases.numbers(1, 2, 0, 1).as(2, 2))
            .gives(
                in ->
                    Nd.of(
                        new int[] {2, 2, 5}, i -> in.get(0).at((i[0] * 2 + i[1] + 1) % 3, i[2]))));
  }

  /** Index tuples: of one axis, of two, of all three. */
  private void tuples() {
    OperatorCase x = OperatorCase.of("GatherND", 12).x(3, 4, 5);
    cases.add(
        x.integer(MoveCases.numbers(2, 0, -3, 2).as(4, 1))
            .gives(in -> Moving.along(in.get(0), 0, 4, 0, i -> new int[] {2, 0, 0, 2}[i])));
    cases.add(
        x.integer(MoveCases.numbers(2, 0, -1, 3, 0, -4).as(1, 3, 2))
            .gives(
                in ->
                    Nd.of(
                        new int[] {1, 3, 5},
                        i ->
                            in.get(0)
                                .at(new int[] {2, 2, 0}[i[1]], new int[] {0, 3, 0}[i[1]], i[2]))));
    cases.add(
        x.integer(MoveCases.numbers(2, 0, 4, -3, -1, 1).as(2, 3))
            .gives(in -> MoveCases.numbers(in.get(0).at(2, 0, 4), in.get(0).at(0, 3, 1))));
  }

  /** Leading axes in common; tuples of one axis, of two. */
  private void tuplesOfEach() {
    cases.add(
        OperatorCase.of("GatherND", 12)
            .x(3, 4, 5)
            .integer(MoveCases.numbers(2, 0, -1).as(3, 1))
            .attributes("batch_dims", 1)
            .gives(
                in ->
                    Nd.of(
                        new int[] {3, 5},
                        i -> in.get(0).at(i[0], new int[] {2, 0, 3}[i[0]], i[1]))));
    cases.add(
        OperatorCase.of("GatherND", 13)
            .x(2, 4, 3, 5)
            .integer(MoveCases.numbers(0, 2, 3, -3, 1, 1, 2, 0).as(2, 2, 2))
            .attributes("batch_dims", 1)
            .gives(
                in ->
                    Nd.of(
                        new int[] {2, 2, 5},
                        i ->
                            in.get(0)
                                .at(
                                    i[0],
                                    new int[] {0, 3, 1, 2}[2 * i[0] + i[1]],
                                    new int[] {2, 0, 1, 0}[2 * i[0] + i[1]],
                                    i[2]))));
    cases.add(
        OperatorCase.of("GatherND", 13)
            .x(2, 2, 5)
            .integer(MoveCases.numbers(4, 0, -3, 1).as(2, 2, 1))
            .attributes("batch_dims", 2)
            .gives(
                in ->
                    Nd.of(
                        new int[] {2, 2},
                        i -> in.get(0).at(i[0], i[1], new int[] {4, 0, 2, 1}[2 * i[0] + i[1]]))));
  }

  /** Rows 2, 0 and 2 again; elements, one of them twice; data, updates or both at run time. */
  private void scatters() {
    for (int kind = 0; kind < 3; kind++) {
      for (String reduction : List.of("none", "add", "mul", "max", "min")) {
        OperatorCase c = OperatorCase.of("ScatterND", 18);
        scatter(kind == 1 ? c.constant(4, 5) : c.x(4, 5), kind, reduction, 1, 3, 2, 0, -2);
        scatter(
            kind == 1 ? c.constant(2, 3) : c.x(2, 3), kind, reduction, 2, 3, 1, 2, 0, -1, -1, 2);
      }
    }
  }

  private void scatter(
      OperatorCase data, int kind, String reduction, int axes, int count, double... places) {
    OperatorCase c = data.integer(MoveCases.numbers(places).as(count, axes));
    int[] updates = axes == 1 ? new int[] {count, 5} : new int[] {count};
    cases.add(
        (kind == 0 ? c.constant(updates) : c.x(updates))
            .attributes("reduction", reduction)
            .gives(in -> scattered(in, reduction)));
  }

  /** Places that are the same all over, and others, along one axis or the other. */
  private void scattersOfElements() {
    for (String reduction : List.of("none", "add", "mul", "max", "min")) {
      OperatorCase c = OperatorCase.of("ScatterElements", 18);
      Nd same = Nd.of(new int[] {3, 2, 5}, i -> i[1] == 0 ? 3 : 1);
      Nd twice = Nd.of(new int[] {3, 3, 5}, i -> i[1] == 1 ? 0 : -2);
      Nd places = Nd.of(new int[] {2, 3, 4}, i -> (i[0] * 5 + i[1] * 3 + i[2] * i[2]) % 7 - 3);
      elements(c.x(3, 4, 5).integer(same).x(3, 2, 5), 1, reduction);
      elements(c.x(3, 4, 5).integer(twice).constant(3, 3, 5), -2, reduction);
      elements(c.constant(3, 4, 5).integer(places.map(v -> v % 3)).x(2, 3, 4), 0, reduction);
      elements(c.x(3, 4, 5).integer(places).x(2, 3, 4), 2, reduction);
    }
  }

  private void elements(OperatorCase c, int axis, String reduction) {
    cases.add(
        c.attributes("axis", axis, "reduction", reduction)
            .gives(
                in -> {
                  Nd y = in.get(0).map(v -> v);
                  Nd t = in.get(1);
                  int along = Math.floorMod(axis, 3);
                  Nd.of(
                      t.dims(),
                      i -> {
                        int[] at = i.clone();
                        at[along] = Math.floorMod((int) t.at(i), y.dim(along));
                        int to = (at[0] * y.dim(1) + at[1]) * y.dim(2) + at[2];
                        y.data()[to] = written(y.data()[to], in.get(2).at(i), reduction);
                        return 0;
                      });
                  return y;
                }));
  }

  private static double written(double old, double by, String reduction) {
    return switch (reduction) {
      case "add" -> old + by;
      case "mul" -> old * by;
      case "max" -> Math.max(old, by);
      case "min" -> Math.min(old, by);
      default -> by;
    };
  }

  /** One write after the other. */
  private static Nd scattered(List<Nd> in, String reduction) {
    Nd y = in.get(0).map(v -> v);
    Nd t = in.get(1);
    int axes = t.dim(1);
    int inner = axes == 1 ? y.dim(1) : 1;
    for (int k = 0; k < t.dim(0); k++) {
      int row = 0;
      for (int a = 0; a < axes; a++) {
        row = row * y.dim(a) + Math.floorMod((int) t.at(k, a), y.dim(a));
      }
      for (int i = 0; i < inner; i++) {
        double old = y.data()[row * inner + i];
        double by = in.get(2).data()[k * inner + i];
        y.data()[row * inner + i] = written(old, by, reduction);
      }
    }
    return y;
  }

  private void tiles() {
    int[][][] shapes = {
      {{3, 4}, {1, 3}}, {{3, 4}, {2, 1}}, {{1, 3}, {3, 2}}, {{3, 1, 7}, {1, 4, 2}}
    };
    for (int[][] s : shapes) {
      int[] repeats = s[1];
      OperatorCase c = OperatorCase.of("Tile", s[0].length == 2 ? 7 : 13).x(s[0]);
      cases.add(
          c.list(Arrays.stream(repeats).mapToLong(i -> i).toArray())
              .gives(
                  in -> {
                    Nd y = in.get(0);
                    for (int a = 0; a < repeats.length; a++) {
                      int n = y.dim(a);
                      y = Moving.along(y, a, n * repeats[a], 0, i -> i % n);
                    }
                    return y;
                  }));
    }
    cases.add(OperatorCase.of("Tile", 13).x(3, 5).list(1, 1).gives(in -> in.get(0)));
  }

  private void sums() {
    for (int axis = -2; axis < 2; axis++) {
      for (int exclusive = 0; exclusive < 2; exclusive++) {
        for (int reverse = 0; reverse < 2; reverse++) {
          int a = Math.floorMod(axis, 2);
          int own = 1 - exclusive;
          boolean back = reverse == 1;
          cases.add(
              OperatorCase.of("CumSum", axis < 0 ? 14 : 11)
                  .x(3, 7)
                  .integer(MoveCases.number(axis))
                  .attributes("exclusive", exclusive, "reverse", reverse)
                  .gives(in -> summed(in.get(0), a, own, back)));
        }
      }
    }
  }

  /** Of the elements before each one (after it, going back), and of itself where own is 1. */
  private static Nd summed(Nd x, int axis, int own, boolean back) {
    return Nd.of(
        x.dims(),
        i -> {
          int[] j = i.clone();
          double sum = 0;
          int from = back ? i[axis] + 1 - own : 0;
          int to = back ? x.dim(axis) : i[axis] + own;
          for (j[axis] = from; j[axis] < to; j[axis]++) {
            sum += x.at(j);
          }
          return sum;
        });
  }

  /** Of some zeros, too: what is behind one has a slope there. */
  private void products() {
    Nd zeros = Nd.of(new int[] {2, 7}, i -> (i[0] + i[1]) % 4 == 1 ? 0 : i[1] / 2. - 1.25);
    for (int axis = -1; axis < 1; axis++) {
      for (int exclusive = 0; exclusive < 2; exclusive++) {
        for (int reverse = 0; reverse < 2; reverse++) {
          int a = Math.floorMod(axis, 2);
          int own = 1 - exclusive;
          boolean back = reverse == 1;
          OperatorCase c = OperatorCase.of("CumProd", 26);
          for (OperatorCase x : List.of(c.x(3, 9), c.values(zeros))) {
            cases.add(
                x.integer(MoveCases.number(axis))
                    .attributes("exclusive", exclusive, "reverse", reverse)
                    .gives(in -> multiplied(in.get(0), a, own, back)));
          }
        }
      }
    }
    cases.add(
        OperatorCase.of("CumProd", 26)
            .integer(MoveCases.numbers(2, 3, -4))
            .integer(MoveCases.number(0))
            .gives(in -> MoveCases.numbers(2, 6, -24)));
  }

  private static Nd multiplied(Nd x, int axis, int own, boolean back) {
    return Nd.of(
        x.dims(),
        i -> {
          int[] j = i.clone();
          double product = 1;
          int from = back ? i[axis] + 1 - own : 0;
          int to = back ? x.dim(axis) : i[axis] + own;
          for (j[axis] = from; j[axis] < to; j[axis]++) {
            product *= x.at(j);
          }
          return product;
        });
  }

  private void triangles() {
    for (int upper = 0; upper < 2; upper++) {
      for (int k = -2; k <= 4; k += 2) {
        int diagonal = k;
        boolean above = upper == 1;
        OperatorCase c = OperatorCase.of("Trilu", 14).x(3, 3, 5);
        cases.add(
            c.integer(MoveCases.number(k))
                .attributes("upper", upper)
                .gives(in -> triangle(in.get(0), above, diagonal)));
      }
    }
    cases.add(OperatorCase.of("Trilu", 14).x(3, 7).gives(in -> triangle(in.get(0), true, 0)));
  }

  private static Nd triangle(Nd x, boolean upper, int diagonal) {
    int r = x.rank();
    return Nd.of(
        x.dims(),
        i -> {
          int right = i[r - 1] - i[r - 2] - diagonal;
          return (upper ? right >= 0 : right <= 0) ? x.at(i) : 0;
        });
  }
}
