package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.onnx.ElementType;
import candela.onnx.Minifloat;
import candela.reference.FewBits;
import candela.reference.Functions;
import candela.reference.Nd;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/** Cases of the operators in {@link ElementReaders}. */
final class ElementCases {
  private final List<OperatorCase> cases = new ArrayList<>();

  private ElementCases() {}

  static List<OperatorCase> all() {
    var c = new ElementCases();
    c.functionsOfOne();
    c.functionsOfTwo();
    c.clips();
    c.choices();
    c.casts();
    return c.cases;
  }

  private void unary(String op, int opset, Unary kind) {
    unary(op, opset, kind, 0, 0);
  }

  private void unary(
      String op, int opset, Unary kind, double alpha, double beta, Object... attributes) {
    unary(op, opset, -4, 4, kind, alpha, beta, attributes);
  }

  private void unary(
      String op,
      int opset,
      double lo,
      double hi,
      Unary kind,
      double alpha,
      double beta,
      Object... attributes) {
    for (int[] dims : new int[][] {{1, 7}, {3, 2, 5}}) {
      cases.add(
          OperatorCase.of(op, opset)
              .x(lo, hi, dims)
              .attributes(attributes)
              .gives(in -> in.get(0).map(v -> Functions.of(kind, alpha, beta, v))));
    }
  }

  private void functionsOfOne() {
    unary("Abs", 7, Unary.ABS);
    unary("Acos", 7, -.9, .9, Unary.ACOS, 0, 0);
    unary("Acosh", 9, 1.1, 4, Unary.ACOSH, 0, 0);
    unary("Asin", 7, -.9, .9, Unary.ASIN, 0, 0);
    unary("Asinh", 9, Unary.ASINH);
    unary("Atan", 7, Unary.ATAN);
    unary("Atanh", 9, -.9, .9, Unary.ATANH, 0, 0);
    unary("Ceil", 7, Unary.CEIL);
    unary("Celu", 12, Unary.CELU, 1, 0);
    unary("Celu", 12, Unary.CELU, 0.75, 0, "alpha", .75f);
    unary("Celu", 12, Unary.CELU, -0.75, 0, "alpha", -.75f);
    unary("Cos", 7, Unary.COS);
    unary("Cosh", 9, Unary.COSH);
    unary("Elu", 7, Unary.ELU, 1, 0);
    unary("Elu", 22, Unary.ELU, 0.75, 0, "alpha", .75f);
    unary("Erf", 9, Unary.ERF);
    unary("Exp", 7, Unary.EXP);
    unary("Floor", 13, Unary.FLOOR);
    unary("Gelu", 20, Unary.GELU, 0, 0);
    unary("Gelu", 20, Unary.GELU, 1, 0, "approximate", "tanh");
    unary("HardSigmoid", 7, Unary.HARD_SIGMOID, .2f, .5f);
    unary("HardSigmoid", 22, Unary.HARD_SIGMOID, .25, .375, "alpha", .25f, "beta", .375f);
    unary("HardSwish", 14, Unary.HARD_SWISH);
    unary("LeakyRelu", 7, Unary.LEAKY_RELU, .01f, 0);
    unary("LeakyRelu", 16, Unary.LEAKY_RELU, .25, 0, "alpha", .25f);
    unary("LeakyRelu", 16, Unary.LEAKY_RELU, -.25, 0, "alpha", -.25f);
    unary("Log", 7, .25, 4, Unary.LOG, 0, 0);
    unary("Mish", 18, Unary.MISH);
    unary("Neg", 7, Unary.NEG);
    unary("Reciprocal", 13, .25, 4, Unary.RECIPROCAL, 0, 0);
    unary("Relu", 7, Unary.RELU);
    unary("Round", 11, Unary.ROUND);
    double a = 1.67326319217681884765625;
    double b = 1.05070102214813232421875;
    unary("Selu", 7, Unary.SELU, a, b);
    unary("Selu", 22, Unary.SELU, 1.5, .75, "alpha", 1.5f, "gamma", .75f);
    unary("Shrink", 9, Unary.SHRINK, .5f, 0);
    unary("Shrink", 9, Unary.SHRINK, 1.25, .75, "lambd", 1.25f, "bias", .75f);
    unary("Sigmoid", 7, Unary.SIGMOID);
    unary("Sign", 9, Unary.SIGN);
    unary("Sin", 7, Unary.SIN);
    unary("Sinh", 9, Unary.SINH);
    unary("Softplus", 7, Unary.SOFTPLUS);
    unary("Softsign", 7, Unary.SOFTSIGN);
    unary("Sqrt", 7, .25, 4, Unary.SQRT, 0, 0);
    unary("Swish", 24, Unary.SWISH, 1, 0);
    unary("Swish", 24, Unary.SWISH, 1.25, 0, "alpha", 1.25f);
    unary("Tan", 7, -1.2, 1.2, Unary.TAN, 0, 0);
    unary("Tanh", 7, Unary.TANH);
    unary("ThresholdedRelu", 10, Unary.THRESHOLDED_RELU, 1, 0);
    unary("ThresholdedRelu", 22, Unary.THRESHOLDED_RELU, -.5, 0, "alpha", -.5f);
    cases.add(
        OperatorCase.of("Not", 7)
            .integers(0, 2, 3, 7)
            .gives(in -> in.get(0).map(v -> v == 0 ? 1 : 0)));
    Nd some = Nd.of(new int[] {2, 3, 5}, i -> i[1] == i[2] ? Double.NaN : i[2] - 2);
    cases.add(
        OperatorCase.of("IsNaN", 13)
            .values(some)
            .gives(in -> in.get(0).map(v -> Double.isNaN(v) ? 1 : 0)));
    for (int signs = 0; signs < 4; signs++) {
      int positive = signs % 2;
      int negative = signs / 2;
      Nd ends =
          new Nd(
              new int[] {1, 4},
              new double[] {1, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, Double.NaN});
      cases.add(
          OperatorCase.of("IsInf", 10)
              .values(ends)
              .attributes("detect_positive", positive, "detect_negative", negative)
              .gives(in -> MoveCases.numbers(0, negative, positive, 0).as(1, 4)));
    }
  }

