package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class RelevanceTest {
  @Test
  void aQuotientStaysFiniteAtZeroAndKeepsTheSign() {
    float[] r = {1, 2, 3, 4, -5};
    float[] z = {2, -0.5f, 0, -0f, 0.25f};
    // 1/(2 + 0.5), 2/(-0.5 - 0.5), 3/(0 + 0.5), 4/(0 + 0.5), -5/(0.25 + 0.5); twice that
    agree("quotient", quotient(2, 0.5f, r, z), new double[] {0.8, -4, 12, 16, -40 / 3.0});
    agree("quotient", quotient(1, 0, r, z), new double[] {0.5, -4, 0, 0, -20});
  }

  private static float[] quotient(float scale, float epsilon, float[] r, float[] z) {
    return Rig.run(
        "quotient",
        rig -> {
          MemorySegment q = rig.out(r.length);
          rig.kernels().relevance().quotient(r.length, scale, epsilon, rig.in(r), rig.in(z), q);
          return rig.floats(q);
        });
  }

  @Test
  void aQuotientMayOverwriteEitherOperand() {
    float[] r = numbers(1, 40001);
    float[] z = numbers(2, 40001);
    double[] wanted = new double[r.length];
    for (int i = 0; i < r.length; i++) {
      wanted[i] = r[i] / (z[i] + 1e-3 * Math.signum(z[i]));
    }
    for (boolean first : new boolean[] {false, true}) {
      agree(
          "quotient in place",
          Rig.run(
              "quotient",
              rig -> {
                MemorySegment a = rig.in(r);
                MemorySegment b = rig.in(z);
                MemorySegment q = first ? a : b;
                rig.kernels().relevance().quotient(r.length, 1, 1e-3f, a, b, q);
                return rig.floats(q);
              }),
          wanted);
    }
  }

  @Test
  void aProductIsScaledAndAdded() {
    for (int n : new int[] {1, 33, 40001}) {
      float[] a = numbers(1, n);
      float[] b = numbers(2, n);
      float[] before = numbers(3, n);
      for (int way = 0; way < 4; way++) {
        boolean add = way % 2 == 1;
        boolean one = way < 2;
        double[] wanted = new double[n];
        for (int i = 0; i < n; i++) {
          wanted[i] = (add ? before[i] : 0) - 3.0 * a[i] * (one ? 1 : b[i]);
        }
        agree(
            "product of " + n,
            Rig.run(
                "product",
                rig -> {
                  MemorySegment y = add ? rig.in(before) : rig.out(n);
                  MemorySegment by = one ? MemorySegment.NULL : rig.in(b);
                  rig.kernels().relevance().product(add, n, -3, rig.in(a), by, y);
                  return rig.floats(y);
                }),
            wanted);
      }
    }
  }
}
