package candela.graph;

import candela.reference.Moving;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of {@link AttentionReader} and {@link EinsumReader}. */
final class AttentionCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private AttentionCases() {}

  static List<OperatorCase> all() {
    var c = new AttentionCases();
    c.heads();
    c.flat();
    c.masks();
    c.hidden();
    c.windows();
    c.sumsOfOne();
    c.diagonals();
    c.products();
    c.otherForms();
    return c.cases;
  }

  /** Images, heads, tokens, size: as many heads of keys as of queries, or fewer. */
  private void heads() {
    for (int pairs : new int[] {4, 2, 1}) {
      OperatorCase c =
          OperatorCase.of("Attention", 23).x(3, 4, 3, 5).x(3, pairs, 2, 5).x(3, pairs, 2, 7);
      cases.add(c.gives(in -> new Attending(1 / Math.sqrt(5)).of(in)));
      cases.add(
          c.attributes("scale", .75f, "softcap", 1.5f)
              .gives(in -> new Attending(.75, 1.5, false).of(in)));
      cases.add(
          c.attributes("is_causal", 1)
              .gives(in -> new Attending(1 / Math.sqrt(5), 0, true).of(in)));
    }
  }

  /** Images, tokens, heads times size. */
  private void flat() {
    for (int pairs = 1; pairs <= 2; pairs++) {
      int p = pairs;
      cases.add(
          OperatorCase.of("Attention", 23)
              .x(3, 3, 6)
              .x(3, 2, 3 * p)
              .x(3, 2, 5 * p)
              .attributes("q_num_heads", 2, "kv_num_heads", p)
              .gives(
                  in -> {
                    Nd q = split(in.get(0), 2);
                    Nd k = split(in.get(1), p);
                    Nd v = split(in.get(2), p);
                    Nd y = new Attending(1 / Math.sqrt(3)).of(List.of(q, k, v));
                    return Moving.transpose(y, 0, 2, 1, 3).as(3, 3, 10);
                  }));
    }
  }

  private static Nd split(Nd x, int heads) {
    Nd parts = x.as(x.dim(0), x.dim(1), heads, x.dim(2) / heads);
    return Moving.transpose(parts, 0, 2, 1, 3);
  }

  private void masks() {
    OperatorCase c = OperatorCase.of("Attention", 23).x(3, 2, 3, 5).x(3, 2, 4, 5).x(3, 2, 4, 7);
    for (int[] mask : new int[][] {{3, 4}, {3, 1, 3, 4}, {3, 2, 3, 4}}) {
      cases.add(c.x(mask).gives(in -> new Attending(1 / Math.sqrt(5)).of(in)));
      cases.add(
          c.constant(mask)
              .attributes("softcap", 2f, "is_causal", 1)
              .gives(in -> new Attending(1 / Math.sqrt(5), 2, true).of(in)));
    }
    // Query 1 sees no key; with the causal mask, 0 does not either.
    Nd seen = new Nd(new int[] {3, 4}, new double[] {0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0});
    Nd bias = seen.map(k -> k == 0 ? Double.NEGATIVE_INFINITY : 0);
    for (int causal = 0; causal < 2; causal++) {
      boolean past = causal == 1;
      cases.add(
          c.integer(seen)
              .attributes("is_causal", causal)
              .gives(
                  in -> {
                    var of = new Attending(1 / Math.sqrt(5), 0, past);
                    return of.of(List.of(in.get(0), in.get(1), in.get(2), bias));
                  }));
    }
  }

  /** In masks of numbers −∞ hides a key, and a whole row all of them; what is finite does not. */
  private void hidden() {
    double none = Double.NEGATIVE_INFINITY;
    OperatorCase c = OperatorCase.of("Attention", 25).x(3, 2, 3, 5).x(3, 2, 4, 5).x(3, 2, 4, 7);
    Nd row =
        new Nd(new int[] {3, 4}, new double[] {0, 1, 0, 1, none, none, none, none, none, 1, 0, 0});
    for (int causal = 0; causal < 2; causal++) {
      boolean past = causal == 1;
      cases.add(
          c.constant(row)
              .attributes("is_causal", causal)
              .gives(in -> new Attending(1 / Math.sqrt(5), 0, past).of(in)));
    }
    Nd low = Nd.of(new int[] {3, 4}, i -> i[0] == 0 ? -60 : 0);
    cases.add(
        c.constant(low)
            .attributes("left_window_size", 0, "right_window_size", 1)
            .gives(
                in -> {
                  Nd near =
                      Nd.of(
                          new int[] {3, 4},
                          i -> i[1] >= i[0] && i[1] <= i[0] + 1 ? low.at(i[0], i[1]) : none);
                  return new Attending(1 / Math.sqrt(5))
                      .of(List.of(in.get(0), in.get(1), in.get(2), near));
                }));
  }

  /** Keys around a query's own place; the last queries have none on their left. */
  private void windows() {
    OperatorCase c = OperatorCase.of("Attention", 25).x(3, 2, 5, 4).x(3, 2, 3, 4).x(3, 2, 3, 7);
    window(c, 1, -1, 0);
    window(c, 0, 1, 0);
    window(c, -1, 1, 0);
    window(c, 1, 2, 1);
    Nd seen = new Nd(new int[] {3}, new double[] {0, 1, 1});
    window(c.integer(seen), 1, 0, 0);
  }

  private void window(OperatorCase c, int left, int right, int causal) {
    cases.add(
        c.attributes("left_window_size", left, "right_window_size", right, "is_causal", causal)
            .gives(
                in -> {
                  Nd bias =
                      Nd.of(
                          new int[] {5, 3},
                          i -> {
                            int ahead = i[1] - i[0];
                            boolean out = left >= 0 && -ahead > left || causal > 0 && ahead > 0;
                            out |= right >= 0 && ahead > right;
                            out |= in.size() > 3 && in.get(3).at(i[1]) == 0;
                            return out ? Double.NEGATIVE_INFINITY : 0;
                          });
                  return new Attending(.5).of(List.of(in.get(0), in.get(1), in.get(2), bias));
                }));
  }

  /**
   * Softmax(cap tanh(scale q kᵀ / cap) + mask) v, where a query may see only keys up to its own.
   */
  private record Attending(double scale, double cap, boolean causal) {
    Attending(double scale) {
      this(scale, 0, false);
    }

    Nd of(List<Nd> in) {
      Nd q = in.get(0);
      Nd k = in.get(1);
      Nd v = in.get(2);
      int shared = q.dim(1) / k.dim(1);
      int keys = k.dim(2);
      return Nd.of(
          new int[] {q.dim(0), q.dim(1), q.dim(2), v.dim(3)},
          i -> {
            double weights = 0;
            double sum = 0;
            for (int t = 0; t < keys; t++) {
              double s = 0;
              for (int d = 0; d < q.dim(3); d++) {
                s += scale * q.at(i[0], i[1], i[2], d) * k.at(i[0], i[1] / shared, t, d);
              }
              s = cap == 0 ? s : cap * Math.tanh(s / cap);
              s += in.size() > 3 ? in.get(3).seen(new int[] {i[0], i[1], i[2], t}) : 0;
              double w = causal && t > i[2] ? 0 : Math.exp(s);
              weights += w;
              sum += w * v.at(i[0], i[1] / shared, t, i[3]);
            }
            return weights == 0 ? 0 : sum / weights;
          });
    }
  }

  private OperatorCase einsum(String equation) {
    return OperatorCase.of("Einsum", 12).attributes("equation", equation);
  }

  private void sumsOfOne() {
    cases.add(einsum("abc->cab").x(3, 4, 5).gives(in -> Moving.transpose(in.get(0), 2, 0, 1)));
    cases.add(
        einsum("abc -> ca")
            .x(3, 4, 5)
            .gives(
                in ->
                    Nd.of(
                        new int[] {5, 3},
                        i -> {
                          double sum = 0;
                          for (int b = 0; b < 4; b++) {
                            sum += in.get(0).at(i[1], b, i[0]);
                          }
                          return sum;
                        })));
    cases.add(
        einsum("ab->")
            .x(3, 7)
            .gives(in -> MoveCases.number(Arrays.stream(in.get(0).data()).sum())));
  }

  private void diagonals() {
    cases.add(
        einsum("...ii->...i")
            .x(3, 2, 4, 4)
            .gives(in -> Nd.of(new int[] {3, 2, 4}, i -> in.get(0).at(i[0], i[1], i[2], i[2]))));
    cases.add(
        einsum("iji->j")
            .x(3, 5, 3)
            .gives(
                in ->
                    Nd.of(
                        new int[] {5},
                        i ->
                            in.get(0).at(0, i[0], 0)
                                + in.get(0).at(1, i[0], 1)
                                + in.get(0).at(2, i[0], 2))));
    cases.add(
        einsum("aaa,a->a")
            .x(3, 3, 3)
            .x(3)
            .gives(
                in ->
                    Nd.of(
                        new int[] {3}, i -> in.get(0).at(i[0], i[0], i[0]) * in.get(1).at(i[0]))));
    cases.add(einsum("ii").x(1, 1).gives(in -> MoveCases.number(in.get(0).at(0, 0))));
  }

  private void products() {
    cases.add(
        einsum("ab,bc->ac").x(3, 7).x(7, 5).gives(in -> MatrixCases.product(in.get(0), in.get(1))));
    cases.add(
        einsum("bhqd,bhkd->bhqk")
            .x(3, 2, 3, 7)
            .x(3, 2, 5, 7)
            .gives(in -> MatrixCases.product(in.get(0), Moving.transpose(in.get(1), 0, 1, 3, 2))));
    cases.add(
        einsum("abc,dc->bad")
            .x(3, 4, 5)
            .constant(2, 5)
            .gives(
                in ->
                    Moving.transpose(
                        MatrixCases.product(in.get(0), Moving.transpose(in.get(1), 1, 0)),
                        1,
                        0,
                        2)));
    // An axis of the first operand alone, e, is summed before the product.
    cases.add(
        einsum("aeb,bc->ca")
            .x(3, 2, 4)
            .x(4, 5)
            .gives(
                in ->
                    Nd.of(
                        new int[] {5, 3},
                        i -> {
                          double sum = 0;
                          for (int e = 0; e < 2; e++) {
                            for (int b = 0; b < 4; b++) {
                              sum += in.get(0).at(i[1], e, b) * in.get(1).at(b, i[0]);
                            }
                          }
                          return sum;
                        })));
    cases.add(
        einsum("a,b->ab")
            .x(3)
            .x(7)
            .gives(in -> Nd.of(new int[] {3, 7}, i -> in.get(0).at(i[0]) * in.get(1).at(i[1]))));
  }

  /** Without '->', with '...', and of three operands. */
  private void otherForms() {
    cases.add(
        einsum("ba,cb")
            .x(3, 4)
            .x(5, 3)
            .gives(in -> Moving.transpose(MatrixCases.product(in.get(1), in.get(0)), 1, 0)));
    cases.add(einsum("...ab").x(2, 3, 4).gives(in -> in.get(0)));
    cases.add(einsum("...a->a...").x(2, 3, 4).gives(in -> Moving.transpose(in.get(0), 2, 0, 1)));
    cases.add(
        einsum("...a->...")
            .x(2, 3, 4)
            .gives(
                in ->
                    Nd.of(
                        new int[] {2, 3},
                        i -> {
                          double sum = 0;
                          for (int a = 0; a < 4; a++) {
                            sum += in.get(0).at(i[0], i[1], a);
                          }
                          return sum;
                        })));
    cases.add(
        einsum("b...qd,...kd->...bqk")
            .x(2, 1, 3, 4)
            .constant(6, 5, 4)
            .gives(
                in ->
                    Nd.of(
                        new int[] {6, 2, 3, 5},
                        i -> {
                          double sum = 0;
                          for (int d = 0; d < 4; d++) {
                            sum += in.get(0).at(i[1], 0, i[2], d) * in.get(1).at(i[0], i[3], d);
                          }
                          return sum;
                        })));
    cases.add(
        einsum("ab,cb,db->dac")
            .x(2, 3)
            .x(4, 3)
            .x(5, 3)
            .gives(
                in ->
                    Nd.of(
                        new int[] {5, 2, 4},
                        i -> {
                          double sum = 0;
                          for (int b = 0; b < 3; b++) {
                            sum +=
                                in.get(0).at(i[1], b)
                                    * in.get(1).at(i[2], b)
                                    * in.get(2).at(i[0], b);
                          }
                          return sum;
                        })));
  }
}
