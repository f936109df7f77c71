package candela.device;

import java.util.Arrays;
import java.util.List;

/** What convolutions of our own kernels are tried on. */
final class ConvolveCases {
  /** Factors of 11 significant bits are off by 2^-11 of themselves, products by twice that. */
  static final double ROUNDED = 0x1.02p-10;

  static final List<Dense.Activation> ACTIVATIONS =
      List.of(
          Dense.Activation.NONE,
          Dense.Activation.RELU,
          Dense.Activation.clip(-0.5f, 1f),
          Dense.Activation.leaky(0.2f));

  /** What is added to a sum, where it lies. */
  enum Added {
    NOTHING,
    ANOTHER,
    IN_PLACE
  }

  /** Every activation with and without a gate, a bias, and something added. */
  static boolean passes(Dense.Activation a, float g) {
    return a.kind() == 2 ? g > a.alpha() && g < a.beta() : g > 0;
  }

  private ConvolveCases() {}

  /** Rows, elements between pixels, and the twelve numbers of the entry. */
  record Shape(int rows, int wide, int yWide, int... of) {
    int h() {
      return of[0];
    }

    int w() {
      return of[1];
    }

    int c() {
      return of[2];
    }

    int oc() {
      return of[3];
    }

    int kh() {
      return of[4];
    }

    int kw() {
      return of[5];
    }

    int oh() {
      return of[10];
    }

    int ow() {
      return of[11];
    }

    int outs() {
      return rows * oh() * ow() * yWide;
    }

    float[] x() {
      return Rig.numbers(1, rows * h() * w() * wide);
    }

    /** Of 11 significant bits: some cards cut off the rest. */
    float[] weights() {
      return Rounded.tf32(Rig.numbers(2, oc() * kh() * kw() * c()));
    }

    /** The sums, and of absolute values, one behind the other. */
    double[] sums() {
      float[] x = x();
      float[] weights = weights();
      double[] sums = new double[2 * outs()];
      int pixel = 0;
      for (int r = 0; r < rows; r++) {
        for (int oy = 0; oy < oh(); oy++) {
          for (int ox = 0; ox < ow(); ox++) {
            for (int k = 0; k < oc(); k++) {
              int at = pixel * yWide + k;
              for (int i = 0; i < kh(); i++) {
                for (int j = 0; j < kw(); j++) {
                  int y = oy * of[6] - of[8] + i;
                  int z = ox * of[7] - of[9] + j;
                  for (int q = 0; q < c() && y >= 0 && y < h() && z >= 0 && z < w(); q++) {
                    double v =
                        (double) x[((r * h() + y) * w() + z) * wide + q]
                            * weights[((k * kh() + i) * kw() + j) * c() + q];
                    sums[at] += v;
                    sums[outs() + at] += Math.abs(v);
                  }
                }
              }
            }
            pixel++;
          }
        }
      }
      return sums;
    }

    @Override
    public String toString() {
      return rows + " rows, " + wide + " and " + yWide + " apart, " + Arrays.toString(of);
    }
  }
}
