package candela.reference;

/**
 * Convolution of channels-last images by plain loops; the sizes are those of native/candela.h,
 * cd_conv_create.
 */
public final class Convolving {
  private Convolving() {}

  /**
   * y[rows,oh,ow,oc]. A transposed convolution puts each input pixel onto the outputs that a
   * convolution would read for it.
   */
  public static double[] forward(int[] s, int oh, int ow, int rows, double[] x, double[] weights) {
    int h = s[0];
    int w = s[1];
    int c = s[2];
    int oc = s[3];
    int groups = s[14];
    double[] y = new double[rows * oh * ow * oc];
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < c; i++) {
        for (int o = 0; o < oc; o++) {
          if (i / (c / groups) != o / (oc / groups)) {
            continue;
          }
          for (int a = 0; a < s[4]; a++) {
            for (int b = 0; b < s[5]; b++) {
              int tap =
                  s[15] == 0
                      ? ((o * (c / groups) + i % (c / groups)) * s[4] + a) * s[5] + b
                      : ((i * (oc / groups) + o % (oc / groups)) * s[4] + a) * s[5] + b;
              int smallH = s[15] == 0 ? oh : h;
              int smallW = s[15] == 0 ? ow : w;
              for (int py = 0; py < smallH; py++) {
                for (int px = 0; px < smallW; px++) {
                  int qy = py * s[6] - s[10] + a * s[8];
                  int qx = px * s[7] - s[11] + b * s[9];
                  boolean inside =
                      qy >= 0
                          && qx >= 0
                          && qy < (s[15] == 0 ? h : oh)
                          && qx < (s[15] == 0 ? w : ow);
                  if (!inside) {
                    continue;
                  }
                  int in = s[15] == 0 ? (r * h + qy) * w + qx : (r * h + py) * w + px;
                  int out = s[15] == 0 ? (r * oh + py) * ow + px : (r * oh + qy) * ow + qx;
                  y[out * oc + o] += x[in * c + i] * weights[tap];
                }
              }
            }
          }
        }
      }
    }
    return y;
  }
}
