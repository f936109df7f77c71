package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.Minifloat;
import candela.reference.FewBits;
import candela.reference.Functions;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;

/** Cases of the operators in {@link QuantizeReaders}. */
final class QuantizeCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private QuantizeCases() {}

  static List<OperatorCase> all() {
    var c = new QuantizeCases();
    c.numbers(ElementType.INT8, -128, 127, 1 / 16.0, -3);
    c.numbers(ElementType.UINT8, 0, 255, 1 / 16.0, 128);
    c.numbers(ElementType.UINT8, 0, 255, 1 / 32.0, 0);
    c.numbers(ElementType.INT2, -2, 1, 1 / 2.0, -1);
    c.numbers(ElementType.UINT2, 0, 3, 1 / 2.0, 2);
    c.numbers(ElementType.INT4, -8, 7, 1 / 4.0, -1);
    c.numbers(ElementType.UINT4, 0, 15, 1 / 4.0, 0);
    c.numbers(ElementType.INT16, -32_768, 32_767, 1 / 4096.0, 5);
    c.numbers(ElementType.UINT16, 0, 65_535, 1 / 8192.0, 40_000);
    c.floats();
    c.alongAnAxis();
    c.inBlocks();
    return c.cases;
  }

  private interface Place {
    double of(int[] index);
  }

  /**
   * @param from where the gradient ends: just short of half a step before lo, but at 0 for a ReLU
   */
  private void quantize(
      OperatorCase c, double lo, double from, double hi, Place scale, Place zero) {
    cases.add(
        c.gives(
                in ->
                    Nd.of(
                        in.get(0).dims(),
                        i -> {
                          double level = Math.rint(in.get(0).at(i) / scale.of(i)) + zero.of(i);
                          return Functions.clamp(level, lo, hi);
                        }))
            .passes(
                in ->
                    Nd.of(
                        in.get(0).dims(),
                        i -> {
                          double level = in.get(0).at(i) / scale.of(i) + zero.of(i);
                          return Functions.clamp(level, from, hi + 0.49);
                        })));
  }

  private void dequantize(OperatorCase c, Place scale, Place zero) {
    cases.add(
        c.gives(in -> Nd.of(in.get(0).dims(), i -> (in.get(0).at(i) - zero.of(i)) * scale.of(i))));
  }

  /** One scale and one zero point. */
  private void numbers(ElementType type, double lo, double hi, double scale, int zero) {
    Nd step = new Nd(new int[0], new double[] {scale});
    quantize(
        OperatorCase.of("QuantizeLinear", 21)
            .x(-12.0, 12, 3, 4, 5)
            .constant(step)
            .integer(MoveCases.number(zero))
            .attributes("output_dtype", type.code()),
        lo,
        zero == lo ? lo : lo - 0.49,
        hi,
        i -> scale,
        i -> zero);
    dequantize(
        OperatorCase.of("DequantizeLinear", 13)
            .whole(-9, 9, 3, 4)
            .constant(step)
            .integer(MoveCases.number(zero)),
        i -> scale,
        i -> zero);
    dequantize(
        OperatorCase.of("DequantizeLinear", 10).whole(-9, 9, 3, 4).constant(step),
        i -> scale,
        i -> 0);
  }

  /** Levels that are floats of few bits: one scale, and one for each row. */
  private void floats() {
    for (ElementType type : ElementType.values()) {
      Minifloat m = type.minifloat().orElse(null);
      if (m == null) {
        continue;
      }
      double largest = m.most() + .49 * m.lastStep();
      Nd step = new Nd(new int[0], new double[] {m.most() / 4});
      Nd steps = new Nd(new int[] {3}, new double[] {1 / 64.0, .5, 2 / m.most()});
      for (Nd scale : List.of(step, steps)) {
        Place s = i -> scale.dims().length == 0 ? scale.at() : scale.at(i[0]);
        cases.add(
            OperatorCase.of("QuantizeLinear", 25)
                .x(-12.0, 12, 3, 40)
                .constant(scale)
                .attributes("output_dtype", type.code(), "axis", 0)
                .gives(
                    in ->
                        Nd.of(in.get(0).dims(), i -> FewBits.nearest(m, in.get(0).at(i) / s.of(i))))
                .passes(
                    in ->
                        Nd.of(
                            in.get(0).dims(),
                            i -> Functions.clamp(in.get(0).at(i) / s.of(i), -largest, largest))));
      }
    }
  }

  private void alongAnAxis() {
    for (int axis = 0; axis < 3; axis++) {
      int at = axis;
      int[] dims = {3, 4, 5};
      Nd steps = Nd.of(new int[] {dims[at]}, i -> 1.0 / (16 << i[0] % 3));
      long[] zeros = new long[dims[at]];
      for (int i = 0; i < zeros.length; i++) {
        zeros[i] = 2 * i - 3;
      }
      quantize(
          OperatorCase.of("QuantizeLinear", 21)
              .x(-12.0, 12, dims)
              .constant(steps)
              .list(zeros)
              .attributes("axis", at, "output_dtype", ElementType.INT8.code()),
          -128,
          -128.49,
          127,
          i -> steps.at(i[at]),
          i -> zeros[i[at]]);
      dequantize(
          OperatorCase.of("DequantizeLinear", 21)
              .whole(-9, 9, dims)
              .constant(steps)
              .list(zeros)
              .attributes("axis", at - 3),
          i -> steps.at(i[at]),
          i -> zeros[i[at]]);
    }
  }

  /** The last block is shorter. */
  private void inBlocks() {
    Nd steps = Nd.of(new int[] {3, 2, 5}, i -> 1.0 / (16 << (i[0] + i[1] + i[2]) % 3));
    Nd zeros = Nd.of(new int[] {3, 2, 5}, i -> i[0] - i[1] + i[2]);
    quantize(
        OperatorCase.of("QuantizeLinear", 21)
            .x(-12.0, 12, 3, 5, 5)
            .constant(steps)
            .integer(zeros)
            .attributes("axis", 1, "block_size", 3, "output_dtype", ElementType.INT8.code()),
        -128,
        -128.49,
        127,
        i -> steps.at(i[0], i[1] / 3, i[2]),
        i -> zeros.at(i[0], i[1] / 3, i[2]));
    dequantize(
        OperatorCase.of("DequantizeLinear", 21)
            .whole(-9, 9, 3, 5, 5)
            .constant(steps)
            .integer(zeros)
            .attributes("axis", 1, "block_size", 3),
        i -> steps.at(i[0], i[1] / 3, i[2]),
        i -> zeros.at(i[0], i[1] / 3, i[2]));
  }
}
