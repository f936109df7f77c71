package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the definition in plain Java on a convolution, a ReLU and a linear layer. */
class FgVisTest {
  private static final int STEPS = 6;

  /** Float sums of 700 terms, six times. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-4f);

  private static final Shape SHAPE = Shape.of(3, 9, 7);

  @TempDir Path folder;

  private Attribution map(String parameters, Subject subject) {
    Method method = Methods.parse("fgvis:score=logit,iterations=" + STEPS + "," + parameters);
    return Maps.of(Toy.random(folder), 8, method, subject);
  }

  @ParameterizedTest
  @CsvSource({"delete,zero,0", "preserve,zero,0", "delete,white,1", "preserve,white,1"})
  void masksAreThoseOfTheDefinition(String variant, String baseline, float b) {
    float[] x = Toy.draw(new Random(11), SHAPE.count());
    Plain net = new Plain();
    boolean delete = variant.equals("delete");
    // a class that is not predicted: all steps are run
    int target = net.least(x);
    double[] m = net.masks(x, target, delete, b);
    var levels = new Levels(List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
    Attribution a =
        map(
            "spread=0,variant=" + variant + ",baseline=" + baseline,
            new Subject(SHAPE, x, target, levels));
    float[] expected = new float[m.length];
    for (int i = 0; i < m.length; i++) {
      expected[i] = (float) (delete ? 1 - m[i] : m[i]);
    }
    assertThat(a.values()).containsExactly(expected, ROUNDING);
    assertThat(a.notes().get("iterations")).isEqualTo(STEPS);
    assertThat(net.cut).as("units that the defence cut").isPositive();
  }

  /** One step of a tenth takes the class away: the second image shows it, and nothing follows. */
  @Test
  void deletionEndsWhenTheClassIsLost() {
    float[] x = Toy.draw(new Random(11), SHAPE.count());
    Plain net = new Plain();
    int target = net.most(x);
    Attribution a = map("spread=0,rate=100,baseline=zero", new Subject(SHAPE, x, target));
    assertThat(a.notes().get("iterations")).isEqualTo(2);
  }

  /** {@link Toy#random} in doubles. */
  private static final class Plain {
    private final float[] kernel;
    private final float[] shift;
    private final float[] rows;
    private final float[] bias;
    int cut;

    Plain() {
      Random r = new Random(7);
      kernel = Toy.draw(r, 135);
      shift = Toy.draw(r, 5);
      rows = Toy.draw(r, 4 * 175);
      bias = Toy.draw(r, 4);
    }

    private static int input(int c, int i, int j) {
      return (c * 9 + i) * 7 + j;
    }

    private double[] hidden(double[] x) {
      double[] y = new double[175];
      for (int k = 0; k < 175; k++) {
        y[k] = shift[k / 35];
        for (int t = 0; t < 27; t++) {
          int at = input(t / 9, k % 35 / 5 + t % 9 / 3, k % 5 + t % 3);
          y[k] += kernel[k / 35 * 27 + t] * x[at];
        }
        y[k] = Math.max(y[k], 0);
      }
      return y;
    }

    private double[] scores(float[] x) {
      double[] y = hidden(doubles(x));
      double[] s = new double[4];
      for (int c = 0; c < 4; c++) {
        s[c] = bias[c];
        for (int k = 0; k < 175; k++) {
          s[c] += rows[c * 175 + k] * y[k];
        }
      }
      return s;
    }

    int least(float[] x) {
      double[] s = scores(x);
      int least = 0;
      for (int c = 1; c < 4; c++) {
        least = s[c] < s[least] ? c : least;
      }
      return least;
    }

    int most(float[] x) {
      double[] s = scores(x);
      int most = 0;
      for (int c = 1; c < 4; c++) {
        most = s[c] > s[most] ? c : most;
      }
      return most;
    }

    private static double[] doubles(float[] x) {
      double[] d = new double[x.length];
      for (int i = 0; i < d.length; i++) {
        d[i] = x[i];
      }
      return d;
    }

    double[] masks(float[] x, int target, boolean delete, float b) {
      double[] own = hidden(doubles(x));
      double[] m = new double[x.length];
      Arrays.fill(m, delete ? 1 : 0);
      for (int t = 0; t < STEPS; t++) {
        double[] e = new double[x.length];
        for (int i = 0; i < e.length; i++) {
          e[i] = m[i] * x[i] + (1 - m[i]) * b;
        }
        double[] g = gradient(hidden(e), own, target);
        double most = 0;
        for (int i = 0; i < g.length; i++) {
          g[i] = (delete ? 1 : -1) * (g[i] * (x[i] - b) - 1e-9);
          most = Math.max(most, Math.abs(g[i]));
        }
        for (int i = 0; i < g.length; i++) {
          m[i] = Math.clamp(m[i] - .1 * g[i] / most, 0, 1);
        }
      }
      return m;
    }

    private double[] gradient(double[] y, double[] own, int target) {
      double[] g = new double[SHAPE.count()];
      for (int k = 0; k < 175; k++) {
        // sums of the same terms differ by rounding where the mask has not moved
        boolean beyond = y[k] > own[k] + 1e-12;
        cut += beyond ? 1 : 0;
        if (y[k] > 0 && !beyond) {
          for (int t = 0; t < 27; t++) {
            int at = input(t / 9, k % 35 / 5 + t % 9 / 3, k % 5 + t % 3);
            g[at] += rows[target * 175 + k] * kernel[k / 35 * 27 + t];
          }
        }
      }
      return g;
    }
  }
}
