package candela.graph;

import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;

/** Cases of {@link DftReader}, by the definition. */
final class DftCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private DftCases() {}

  static List<OperatorCase> all() {
    var c = new DftCases();
    for (int inverse = 0; inverse < 2; inverse++) {
      c.add(5, 3, 2, inverse, 0, 0);
      c.add(4, 3, 1, inverse, 0, 0);
      c.add(4, 2, 2, inverse, 0, 6);
      c.add(6, 1, 2, inverse, 0, 3);
    }
    c.add(5, 2, 1, 0, 1, 0);
    c.add(4, 3, 1, 0, 1, 7);
    c.add(4, 2, 2, 1, 1, 0);
    c.add(4, 2, 2, 1, 1, 7);
    c.add(4, 2, 2, 1, 1, 4);
    return c.cases;
  }

  /**
   * @param length 0 for that of what comes in
   */
  private void add(int in, int others, int parts, int inverse, int onesided, int length) {
    boolean back = inverse == 1;
    boolean half = onesided == 1;
    int n = length > 0 ? length : back && half ? 2 * (in - 1) : in;
    OperatorCase old = OperatorCase.of("DFT", 17).x(3, in, others, parts);
    old = length > 0 ? old.integer(MoveCases.number(length)) : old;
    cases.add(
        old.attributes("inverse", inverse, "onesided", onesided)
            .gives(
                x ->
                    Nd.of(
                        new int[] {3, out(n, back, half), others, back && half ? 1 : 2},
                        i -> part(whole(x.get(0), n, half && back), n, i, back))));
    OperatorCase late = OperatorCase.of("DFT", 20).x(3, others, in, parts);
    late = length > 0 ? late.integer(MoveCases.number(length)) : late.none();
    cases.add(
        late.integer(MoveCases.number(-2))
            .attributes("inverse", inverse, "onesided", onesided)
            .gives(
                x ->
                    Nd.of(
                        new int[] {3, others, out(n, back, half), back && half ? 1 : 2},
                        i -> {
                          Nd turned = turned(x.get(0));
                          int[] at = {i[0], i[2], i[1], i[3]};
                          return part(whole(turned, n, half && back), n, at, back);
                        })));
  }

  private static int out(int n, boolean back, boolean half) {
    return half && !back ? n / 2 + 1 : n;
  }

  private static Nd turned(Nd x) {
    int[] dims = {x.dim(0), x.dim(2), x.dim(1), x.dim(3)};
    return Nd.of(dims, i -> x.at(i[0], i[2], i[1], i[3]));
  }

  /** All n numbers with both parts; of half a spectrum the rest is the mirror image. */
  private static Nd whole(Nd x, int n, boolean half) {
    return Nd.of(
        new int[] {x.dim(0), n, x.dim(2), 2},
        i -> {
          boolean mirrored = half && i[1] > n / 2;
          int k = mirrored ? n - i[1] : i[1];
          double v = i[3] < x.dim(3) ? x.inside(i[0], k, i[2], i[3]) : 0;
          // of real numbers, these two are real
          boolean real = half && i[3] == 1 && (k == 0 || 2 * k == n);
          return real ? 0 : mirrored && i[3] == 1 ? -v : v;
        });
  }

  private static double part(Nd x, int n, int[] i, boolean back) {
    double sum = 0;
    for (int k = 0; k < n; k++) {
      double turn = (back ? 2 : -2) * Math.PI * k * i[1] / n;
      double re = x.at(i[0], k, i[2], 0);
      double im = x.at(i[0], k, i[2], 1);
      boolean first = i[3] == 0;
      sum += first ? re * Math.cos(turn) - im * Math.sin(turn) : 0;
      sum += first ? 0 : re * Math.sin(turn) + im * Math.cos(turn);
    }
    return back ? sum / n : sum;
  }
}