  /** Shapes that broadcast in each of the ways there are. */
  private static final int[][][] PAIRS = {
    {{1, 7}, {1, 7}},
    {{3, 2, 5}, {5}},
    {{3, 1, 5}, {4, 1}},
    {{3, 3}, {}},
    {{3, 1, 1, 3}, {2, 3, 1}},
    {{1, 3}, {3, 1}},
  };

  private static Nd apply(Binary kind, Nd a, Nd b) {
    return Nd.of(Nd.common(a, b), i -> Functions.of(kind, a.seen(i), b.seen(i)));
  }

  private void binary(String op, int opset, Binary kind, double aLo, double bLo) {
    for (int[][] pair : PAIRS) {
      cases.add(
          OperatorCase.of(op, opset)
              .x(aLo, 2, pair[0])
              .x(bLo, 2, pair[1])
              .gives(in -> apply(kind, in.get(0), in.get(1))));
    }
  }

  private void compare(String op, int opset, Binary kind) {
    for (int[][] pair : PAIRS) {
      cases.add(
          OperatorCase.of(op, opset)
              .whole(-2, 2, pair[0])
              .whole(-2, 2, pair[1])
              .gives(in -> apply(kind, in.get(0), in.get(1))));
    }
  }

  private void functionsOfTwo() {
    binary("Add", 7, Binary.ADD, -2, -2);
    binary("Sub", 7, Binary.SUB, -2, -2);
    for (float alpha : new float[] {1, 1.7f}) {
      cases.add(
          OperatorCase.of("SwiGLU", 28)
              .x(3, 1, 7)
              .x(3, 1, 7)
              .attributes("alpha", alpha)
              .gives(
                  in ->
                      Nd.of(
                          new int[] {3, 1, 7},
                          i -> {
                            double gate = in.get(0).at(i);
                            return gate / (1 + Math.exp(-alpha * gate)) * in.get(1).at(i);
                          })));
    }
    binary("Mul", 14, Binary.MUL, -2, -2);
    binary("Div", 14, Binary.DIV, -2, .5);
    binary("Pow", 7, Binary.POW, .5, -2);
    binary("PRelu", 7, Binary.PRELU, -2, -2);
    binary("Max", 8, Binary.MAX, -2, -2);
    binary("Min", 13, Binary.MIN, -2, -2);
    compare("Equal", 11, Binary.EQUAL);
    compare("Greater", 9, Binary.GREATER);
    compare("GreaterOrEqual", 12, Binary.GREATER_EQUAL);
    compare("Less", 9, Binary.LESS);
    compare("LessOrEqual", 16, Binary.LESS_EQUAL);
    for (Binary kind : new Binary[] {Binary.AND, Binary.OR, Binary.XOR}) {
      String op = kind.name().charAt(0) + kind.name().substring(1).toLowerCase(Locale.ROOT);
      cases.add(
          OperatorCase.of(op, 7)
              .integers(0, 2, 3, 7)
              .integers(0, 2, 7)
              .gives(in -> apply(kind, in.get(0), in.get(1))));
    }
    cases.add(
        OperatorCase.of("Pow", 12)
            .x(3, 5)
            .constant(new Nd(new int[] {1}, new double[] {2}))
            .gives(in -> in.get(0).map(v -> v * v)));
    cases.add(
        OperatorCase.of("Pow", 13)
            .integers(0, 9, 3, 7)
            .constant(new Nd(new int[] {1}, new double[] {.5}))
            .gives(in -> in.get(0).map(v -> Math.floor(Math.sqrt(v)))));
    cases.add(
        OperatorCase.of("Div", 7)
            .integers(-9, 10, 3, 7)
            .list(2, -2, 3, 1, 4, 5, 9)
            .gives(in -> apply(Binary.INTEGER_DIV, in.get(0), in.get(1))));
    remainders();
    for (int n = 1; n <= 3; n++) {
      many("Max", Binary.MAX, n);
      many("Min", Binary.MIN, n);
      many("Sum", Binary.ADD, n);
      many("Mean", Binary.ADD, n);
    }
  }

