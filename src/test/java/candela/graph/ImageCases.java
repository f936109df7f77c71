package candela.graph;

import candela.device.Reduction;
import candela.reference.Imaging;
import candela.reference.Imaging.Move;
import candela.reference.Moving;
import candela.reference.Nd;
import candela.reference.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of poolings and normalisations, in {@link ImageReaders}. */
final class ImageCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private ImageCases() {}

  static List<OperatorCase> all() {
    var c = new ImageCases();
    c.maxPools();
    c.averagePools();
    c.globalPools();
    c.batchNorms();
    c.norms();
    return c.cases;
  }

  static int[] ints(int... values) {
    return values;
  }

  private void maxPools() {
    OperatorCase c = OperatorCase.of("MaxPool", 10);
    for (int ceil = 0; ceil < 2; ceil++) {
      boolean up = ceil == 1;
      cases.add(
          c.x(3, 2, 6, 7)
              .attributes("kernel_shape", ints(3, 3), "strides", ints(2, 2), "ceil_mode", ceil)
              .gives(in -> Imaging.maxPool(in.get(0), 3, 3, Move.of(2, 2), up)));
      cases.add(
          c.x(1, 3, 7, 7)
              .attributes(
                  "kernel_shape",
                  ints(3, 2),
                  "strides",
                  ints(2, 3),
                  "pads",
                  ints(1, 0, 2, 1),
                  "dilations",
                  ints(2, 2),
                  "ceil_mode",
                  ceil)
              .gives(
                  in ->
                      Imaging.maxPool(
                          in.get(0), 3, 2, Move.of(2, 3, 1, 0, 2, 1).dilated(2, 2), up)));
    }
    // Smaller than the window: as the SqueezeNet of small images has it.
    cases.add(
        c.x(3, 2, 2, 2)
            .attributes("kernel_shape", ints(3, 3), "strides", ints(2, 2), "ceil_mode", 1)
            .gives(in -> Imaging.maxPool(in.get(0), 3, 3, Move.of(2, 2), true)));
    cases.add(
        OperatorCase.of("MaxPool", 7)
            .x(3, 2, 33)
            .attributes("kernel_shape", ints(5), "strides", ints(3), "auto_pad", "SAME_LOWER")
            .gives(
                in ->
                    ConvolutionCases.line(
                        Imaging.maxPool(
                            ConvolutionCases.flat(in.get(0)),
                            1,
                            5,
                            Move.of(1, 3, 0, 1, 0, 1),
                            false))));
    // More positions than a byte counts.
    cases.add(
        OperatorCase.of("MaxPool", 12)
            .x(1, 1, 17, 17)
            .attributes("kernel_shape", ints(17, 17), "storage_order", 1)
            .gives(in -> Imaging.maxPool(in.get(0), 17, 17, Move.PLAIN, false)));
  }

  private void averagePools() {
    for (int ceil = 0; ceil < 2; ceil++) {
      for (int include = 0; include < 2; include++) {
        boolean up = ceil == 1;
        boolean pad = include == 1;
        cases.add(
            OperatorCase.of("AveragePool", 10)
                .x(3, 2, 6, 7)
                .attributes(
                    "kernel_shape",
                    ints(3, 2),
                    "strides",
                    ints(2, 3),
                    "pads",
                    ints(1, 0, 2, 1),
                    "ceil_mode",
                    ceil,
                    "count_include_pad",
                    include)
                .gives(
                    in ->
                        Imaging.averagePool(in.get(0), 3, 2, Move.of(2, 3, 1, 0, 2, 1), up, pad)));
        cases.add(
            OperatorCase.of("AveragePool", 19)
                .x(1, 3, 33)
                .attributes(
                    "kernel_shape",
                    ints(3),
                    "strides",
                    ints(4),
                    "dilations",
                    ints(2),
                    "pads",
                    ints(3, 2),
                    "ceil_mode",
                    ceil,
                    "count_include_pad",
                    include)
                .gives(
                    in ->
                        ConvolutionCases.line(
                            Imaging.averagePool(
                                ConvolutionCases.flat(in.get(0)),
                                1,
                                3,
                                Move.of(1, 4, 0, 3, 0, 2).dilated(1, 2),
                                up,
                                pad))));
      }
    }
    cases.add(
        OperatorCase.of("AveragePool", 7)
            .x(3, 1, 7, 7)
            .attributes("kernel_shape", ints(2, 2), "auto_pad", "SAME_UPPER")
            .gives(
                in ->
                    Imaging.averagePool(in.get(0), 2, 2, Move.of(1, 1, 0, 0, 1, 1), false, false)));
  }

  private void globalPools() {
    for (int[] dims : new int[][] {{3, 2, 5, 7}, {1, 3, 33}}) {
      int n = dims[0] * dims[1];
      int[] out = dims.clone();
      Arrays.fill(out, 2, out.length, 1);
      for (var kind : List.of(Reduction.MEAN, Reduction.MAX)) {
        boolean mean = kind == Reduction.MEAN;
        cases.add(
            OperatorCase.of(mean ? "GlobalAveragePool" : "GlobalMaxPool", 7)
                .x(dims)
                .gives(
                    in -> {
                      double[] x = in.get(0).data();
                      return new Nd(out, Rows.reduce(kind, n, x.length / n, 1, x));
                    }));
      }
    }
  }

  private void batchNorms() {
    for (int opset : new int[] {7, 9, 14, 15}) {
      for (int[] dims : new int[][] {{3, 2, 5, 3}, {1, 3, 7}, {3, 5}}) {
        int c = dims[1];
        Nd variance = Nd.of(ints(c), i -> .5 + i[0]);
        cases.add(
            OperatorCase.of("BatchNormalization", opset)
                .x(dims)
                .constant(c)
                .constant(c)
                .constant(c)
                .constant(variance)
                .attributes("epsilon", .01f)
                .gives(in -> normalised(in, .01f)));
      }
    }
  }

  private static Nd normalised(List<Nd> in, double epsilon) {
    return Nd.of(
        in.get(0).dims(),
        i -> {
          double deviation = Math.sqrt(in.get(4).at(i[1]) + epsilon);
          double centred = in.get(0).at(i) - in.get(3).at(i[1]);
          return centred / deviation * in.get(1).at(i[1]) + in.get(2).at(i[1]);
        });
  }

  /** Each of count equal stretches normalised, then scaled and shifted by element. */
  private static Nd stretches(Nd x, int count, double epsilon, Nd.Element scale, Nd.Element shift) {
    double[] rows = Rows.normal(count, x.data().length / count, epsilon, x.data());
    Nd y = new Nd(x.dims(), rows);
    return Nd.of(x.dims(), i -> y.at(i) * scale.at(i) + shift.at(i));
  }

  private void norms() {
    for (int[] dims : new int[][] {{3, 4, 5, 3}, {1, 4, 33}}) {
      cases.add(
          OperatorCase.of("InstanceNormalization", 7)
              .x(dims)
              .constant(4)
              .constant(4)
              .attributes("epsilon", .01f)
              .gives(
                  in ->
                      stretches(
                          in.get(0),
                          dims[0] * 4,
                          .01f,
                          i -> in.get(1).at(i[1]),
                          i -> in.get(2).at(i[1]))));
      for (int groups : new int[] {1, 2, 4}) {
        cases.add(
            OperatorCase.of("GroupNormalization", 21)
                .x(dims)
                .constant(4)
                .constant(4)
                .attributes("num_groups", groups)
                .gives(
                    in ->
                        stretches(
                            in.get(0),
                            dims[0] * groups,
                            1e-5f,
                            i -> in.get(1).at(i[1]),
                            i -> in.get(2).at(i[1]))));
        cases.add(
            OperatorCase.of("GroupNormalization", 18)
                .x(dims)
                .constant(groups)
                .constant(groups)
                .attributes("num_groups", groups, "epsilon", .1f)
                .gives(
                    in ->
                        stretches(
                            in.get(0),
                            dims[0] * groups,
                            .1f,
                            i -> in.get(1).at(i[1] * groups / 4),
                            i -> in.get(2).at(i[1] * groups / 4))));
      }
    }
    for (int size : new int[] {1, 3, 4, 7}) {
      cases.add(
          OperatorCase.of("LRN", 7)
              .x(3, 5, 3, 2)
              .attributes("size", size, "alpha", .5f, "beta", .625f, "bias", 1.5f)
              .gives(
                  in -> {
                    Nd last = Moving.transpose(in.get(0), 0, 2, 3, 1);
                    double[] y = Rows.lrn(18, 5, size, .5, .625, 1.5, last.data());
                    return Moving.transpose(new Nd(last.dims(), y), 0, 3, 1, 2);
                  }));
    }
  }
}
