package candela.reference;

/** Convolution and pooling of x[N,C,H,W] as ONNX defines them, by plain loops. */
public final class Imaging {
  private Imaging() {}

  /**
   * How a window moves.
   *
   * @param strides down, across
   * @param dilations down, across
   * @param pads top, left, bottom, right
   */
  public record Move(int[] strides, int[] dilations, int[] pads) {
    public static final Move PLAIN = of(1, 1);

    public static Move of(int down, int across, int... pads) {
      return new Move(
          new int[] {down, across}, new int[] {1, 1}, pads.length == 4 ? pads : new int[4]);
    }

    public Move dilated(int down, int across) {
      return new Move(strides, new int[] {down, across}, pads);
    }

    private int row(int out, int tap) {
      return out * strides[0] + tap * dilations[0] - pads[0];
    }

    private int column(int out, int tap) {
      return out * strides[1] + tap * dilations[1] - pads[1];
    }

    /** Windows along an axis of n elements; ceil also takes those that start inside but end out. */
    private int count(int n, int kernel, int axis, boolean ceil) {
      int last = n + pads[axis] + pads[axis + 2] - (kernel - 1) * dilations[axis] - 1;
      int out = Math.floorDiv(last, strides[axis]) + 1;
      boolean partial = Math.floorMod(last, strides[axis]) != 0;
      return ceil && partial && out * strides[axis] < n + pads[axis] ? out + 1 : out;
    }
  }

  /** y[N,O,…] of w[O,C/groups,kh,kw]; bias[O] or null. */
  public static Nd conv(Nd x, Nd w, Nd bias, int groups, Move m) {
    int oh = m.count(x.dim(2), w.dim(2), 0, false);
    int ow = m.count(x.dim(3), w.dim(3), 1, false);
    int each = w.dim(0) / groups;
    return Nd.of(
        new int[] {x.dim(0), w.dim(0), oh, ow},
        i -> {
          double sum = bias == null ? 0 : bias.at(i[1]);
          for (int c = 0; c < w.dim(1); c++) {
            int in = i[1] / each * w.dim(1) + c;
            for (int a = 0; a < w.dim(2); a++) {
              for (int b = 0; b < w.dim(3); b++) {
                sum += w.at(i[1], c, a, b) * x.inside(i[0], in, m.row(i[2], a), m.column(i[3], b));
              }
            }
          }
          return sum;
        });
  }

  /** y[N,O·groups,oh,ow] of w[C,O,kh,kw]: each pixel of x is painted with the kernel. */
  public static Nd convTranspose(Nd x, Nd w, Nd bias, int groups, Move m, int oh, int ow) {
    int each = x.dim(1) / groups;
    Nd y =
        Nd.of(
            new int[] {x.dim(0), w.dim(1) * groups, oh, ow}, i -> bias == null ? 0 : bias.at(i[1]));
    Nd.of(
        new int[] {x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.dim(1), w.dim(2), w.dim(3)},
        i -> {
          int row = m.row(i[2], i[5]);
          int column = m.column(i[3], i[6]);
          int o = i[1] / each * w.dim(1) + i[4];
          if (row >= 0 && row < oh && column >= 0 && column < ow) {
            y.data()[((i[0] * y.dim(1) + o) * oh + row) * ow + column] +=
                x.at(i[0], i[1], i[2], i[3]) * w.at(i[1], i[4], i[5], i[6]);
          }
          return 0;
        });
    return y;
  }

  public static Nd maxPool(Nd x, int kh, int kw, Move m, boolean ceil) {
    return pool(x, kh, kw, m, ceil, true, false);
  }

  /** The mean over the window, or over what of it lies in the image, or in image and padding. */
  public static Nd averagePool(Nd x, int kh, int kw, Move m, boolean ceil, boolean includePad) {
    return pool(x, kh, kw, m, ceil, false, includePad);
  }

  private static Nd pool(
      Nd x, int kh, int kw, Move m, boolean ceil, boolean max, boolean includePad) {
    int oh = m.count(x.dim(2), kh, 0, ceil);
    int ow = m.count(x.dim(3), kw, 1, ceil);
    return Nd.of(
        new int[] {x.dim(0), x.dim(1), oh, ow},
        i -> {
          double best = Double.NEGATIVE_INFINITY;
          double sum = 0;
          int n = 0;
          for (int a = 0; a < kh; a++) {
            for (int b = 0; b < kw; b++) {
              int row = m.row(i[2], a);
              int column = m.column(i[3], b);
              if (row >= 0 && row < x.dim(2) && column >= 0 && column < x.dim(3)) {
                best = Math.max(best, x.at(i[0], i[1], row, column));
                sum += x.at(i[0], i[1], row, column);
                n++;
              } else if (includePad
                  && row < x.dim(2) + m.pads()[2]
                  && column < x.dim(3) + m.pads()[3]) {
                n++;
              }
            }
          }
          return max ? best : sum / n;
        });
  }
}