  private void remainders() {
    for (int[][] pair : PAIRS) {
      cases.add(
          OperatorCase.of("Mod", 13)
              .x(-4, 4, pair[0])
              .x(.5, 2, pair[1])
              .attributes("fmod", 1)
              .gives(in -> apply(Binary.MOD, in.get(0), in.get(1))));
    }
    cases.add(
        OperatorCase.of("Mod", 28)
            .x(-4.0, 4.0, 3, 7)
            .x(.5, 2, 1, 7)
            .gives(
                in -> Nd.of(new int[] {3, 7}, i -> floorMod(in.get(0).at(i), in.get(1).seen(i)))));
    cases.add(
        OperatorCase.of("Mod", 28)
            .x(-4.0, 4.0, 3, 7)
            .x(-2, -.5, 3, 1)
            .gives(
                in -> Nd.of(new int[] {3, 7}, i -> floorMod(in.get(0).at(i), in.get(1).seen(i)))));
    cases.add(
        OperatorCase.of("Mod", 10)
            .integers(-9, 10, 3, 7)
            .list(2, -2, 3, 1, -4, 5, 9)
            .gives(
                in -> Nd.of(new int[] {3, 7}, i -> floorMod(in.get(0).at(i), in.get(1).seen(i)))));
    cases.add(
        OperatorCase.of("Mod", 10)
            .integers(-9, 10, 3, 7)
            .list(2, -2, 3, 1, -4, 5, 9)
            .attributes("fmod", 1)
            .gives(in -> apply(Binary.MOD, in.get(0), in.get(1))));
  }

  /** Of the sign of b. */
  private static double floorMod(double a, double b) {
    return a - b * Math.floor(a / b);
  }

  private void many(String op, Binary kind, int n) {
    int[][] dims = {{3, 2, 5}, {2, 1}, {1, 1, 5}};
    OperatorCase c = OperatorCase.of(op, 8);
    for (int i = 0; i < n; i++) {
      c = c.x(dims[i]);
    }
    cases.add(
        c.gives(
            in -> {
              Nd y = in.get(0);
              for (Nd x : in.subList(1, in.size())) {
                y = apply(kind, y, x);
              }
              return y.map(v -> op.equals("Mean") ? v / in.size() : v);
            }));
  }

  private void clips() {
    double inf = Double.POSITIVE_INFINITY;
    unary("Clip", 7, Unary.CLIP, -inf, inf);
    unary("Clip", 7, Unary.CLIP, -1.0625, inf, "min", -1.0625f);
    unary("Clip", 7, Unary.CLIP, 0, 6, "min", 0f, "max", 6f);
    Nd lo = new Nd(new int[0], new double[] {-1.0625});
    Nd hi = new Nd(new int[0], new double[] {1.5});
    for (int ends = 1; ends < 4; ends++) {
      OperatorCase c = OperatorCase.of("Clip", 11).x(3, 2, 5);
      c = (ends & 1) == 0 ? c.none() : c.constant(lo);
      c = (ends & 2) == 0 ? c : c.constant(hi);
      double from = (ends & 1) == 0 ? -inf : -1.0625;
      double to = (ends & 2) == 0 ? inf : 1.5;
      cases.add(c.gives(in -> in.get(0).map(v -> Functions.clamp(v, from, to))));
    }
    // Where the ends cross, ONNX gives the upper one.
    cases.add(
        OperatorCase.of("Clip", 13)
            .integers(-3, 4, 3, 3)
            .integer(new Nd(new int[0], new double[] {2}))
            .integer(new Nd(new int[0], new double[] {-1}))
            .gives(in -> in.get(0).map(v -> -1)));
  }

