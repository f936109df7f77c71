package candela.graph;

import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;

/** Cases of {@link LpReaders}. */
final class LpCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private LpCases() {}

  static List<OperatorCase> all() {
    var c = new LpCases();
    c.rows();
    c.windows();
    c.images();
    return c.cases;
  }

  private void rows() {
    for (int p = 1; p <= 2; p++) {
      for (int axis = -1; axis < 2; axis++) {
        int order = p;
        int along = Math.floorMod(axis, 3);
        cases.add(
            OperatorCase.of("LpNormalization", axis == 0 ? 22 : 13)
                .x(3, 4, 5)
                .attributes("axis", axis, "p", p)
                .gives(in -> Nd.of(new int[] {3, 4, 5}, i -> share(in.get(0), i, along, order))));
      }
    }
    // 1, 2 and 3, and a row of zeros
    Nd zeros = Nd.of(new int[] {2, 3}, i -> i[0] * (i[1] + 1));
    cases.add(
        OperatorCase.of("LpNormalization", 13)
            .constant(zeros)
            .gives(in -> in.get(0).map(v -> v / Math.sqrt(14))));
  }

  private static double share(Nd x, int[] at, int axis, int p) {
    int[] i = at.clone();
    double sum = 0;
    for (i[axis] = 0; i[axis] < x.dim(axis); i[axis]++) {
      sum += Math.pow(Math.abs(x.at(i)), p);
    }
    return x.at(at) / Math.pow(sum, 1.0 / p);
  }

  /** Padding at one end only, windows that reach beyond it, pixels that are far apart. */
  private void windows() {
    for (int p = 1; p <= 3; p++) {
      int order = p;
      cases.add(
          OperatorCase.of("LpPool", 18)
              .x(3, 2, 6, 7)
              .attributes("kernel_shape", new int[] {3, 2}, "pads", new int[] {1, 0, 0, 1}, "p", p)
              .gives(in -> pooled(in.get(0), order, new int[] {5, 7}, 3, 2, 1, 1, 1, 0)));
      cases.add(
          OperatorCase.of("LpPool", 18)
              .x(1, 3, 6, 7)
              .attributes(
                  "kernel_shape",
                  new int[] {2, 3},
                  "strides",
                  new int[] {3, 2},
                  "dilations",
                  new int[] {2, 1},
                  "ceil_mode",
                  1,
                  "p",
                  p)
              .gives(in -> pooled(in.get(0), order, new int[] {2, 3}, 2, 3, 3, 2, 2, 0)));
    }
    cases.add(
        OperatorCase.of("LpPool", 11)
            .x(3, 2, 7)
            .attributes("kernel_shape", new int[] {3}, "strides", new int[] {2})
            .gives(
                in ->
                    pooled(in.get(0).as(3, 2, 1, 7), 2, new int[] {1, 3}, 1, 3, 1, 2, 1, 0)
                        .as(3, 2, 3)));
  }

  private static Nd pooled(
      Nd x, int p, int[] out, int kh, int kw, int sh, int sw, int dh, int left) {
    int top = kh == 3 && dh == 1 ? 1 : 0;
    return Nd.of(
        new int[] {x.dim(0), x.dim(1), out[0], out[1]},
        i -> {
          double sum = 0;
          for (int r = 0; r < kh; r++) {
            for (int c = 0; c < kw; c++) {
              int row = i[2] * sh + r * dh - top;
              sum += Math.pow(Math.abs(x.inside(i[0], i[1], row, i[3] * sw + c - left)), p);
            }
          }
          return Math.pow(sum, 1.0 / p);
        });
  }

  private void images() {
    // what the slope is kept from infinity by is no norm of zeros, whatever its root
    cases.add(
        OperatorCase.of("GlobalLpPool", 13)
            .constant(Nd.of(new int[] {1, 2, 2, 2}, i -> i[1] * 2))
            .attributes("p", 8)
            .gives(in -> Nd.of(new int[] {1, 2, 1, 1}, i -> i[1] * 2 * Math.pow(4, 1 / 8.0))));
    for (int p = 1; p <= 3; p++) {
      int order = p;
      cases.add(
          OperatorCase.of("GlobalLpPool", 13)
              .x(3, 2, 4, 5)
              .attributes("p", p)
              .gives(
                  in ->
                      Nd.of(
                          new int[] {3, 2, 1, 1},
                          i -> {
                            double sum = 0;
                            for (int k = 0; k < 20; k++) {
                              double v = in.get(0).at(i[0], i[1], k / 5, k % 5);
                              sum += Math.pow(Math.abs(v), order);
                            }
                            return Math.pow(sum, 1.0 / order);
                          })));
    }
  }
}
