package candela.graph;

import static candela.graph.MoveCases.numbers;

import candela.reference.Moving;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Cases of {@link MaskReaders} and {@link BitReaders}, and of windows. */
final class MaskCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private MaskCases() {}

  static List<OperatorCase> all() {
    var c = new MaskCases();
    c.places();
    c.kept();
    c.different();
    c.bits();
    c.windows();
    return c.cases;
  }

  private static OperatorCase of(String op, int opset, Nd... constants) {
    OperatorCase c = OperatorCase.of(op, opset);
    for (Nd x : constants) {
      c = c.integer(x);
    }
    return c;
  }

  private void places() {
    Nd mask = numbers(0, 3, 0, -1, 0, 1).as(2, 3);
    cases.add(of("NonZero", 13, mask).gives(in -> numbers(0, 1, 1, 1, 0, 2).as(2, 3)));
    cases.add(
        OperatorCase.of("NonZero", 9)
            .constant(numbers(.5, 0, Double.NaN))
            .gives(in -> numbers(0, 2).as(1, 2)));
    cases.add(of("NonZero", 9, numbers(0, 0)).gives(in -> new Nd(new int[] {1, 0}, new double[0])));
    cases.add(
        of("NonZero", 9, MoveCases.number(7)).gives(in -> new Nd(new int[] {0, 1}, new double[0])));
  }

  private void kept() {
    OperatorCase x = OperatorCase.of("Compress", 11).x(3, 4, 5);
    int[] rows = {0, 3};
    cases.add(
        x.list(1, 0, 0, 1)
            .attributes("axis", -2)
            .gives(in -> Moving.along(in.get(0), 1, 2, 0, i -> rows[i])));
    cases.add(
        x.list(0, 1).attributes("axis", 0).gives(in -> Moving.along(in.get(0), 0, 1, 0, i -> 1)));
    int[] single = {1, 2, 5};
    cases.add(
        x.list(0, 1, 1, 0, 0, 1)
            .gives(in -> Moving.along(in.get(0).as(60), 0, 3, 0, i -> single[i])));
  }

  private void different() {
    Nd x = numbers(2, 1, 1, 3, 4, 3);
    OperatorCase c = of("Unique", 11, x).outputs(4);
    cases.add(c.gives(in -> numbers(1, 2, 3, 4)));
    cases.add(c.attributes("sorted", 0).gives(in -> numbers(2, 1, 3, 4)));
    Nd rows = numbers(2, 0, 1, 0, 2, 0, 1, 0).as(4, 2);
    cases.add(
        of("Unique", 11, rows).attributes("axis", 0).gives(in -> numbers(1, 0, 2, 0).as(2, 2)));
    cases.add(
        of("Unique", 11, rows)
            .attributes("axis", -1, "sorted", 1)
            .gives(in -> numbers(0, 2, 0, 1, 0, 2, 0, 1).as(4, 2)));
    cases.add(
        OperatorCase.of("Unique", 11).constant(numbers(0, -0.0, -.5)).gives(in -> numbers(-.5, 0)));
  }

  private void bits() {
    Nd a = numbers(12, -1, 5);
    Nd b = numbers(10, 3).as(2, 1);
    cases.add(of("BitwiseAnd", 18, a, b).gives(in -> numbers(8, 10, 0, 0, 3, 1).as(2, 3)));
    cases.add(of("BitwiseOr", 18, a, b).gives(in -> numbers(14, -1, 15, 15, -1, 7).as(2, 3)));
    cases.add(of("BitwiseXor", 18, a, b).gives(in -> numbers(6, -11, 15, 15, -4, 6).as(2, 3)));
    cases.add(of("BitwiseNot", 18, a).gives(in -> numbers(-13, 0, -6)));
    OperatorCase shift = of("BitShift", 28, numbers(12, -5, 5), numbers(2, 1, 64));
    cases.add(shift.attributes("direction", "LEFT").gives(in -> numbers(48, -10, 0)));
    cases.add(shift.attributes("direction", "RIGHT").gives(in -> numbers(3, -3, 0)));
  }

  /** Hann's and Hamming's have one cosine, Blackman's two. */
  private void windows() {
    for (int periodic = 0; periodic < 2; periodic++) {
      double turn = 2 * Math.PI / (7 - 1 + periodic);
      window("HannWindow", periodic, i -> .5 - .5 * Math.cos(i * turn));
      window("HammingWindow", periodic, i -> 25 / 46. - 21 / 46. * Math.cos(i * turn));
      window(
          "BlackmanWindow",
          periodic,
          i -> .42 - .5 * Math.cos(i * turn) + .08 * Math.cos(2 * i * turn));
    }
  }

  private void window(String op, int periodic, DoubleUnaryOperator f) {
    cases.add(
        of(op, 17, MoveCases.number(7))
            .attributes("periodic", periodic)
            .gives(in -> numbers(0, 1, 2, 3, 4, 5, 6).map(f)));
  }
}
