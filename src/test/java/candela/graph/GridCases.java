package candela.graph;

import candela.reference.Nd;
import candela.reference.Sampling;
import java.util.ArrayList;
import java.util.List;

/** Cases of {@link GridReaders} and {@link DeformReader}. */
final class GridCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private GridCases() {}

  static List<OperatorCase> all() {
    var c = new GridCases();
    c.samples();
    c.grids();
    c.deformed();
    return c.cases;
  }

  private void samples() {
    for (String mode : List.of("nearest", "linear", "cubic")) {
      for (String padding : List.of("zeros", "border", "reflection")) {
        for (int align = 0; align < 2; align++) {
          boolean middles = align == 1;
          OperatorCase c = OperatorCase.of("GridSample", 20).x(3, 2, 5, 7);
          // steps, which have no slope
          boolean flat = mode.equals("nearest");
          cases.add(
              (flat ? c.constant(3, 3, 4, 2) : c.x(-2.2, 2.2, 3, 3, 4, 2))
                  .attributes("mode", mode, "padding_mode", padding, "align_corners", align)
                  .gives(in -> Sampling.sample(in.get(0), in.get(1), mode, padding, middles)));
        }
      }
    }
    cases.add(
        OperatorCase.of("GridSample", 16)
            .x(1, 3, 4, 1)
            .constant(1, 2, 3, 2)
            .attributes("mode", "bicubic", "padding_mode", "reflection")
            .gives(in -> Sampling.sample(in.get(0), in.get(1), "cubic", "reflection", false)));
    cases.add(
        OperatorCase.of("GridSample", 16)
            .constant(2, 3, 4, 3)
            .x(2, 1, 5, 2)
            .gives(in -> Sampling.sample(in.get(0), in.get(1), "linear", "zeros", false)));
  }

  private void grids() {
    for (int align = 0; align < 2; align++) {
      boolean middles = align == 1;
      for (int[] size : new int[][] {{3, 5}, {1, 4}}) {
        Nd given = MoveCases.numbers(3, 1, size[0], size[1]);
        cases.add(
            OperatorCase.of("AffineGrid", 20)
                .x(3, 2, 3)
                .integer(given)
                .attributes("align_corners", align)
                .gives(in -> Sampling.affine(in.get(0), size[0], size[1], middles)));
      }
    }
  }

  /** With and without groups, of channels and of offsets, a mask and a bias. */
  private void deformed() {
    // images, channels, rows, columns, filters, kernel, groups, groups of offsets
    int[][] all = {
      {3, 2, 4, 5, 3, 3, 2, 1, 1}, {2, 6, 5, 4, 4, 2, 2, 2, 3}, {1, 4, 3, 3, 2, 1, 3, 2, 2}
    };
    for (int[] s : all) {
      Deformed d = new Deformed(s, new int[] {2, 1}, new int[] {1, 2}, new int[] {2, 0, 1, 3});
      int taps = s[5] * s[6];
      int[] out = {d.out(0), d.out(1)};
      OperatorCase c =
          OperatorCase.of("DeformConv", 19)
              .x(s[0], s[1], s[2], s[3])
              .constant(s[4], s[1] / s[7], s[5], s[6])
              .x(s[0], s[8] * taps * 2, out[0], out[1]);
      Object[] attributes = {
        "strides",
        d.strides(),
        "dilations",
        d.dilations(),
        "pads",
        d.pads(),
        "group",
        s[7],
        "offset_group",
        s[8]
      };
      cases.add(c.attributes(attributes).gives(d::of));
      cases.add(
          c.constant(s[4])
              .x(s[0], s[8] * taps, out[0], out[1])
              .attributes(attributes)
              .gives(d::of));
    }
  }

  /** Each pixel of a result by the definition. */
  private record Deformed(int[] s, int[] strides, int[] dilations, int[] pads) {
    int out(int side) {
      int reach = (s[5 + side] - 1) * dilations[side] + 1;
      return (s[2 + side] + pads[side] + pads[2 + side] - reach) / strides[side] + 1;
    }

    Nd of(List<Nd> in) {
      return Nd.of(new int[] {s[0], s[4], out(0), out(1)}, i -> pixel(in, i));
    }

    private double pixel(List<Nd> in, int[] i) {
      double sum = in.size() > 3 ? in.get(3).at(i[1]) : 0;
      int each = s[1] / s[7];
      for (int k = 0; k < each; k++) {
        int channel = i[1] / (s[4] / s[7]) * each + k;
        int group = channel / (s[1] / s[8]);
        for (int r = 0; r < s[5]; r++) {
          for (int q = 0; q < s[6]; q++) {
            int tap = (group * s[5] + r) * s[6] + q;
            double down = i[2] * strides[0] - pads[0] + r * dilations[0];
            double across = i[3] * strides[1] - pads[1] + q * dilations[1];
            down += in.get(2).at(i[0], 2 * tap, i[2], i[3]);
            across += in.get(2).at(i[0], 2 * tap + 1, i[2], i[3]);
            double mask = in.size() > 4 ? in.get(4).at(i[0], tap, i[2], i[3]) : 1;
            double seen = between(in.get(0), i[0], channel, down, across);
            sum += in.get(1).at(i[1], k, r, q) * mask * seen;
          }
        }
      }
      return sum;
    }

    private static double between(Nd x, int n, int c, double down, double across) {
      double sum = 0;
      int top = (int) Math.floor(down);
      int left = (int) Math.floor(across);
      for (int r = top; r < top + 2; r++) {
        for (int q = left; q < left + 2; q++) {
          double weight = (1 - Math.abs(down - r)) * (1 - Math.abs(across - q));
          sum += weight * x.inside(n, c, r, q);
        }
      }
      return sum;
    }
  }
}