  private void choices() {
    int[][][] shapes = {{{3, 7}, {3, 7}, {3, 7}}, {{2, 1}, {3, 2, 1}, {5}}, {{5}, {1}, {1, 2, 5}}};
    for (int[][] s : shapes) {
      cases.add(
          OperatorCase.of("Where", 9)
              .integers(0, 2, s[0])
              .x(s[1])
              .x(s[2])
              .gives(
                  in ->
                      Nd.of(
                          Nd.common(in.get(0), in.get(1), in.get(2)),
                          i -> in.get(in.get(0).seen(i) != 0 ? 1 : 2).seen(i))));
    }
  }

  private void casts() {
    cases.add(OperatorCase.of("CastLike", 15).x(3, 5).constant(2).gives(in -> in.get(0)));
    cases.add(OperatorCase.of("CastLike", 19).integers(-3, 4, 3, 5).list(7).gives(in -> in.get(0)));
    cases.add(OperatorCase.of("Cast", 9).x(3, 5).attributes("to", 1).gives(in -> in.get(0)));
    cases.add(OperatorCase.of("Cast", 13).x(3, 5).attributes("to", 10).gives(in -> in.get(0)));
    // what is told of floats of 8 bits does not concern others
    for (int code : new int[] {1, 6, 7}) {
      cases.add(
          OperatorCase.of("Cast", 19)
              .integers(-3, 4, 3, 5)
              .attributes("to", code, "saturate", 1)
              .gives(in -> in.get(0)));
    }
    // to uint8, int8, uint16 and int16: the last bits
    List<DoubleUnaryOperator> types =
        List.of(v -> (int) v & 255, v -> (byte) v, v -> (int) v & 65535, v -> (short) v);
    for (int i = 0; i < types.size(); i++) {
      DoubleUnaryOperator type = types.get(i);
      cases.add(
          OperatorCase.of("Cast", 13)
              .integers(-70_000, 70_000, 3, 50)
              .attributes("to", 2 + i)
              .gives(in -> in.get(0).map(type)));
    }
    // to uint4, int4, uint2 and int2
    Map<Integer, DoubleUnaryOperator> few =
        Map.of(
            21, v -> (int) v & 15,
            22, v -> ((int) v + 8 & 15) - 8,
            25, v -> (int) v & 3,
            26, v -> ((int) v + 2 & 3) - 2);
    few.forEach(
        (code, type) ->
            cases.add(
                OperatorCase.of("Cast", 25)
                    .integers(-20, 20, 3, 7)
                    .attributes("to", code)
                    .gives(in -> in.get(0).map(type))));
    for (ElementType type : ElementType.values()) {
      type.minifloat().ifPresent(m -> cast(type, m));
    }
    cases.add(
        OperatorCase.of("Cast", 13)
            .integers(-3, 4, 3, 5)
            .attributes("to", 9)
            .gives(in -> in.get(0).map(v -> v == 0 ? 0 : 1)));
    cases.add(
        OperatorCase.of("Cast", 19)
            .integers(-3, 4, 1, 5)
            .attributes("to", 1)
            .gives(in -> in.get(0)));
  }

  /** Beyond the largest number, around the smallest, and integers. */
  private void cast(ElementType type, Minifloat m) {
    double largest = m.most() + .49 * m.lastStep();
    double smallest = m.step();
    for (double range : new double[] {1.5 * m.most(), 20 * smallest, 1}) {
      cases.add(
          OperatorCase.of("Cast", 25)
              .x(-range, range, 5, 20)
              .attributes("to", type.code(), "saturate", 1)
              .gives(in -> in.get(0).map(v -> FewBits.nearest(m, v)))
              .passes(in -> in.get(0).map(v -> Functions.clamp(v, -largest, largest))));
    }
    cases.add(
        OperatorCase.of("Cast", 25)
            .integers(-20, 20, 3, 7)
            .attributes("to", type.code())
            .gives(in -> in.get(0).map(v -> FewBits.nearest(m, v))));
  }
}
