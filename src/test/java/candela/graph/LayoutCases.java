package candela.graph;

import candela.reference.Moving;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;

/** Cases of CenterCropPad, ReverseSequence and RotaryEmbedding. */
final class LayoutCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private LayoutCases() {}

  static List<OperatorCase> all() {
    var c = new LayoutCases();
    c.centres();
    c.sequences();
    c.turns();
    return c.cases;
  }

  /** Shorter and longer by odd numbers; an axis that stays. */
  private void centres() {
    cases.add(
        OperatorCase.of("CenterCropPad", 18)
            .x(3, 4, 7)
            .list(3, 7, 4)
            .gives(
                in -> {
                  // three more: one before, two behind; three less: one before, two behind
                  Nd longer = Moving.along(in.get(0), 1, 7, 0, i -> i < 1 || i > 4 ? -1 : i - 1);
                  return Moving.along(longer, 2, 4, 0, i -> i + 1);
                }));
    cases.add(
        OperatorCase.of("CenterCropPad", 18)
            .x(3, 4, 7)
            .list(5, 8)
            .attributes("axes", new int[] {-1, -2})
            .gives(
                in -> {
                  Nd longer = Moving.along(in.get(0), 1, 8, 0, i -> i < 2 || i > 5 ? -1 : i - 2);
                  return Moving.along(longer, 2, 5, 0, i -> i + 1);
                }));
    cases.add(OperatorCase.of("CenterCropPad", 18).x(3, 4).list(3, 4).gives(in -> in.get(0)));
  }

  private void sequences() {
    int[][] lengths = {{4, 4, 4}, {2, 4, 0}, {1, 3, 4}};
    for (int[] some : lengths) {
      Nd given = Nd.of(new int[] {3}, i -> some[i[0]]);
      cases.add(
          OperatorCase.of("ReverseSequence", 10)
              .x(3, 4, 5)
              .integer(given)
              .attributes("batch_axis", 0, "time_axis", 1)
              .gives(
                  in ->
                      Nd.of(
                          new int[] {3, 4, 5},
                          i -> in.get(0).at(i[0], back(i[1], some[i[0]]), i[2]))));
      cases.add(
          OperatorCase.of("ReverseSequence", 10)
              .x(4, 3)
              .integer(given)
              .gives(
                  in -> Nd.of(new int[] {4, 3}, i -> in.get(0).at(back(i[0], some[i[1]]), i[1]))));
    }
  }

  private static int back(int step, int length) {
    return step < length ? length - 1 - step : step;
  }

  /** Halves and neighbours, of all elements and of the first, with places and without. */
  private void turns() {
    for (int interleaved = 0; interleaved < 2; interleaved++) {
      for (int pairs = 2; pairs <= 3; pairs++) {
        boolean near = interleaved == 1;
        int n = pairs;
        OperatorCase x = OperatorCase.of("RotaryEmbedding", 23);
        cases.add(
            x.x(3, 2, 4, 6)
                .constant(1, 4, pairs)
                .constant(1, 4, pairs)
                .attributes("interleaved", interleaved, "rotary_embedding_dim", 2 * pairs)
                .gives(in -> turned(in.get(0), in.get(1), in.get(2), n, near)));
        cases.add(
            x.x(3, 4, 12)
                .constant(7, pairs)
                .x(7, pairs)
                .integer(MoveCases.numbers(1, 0, 6, 3, 2, 2, 5, 1, 4, 0, 0, 6).as(3, 4))
                .attributes(
                    "interleaved",
                    interleaved,
                    "num_heads",
                    2,
                    "rotary_embedding_dim",
                    pairs == 3 ? 0 : 4)
                .gives(
                    in -> {
                      Nd heads = Moving.transpose(in.get(0).as(3, 4, 2, 6), 0, 2, 1, 3);
                      Nd cos = rows(in.get(1), in.get(3));
                      Nd sin = rows(in.get(2), in.get(3));
                      Nd y = turned(heads, cos, sin, n, near);
                      return Moving.transpose(y, 0, 2, 1, 3).as(3, 4, 12);
                    }));
      }
    }
  }

  private static Nd rows(Nd table, Nd places) {
    return Nd.of(new int[] {3, 4, table.dim(1)}, i -> table.at((int) places.at(i[0], i[1]), i[2]));
  }

  /** Of the form (a + ib)(cos + i sin). */
  private static Nd turned(Nd x, Nd cos, Nd sin, int pairs, boolean near) {
    return Nd.of(
        x.dims(),
        i -> {
          if (i[3] >= 2 * pairs) {
            return x.at(i);
          }
          int k = near ? i[3] / 2 : i[3] % pairs;
          boolean imaginary = near ? i[3] % 2 == 1 : i[3] >= pairs;
          double a = x.at(i[0], i[1], i[2], near ? 2 * k : k);
          double b = x.at(i[0], i[1], i[2], near ? 2 * k + 1 : k + pairs);
          double c = cos.at(i[0] % cos.dim(0), i[2], k);
          double s = sin.at(i[0] % sin.dim(0), i[2], k);
          return imaginary ? a * s + b * c : a * c - b * s;
        });
  }
}
