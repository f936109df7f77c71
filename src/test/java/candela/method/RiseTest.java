package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.image.Telea;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** RISE against what the mean over all masks would be. */
class RiseTest {
  @TempDir Path folder;

  /**
   * The pixels see cells a, (a + b)/2, (a + c)/2, (a + b + c + d)/4 of the grid. E(M_i M_j) = ¼ (1
   * + o_ij), o the products of these shares summed, and a_i = 2 Σ_j x_j E(M_i M_j).
   */
  @Test
  void riseOfASumIsTheMeanOfProductsOfMasks() {
    Subject subject = new Subject(Shape.of(1, 2, 2), new float[] {0, 1, 2, 3}, 0);
    var method = Methods.parse("rise:masks=4000,cells=2,score=logit");
    float[] a = Maps.of(Toy.pixels(folder), 32, method, subject).values();
    // one deviation of such a mean is about 0.05
    assertThat(a).containsExactly(new float[] {4.125f, 3.875f, 4, 3.75f}, Offset.offset(.2f));
  }

  /** Masks as the kernels draw them; one that hides everything by more than half shows 0. */
  @Test
  void aMaskShowsWhatTheRestSuggestsWhereItHidesMoreThanHalf() {
    float[] x = {1, 8, 4, 2};
    int masks = 20;
    Subject subject = new Subject(Shape.of(1, 2, 2), x, 0);
    Method method = Methods.parse("rise:masks=20,cells=2,keep=0.6,fill=inpaint,seed=3,score=logit");
    double[] wanted = new double[4];
    int mixed = 0;
    for (float[] m : masks(masks, 3)) {
      byte[] hole = new byte[4];
      for (int i = 0; i < 4; i++) {
        hole[i] = (byte) (m[i] < .5f ? 1 : 0);
      }
      float[] y = new float[4];
      y = new Telea().fill(x, 1, 2, 2, hole, y, 0) ? y : new float[4];
      double score = 0;
      for (int i = 0; i < 4; i++) {
        score += m[i] * x[i] + (1 - m[i]) * y[i];
        mixed += m[i] > 0 && m[i] < 1 && y[i] != x[i] ? 1 : 0;
      }
      for (int i = 0; i < 4; i++) {
        wanted[i] += score * m[i] / masks / .6;
      }
    }
    assertThat(mixed).as("values that are partly made up").isPositive();
    float[] a = Maps.of(Toy.pixels(folder), 3, method, subject).values();
    for (int i = 0; i < 4; i++) {
      assertThat((double) a[i]).isCloseTo(wanted[i], Offset.offset(1e-4));
    }
  }

  private static float[][] masks(int masks, long seed) {
    long[] ids = LongStream.range(0, masks).toArray();
    float[][] m = new float[masks][];
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      Tensor uniform = workspace.tensor(Shape.of(masks, 6));
      Tensor mask = workspace.tensor(Shape.of(masks, 2, 2));
      var kernels = device.kernels();
      kernels.noise().uniformNoise(masks, 6, 0, 1, seed, workspace.longs(ids), uniform.data());
      kernels.mask().gridMask(masks, 2, 2, 2, .6f, uniform.data(), mask.data());
      float[] all = device.read(mask);
      for (int r = 0; r < masks; r++) {
        m[r] = Arrays.copyOfRange(all, 4 * r, 4 * r + 4);
      }
    }
    return m;
  }
}
