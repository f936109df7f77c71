package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.image.Telea;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Against the authors' definition in plain Java; the network is the sum of four pixels against 0.
 */
class FidoTest {
  /** None is what the others suggest: Adam would make steps of what rounding leaves. */
  private static final float[] X = {-.5f, .3f, 1.1f, .6f};

  private static final int STEPS = 7;
  private static final int SAMPLES = 3;
  private static final double WEIGHT = .4;
  private static final double TEMPERATURE = .5;

  /** Float masks, seven steps of Adam: it divides by what a slope is made of. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-3f);

  @TempDir Path folder;

  private float[] map(Method method) {
    Subject subject = new Subject(Shape.of(1, 2, 2), X, 0);
    return Maps.of(Toy.pixels(folder), 2, method, subject).values();
  }

  private static float[][] uniform(int rows) {
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      return Draws.uniform(workspace, 5, rows, 4);
    }
  }

  /** Cells are pixels: what is not enlarged. */
  @ParameterizedTest
  @CsvSource({"SSR, ZERO", "SDR, ZERO", "SSR, INPAINT", "SDR, INPAINT"})
  void probabilitiesAreThoseOfTheDefinition(Fido.Objective objective, Fill fill) {
    Method method =
        Methods.parse(
            String.format(
                Locale.ROOT,
                "fido:objective=%s,cells=2,nSteps=%d,samples=%d,weight=%s,temperature=%s,fill=%s,seed=5",
                objective.name().toLowerCase(Locale.ROOT),
                STEPS,
                SAMPLES,
                WEIGHT,
                TEMPERATURE,
                fill.name().toLowerCase(Locale.ROOT)));
    float[][] u = uniform(STEPS * SAMPLES);
    float[] wanted = plain(objective == Fido.Objective.SSR, fill == Fill.INPAINT, u);
    assertThat(map(method)).containsExactly(wanted, ROUNDING);
  }

  /** Log odds of the sum s against 0 are s: each pixel's slope is the pixel less its fill. */
  private static float[] plain(boolean ssr, boolean inpaint, float[][] u) {
    double[] l = new double[4];
    double[] first = new double[4];
    double[] second = new double[4];
    for (int t = 0; t < STEPS; t++) {
      double[] slope = new double[4];
      for (int k = 0; k < SAMPLES; k++) {
        double[] z = mask(l, u[t * SAMPLES + k]);
        float[] y = inpaint ? inpainted(z) : new float[4];
        for (int i = 0; i < 4; i++) {
          slope[i] += (ssr ? -1 : 1) * (X[i] - y[i]) * z[i] * (1 - z[i]) / TEMPERATURE / SAMPLES;
        }
      }
      for (int i = 0; i < 4; i++) {
        double p = 1 / (1 + Math.exp(-l[i]));
        double g = slope[i] + (ssr ? 1 : -1) * WEIGHT * t / 30 * p * (1 - p);
        first[i] = .9 * first[i] + .1 * g;
        second[i] = .999 * second[i] + .001 * g * g;
        double mean = first[i] / (1 - Math.pow(.9, t + 1));
        double size = Math.sqrt(second[i] / (1 - Math.pow(.999, t + 1)));
        l[i] -= .05 * (1 - (double) t / STEPS) * mean / (size + 1e-8);
      }
    }
    float[] a = new float[4];
    for (int i = 0; i < 4; i++) {
      double p = 1 / (1 + Math.exp(-l[i]));
      a[i] = (float) (ssr ? p : 1 - p);
    }
    return a;
  }

  private static double[] mask(double[] l, float[] u) {
    double[] z = new double[4];
    for (int i = 0; i < 4; i++) {
      double v = u[i];
      z[i] = 1 / (1 + Math.exp(-(l[i] + Math.log(v / (1 - v))) / TEMPERATURE));
    }
    return z;
  }

  /** X where a mask hides less than half, the rest made up from it; of nothing, 0. */
  private static float[] inpainted(double[] z) {
    byte[] hole = new byte[4];
    for (int i = 0; i < 4; i++) {
      hole[i] = (byte) (z[i] < .5 ? 1 : 0);
    }
    float[] y = new float[4];
    return new Telea().fill(X, 1, 2, 2, hole, y, 0) ? y : new float[4];
  }

  /** One cell's probability is that of all pixels. */
  @Test
  void pixelsOfACellAreSeenAsOften() {
    float[] a = map(Methods.parse("fido:cells=1,nSteps=20,fill=zero"));
    assertThat(a[0]).isGreaterThan(.6f);
    float[] same = new float[4];
    Arrays.fill(same, a[0]);
    assertThat(a).isEqualTo(same);
  }
}
