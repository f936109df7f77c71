package candela.graph;

import candela.reference.Imaging;
import candela.reference.Imaging.Move;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;

/** Cases of convolutions, in {@link ImageReaders}. */
final class ConvolutionCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private ConvolutionCases() {}

  static List<OperatorCase> all() {
    var c = new ConvolutionCases();
    c.convolutions();
    c.convolutionsOfLines();
    c.computedWeights();
    c.transposed();
    c.blocks(new int[] {4, 6}, new int[] {2, 3}, new int[] {1, 1, 0, 0, 0, 0, 1, 1});
    c.blocks(new int[] {7, 5}, new int[] {3, 2}, new int[] {2, 3, 1, 0, 2, 1, 1, 2});
    c.blocks(new int[] {4, 4}, new int[] {2, 2}, new int[] {2, 2, 0, 0, 0, 0, 1, 1});
    return c.cases;
  }

  private void conv(OperatorCase c, int groups, Move m, Object... attributes) {
    cases.add(
        c.attributes(attributes)
            .gives(
                in ->
                    Imaging.conv(
                        in.get(0), in.get(1), in.size() > 2 ? in.get(2) : null, groups, m)));
  }

  /**
   * @param move strides, pads (top, left, bottom, right), dilations
   */
  private void blocks(int[] image, int[] block, int[] move) {
    int[] count = new int[2];
    for (int i = 0; i < 2; i++) {
      int room = image[i] + move[2 + i] + move[4 + i] - move[6 + i] * (block[i] - 1) - 1;
      count[i] = room / move[i] + 1;
    }
    int taps = block[0] * block[1];
    cases.add(
        OperatorCase.of("Col2Im", 18)
            .x(3, 2 * taps, count[0] * count[1])
            .list(image[0], image[1])
            .list(block[0], block[1])
            .attributes(
                "strides",
                ImageCases.ints(move[0], move[1]),
                "pads",
                ImageCases.ints(move[2], move[3], move[4], move[5]),
                "dilations",
                ImageCases.ints(move[6], move[7]))
            .gives(
                in ->
                    Nd.of(
                        new int[] {3, 2, image[0], image[1]},
                        y -> {
                          double sum = 0;
                          for (int t = 0; t < taps; t++) {
                            int h = y[2] + move[2] - t / block[1] * move[6];
                            int w = y[3] + move[3] - t % block[1] * move[7];
                            int i = Math.floorDiv(h, move[0]);
                            int j = Math.floorDiv(w, move[1]);
                            boolean hit = i * move[0] == h && j * move[1] == w;
                            if (hit && i >= 0 && i < count[0] && j >= 0 && j < count[1]) {
                              sum += in.get(0).at(y[0], y[1] * taps + t, i * count[1] + j);
                            }
                          }
                          return sum;
                        })));
  }

  private void computedWeights() {
    OperatorCase c = OperatorCase.of("Conv", 11);
    conv(c.x(3, 2, 5, 7).x(3, 2, 3, 1), 1, Move.PLAIN);
    conv(
        c.x(2, 4, 7, 6).x(6, 2, 3, 2).x(6),
        2,
        Move.of(2, 1, 1, 0, 2, 1).dilated(1, 3),
        "group",
        2,
        "strides",
        ImageCases.ints(2, 1),
        "dilations",
        ImageCases.ints(1, 3),
        "pads",
        ImageCases.ints(1, 0, 2, 1));
    conv(c.x(1, 3, 1, 5).x(3, 1, 1, 2).constant(3), 3, Move.PLAIN, "group", 3);
  }

  private void convolutions() {
    OperatorCase c = OperatorCase.of("Conv", 7);
    conv(c.x(3, 2, 5, 7).constant(3, 2, 3, 3), 1, Move.PLAIN);
    conv(c.x(1, 3, 7, 7).constant(4, 3, 1, 1).constant(4), 1, Move.PLAIN);
    conv(
        c.x(3, 3, 7, 5).constant(2, 3, 3, 2).constant(2),
        1,
        Move.of(2, 1, 1, 0, 2, 1),
        "strides",
        ImageCases.ints(2, 1),
        "pads",
        ImageCases.ints(1, 0, 2, 1),
        "kernel_shape",
        ImageCases.ints(3, 2));
    conv(
        c.x(1, 4, 7, 7).constant(6, 2, 3, 3),
        2,
        Move.of(1, 1, 2, 2, 2, 2).dilated(2, 2),
        "group",
        2,
        "pads",
        ImageCases.ints(2, 2, 2, 2),
        "dilations",
        ImageCases.ints(2, 2));
    conv(
        c.x(3, 3, 5, 5).constant(3, 1, 3, 3).constant(3),
        3,
        Move.of(1, 1, 1, 1, 1, 1),
        "group",
        3,
        "pads",
        ImageCases.ints(1, 1, 1, 1));
    // More padding than a window reaches over: rows and columns of the bias alone.
    conv(
        c.x(1, 2, 3, 3).constant(2, 2, 3, 2).constant(2),
        1,
        Move.of(5, 1, 70, 0, 3, 90),
        "strides",
        ImageCases.ints(5, 1),
        "pads",
        ImageCases.ints(70, 0, 3, 90));
    // SAME: ceil(n / stride) outputs; for 7, kernel 4, stride 2 that pads 3: 1 before, 2 after.
    for (boolean upper : new boolean[] {true, false}) {
      int less = upper ? 1 : 2;
      conv(
          c.x(1, 2, 7, 7).constant(2, 2, 4, 4),
          1,
          Move.of(2, 2, less, less, 3 - less, 3 - less),
          "auto_pad",
          upper ? "SAME_UPPER" : "SAME_LOWER",
          "strides",
          ImageCases.ints(2, 2));
    }
    conv(
        c.x(1, 2, 7, 7).constant(2, 2, 2, 3),
        1,
        Move.of(3, 2),
        "auto_pad",
        "VALID",
        "strides",
        ImageCases.ints(3, 2));
  }

  static Nd flat(Nd x) {
    return x.as(x.dim(0), x.dim(1), 1, x.dim(2));
  }

  static Nd line(Nd y) {
    return y.as(y.dim(0), y.dim(1), y.dim(3));
  }

  private void convolutionsOfLines() {
    cases.add(
        OperatorCase.of("Conv", 11)
            .x(3, 2, 33)
            .constant(3, 2, 5)
            .constant(3)
            .attributes(
                "strides",
                ImageCases.ints(2),
                "pads",
                ImageCases.ints(2, 1),
                "dilations",
                ImageCases.ints(2))
            .gives(
                in ->
                    line(
                        Imaging.conv(
                            flat(in.get(0)),
                            flat(in.get(1)),
                            in.get(2),
                            1,
                            Move.of(1, 2, 0, 2, 0, 1).dilated(1, 2)))));
    cases.add(
        OperatorCase.of("ConvTranspose", 11)
            .x(3, 2, 7)
            .constant(2, 3, 3)
            .attributes("strides", ImageCases.ints(2), "output_padding", ImageCases.ints(1))
            .gives(
                in ->
                    line(
                        Imaging.convTranspose(
                            flat(in.get(0)), flat(in.get(1)), null, 1, Move.of(1, 2), 1, 16))));
  }

  private void transposed(
      OperatorCase c, int groups, Move m, int oh, int ow, Object... attributes) {
    cases.add(
        c.attributes(attributes)
            .gives(
                in ->
                    Imaging.convTranspose(
                        in.get(0),
                        in.get(1),
                        in.size() > 2 ? in.get(2) : null,
                        groups,
                        m,
                        oh,
                        ow)));
  }

  private void transposed() {
    OperatorCase c = OperatorCase.of("ConvTranspose", 7);
    transposed(c.x(3, 2, 3, 5).constant(2, 3, 3, 3).constant(3), 1, Move.PLAIN, 5, 7);
    transposed(
        c.x(1, 4, 3, 3).constant(4, 2, 3, 2),
        2,
        Move.of(2, 3, 1, 0, 0, 1),
        6,
        7,
        "group",
        2,
        "strides",
        ImageCases.ints(2, 3),
        "pads",
        ImageCases.ints(1, 0, 0, 1));
    transposed(
        c.x(1, 2, 3, 3).constant(2, 2, 2, 2).constant(2),
        1,
        Move.of(2, 2, 0, 0, 0, 0).dilated(2, 1),
        7,
        7,
        "strides",
        ImageCases.ints(2, 2),
        "dilations",
        ImageCases.ints(2, 1),
        "output_padding",
        ImageCases.ints(0, 1));
    // The kernel reaches four rows: in those beyond is the bias alone.
    transposed(
        c.x(3, 2, 3, 3).constant(2, 2, 2, 2).constant(2),
        1,
        Move.PLAIN,
        8,
        4,
        "output_shape",
        ImageCases.ints(8, 4));
    // SAME gives n · stride; kernel 3 would give 2 · 2 + 3 = 7 of them, so one is cut off.
    for (boolean upper : new boolean[] {true, false}) {
      int less = upper ? 0 : 1;
      transposed(
          c.x(1, 2, 3, 3).constant(2, 1, 3, 3),
          1,
          Move.of(2, 2, less, less, 1 - less, 1 - less),
          6,
          6,
          "strides",
          ImageCases.ints(2, 2),
          "auto_pad",
          upper ? "SAME_UPPER" : "SAME_LOWER");
    }
  }
}
