package candela.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.device.Dense;
import candela.device.Reduction;
import candela.graph.Graph;
import candela.graph.Linear;
import candela.graph.Op;
import candela.graph.Rule;
import candela.graph.Rules;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.AlongAxis;
import candela.graph.op.AveragePool;
import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.reference.Convolving;
import candela.reference.Pooling;
import candela.tensor.Shape;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule on every affine operator equals its definition on the operator's dense matrix. */
class RuleTest {
  /** Some hundred float operations, on denominators of 0.05 and more. */
  private static final double TOLERANCE = 5e-4;

  private static final float EPS = 0.05f;
  private static final int ROWS = 2;

  /**
   * An operator.
   *
   * @param shape of the operand for one row, without the row
   * @param inputs all inputs of the node, given the draft and the operand
   * @param forward of one row, by plain loops
   */
  record Operator(
      String name,
      Op op,
      int[] shape,
      Function<Draft, Function<Value, Value[]>> inputs,
      Function<List<float[]>, UnaryOperator<double[]>> forward) {
    @Override
    public String toString() {
      return name;
    }

    int[] batch() {
      int[] all = new int[shape.length + 1];
      all[0] = ROWS;
      System.arraycopy(shape, 0, all, 1, shape.length);
      return all;
    }
  }

  /** A rule, and its definition; the last axis of the operand is needed for channels. */
  record Defined(String name, Rule rule, Definition definition) {
    @Override
    public String toString() {
      return name;
    }
  }

  private interface Definition {
    double[] backward(DenseMatrix a, double[] x, double[] r);
  }

  private static Defined defined(Rule rule, Definition definition) {
    return new Defined(rule.toString(), rule, definition);
  }

  /** All but {@link Split}, which has rows in pairs and a test of its own. */
  static List<Defined> rules() {
    List<Defined> rules = new ArrayList<>();
    for (boolean bias : new boolean[] {true, false}) {
      rules.add(defined(new Epsilon(EPS, bias), (a, x, r) -> a.epsilon(EPS, bias, x, r)));
      rules.add(defined(new Gamma(.25f, EPS, bias), (a, x, r) -> a.gamma(.25, EPS, bias, x, r)));
      rules.add(
          defined(new AlphaBeta(2, 1, EPS, bias), (a, x, r) -> a.bySign(2, 1, EPS, bias, x, r)));
      rules.add(
          defined(new AlphaBeta(1, 0, EPS, bias), (a, x, r) -> a.bySign(1, 0, EPS, bias, x, r)));
      rules.add(defined(new ZPlus(EPS, bias), (a, x, r) -> a.bySign(1, 0, EPS, bias, x, r)));
    }
    rules.add(defined(new ZPlus(0, false), (a, x, r) -> a.bySign(1, 0, 0, false, x, r)));
    rules.add(defined(new Excite(), (a, x, r) -> a.excite(x, r)));
    rules.add(defined(new Contrast(), (a, x, r) -> a.contrast(x, r)));
    rules.add(defined(new WSquare(EPS), (a, x, r) -> a.square(EPS, r)));
    rules.add(defined(new Flat(EPS), (a, x, r) -> a.flat(EPS, r)));
    rules.add(
        defined(
            new ZBox(List.of(-3f), List.of(4f), EPS),
            (a, x, r) -> a.box(filled(x, -3), filled(x, 4), EPS, x, r)));
    return rules;
  }

  private static double[] filled(double[] like, double value) {
    double[] v = new double[like.length];
    Arrays.fill(v, value);
    return v;
  }

  static List<Operator> operators() {
    int[] one = {1, 1};
    return List.of(
        conv("convolution", 5, 4, 3, 4, 1, new int[] {2, 1}, one, new int[] {1, 0, 1, 2}, true),
        conv("grouped convolution", 4, 5, 4, 6, 2, one, new int[] {1, 2}, new int[4], true),
        conv("convolution without bias", 3, 3, 2, 3, 1, one, one, new int[4], false),
        convTranspose("transposed convolution", 3, 4, 4, 2, 2),
        matrix("matrix", false, true),
        matrix("transposed matrix without bias", true, false),
        matMul("product with a constant right", false),
        matMul("product with a constant left", true),
        pool("average pooling", false),
        pool("average pooling counting padding", true),
        reduce(Reduction.MEAN),
        reduce(Reduction.SUM),
        affine(),
        resize(),
        pick());
  }

  private static Operator conv(
      String name,
      int h,
      int w,
      int c,
      int oc,
      int groups,
      int[] strides,
      int[] dilations,
      int[] pads,
      boolean bias) {
    Dense.Convolution z =
        new Dense.Convolution(
            h,
            w,
            c,
            oc,
            2,
            2,
            strides[0],
            strides[1],
            dilations[0],
            dilations[1],
            pads[0],
            pads[1],
            pads[2],
            pads[3],
            groups,
            false,
            0,
            0);
    Op op = new Conv(strides, dilations, pads, groups, Activation.NONE, false);
    return convolution(name, op, z, bias, oc, c / groups, 2, 2);
  }

  private static Operator convTranspose(String name, int h, int w, int c, int oc, int groups) {
    int[] pads = {1, 0, 0, 1};
    Dense.Convolution z =
        new Dense.Convolution(
            h, w, c, oc, 3, 2, 2, 1, 1, 1, pads[0], pads[1], pads[2], pads[3], groups, true, 1, 0);
    Op op = new ConvTranspose(new int[] {2, 1}, new int[] {1, 1}, pads, new int[] {1, 0}, groups);
    return convolution(name, op, z, true, c, oc / groups, 3, 2);
  }

  private static Operator convolution(
      String name, Op op, Dense.Convolution z, boolean bias, int... weights) {
    return new Operator(
        name,
        op,
        new int[] {z.h(), z.w(), z.c()},
        d ->
            x ->
                bias
                    ? new Value[] {x, d.draw(.5, weights), d.draw(.5, z.oc())}
                    : new Value[] {x, d.draw(.5, weights)},
        constants ->
            x -> {
              double[] y =
                  Convolving.forward(z.shape(), z.oh(), z.ow(), 1, x, doubles(constants.get(0)));
              for (int i = 0; i < y.length && bias; i++) {
                y[i] += constants.get(1)[i % z.oc()];
              }
              return y;
            });
  }

  private static Operator matrix(String name, boolean transposed, boolean bias) {
    int k = 7;
    int n = 5;
    return new Operator(
        name,
        new Matrix(transposed, Activation.NONE),
        new int[] {3, k},
        d ->
            x -> {
              Value w = transposed ? d.draw(1, n, k) : d.draw(1, k, n);
              return bias ? new Value[] {x, w, d.draw(1, n)} : new Value[] {x, w};
            },
        constants ->
            x -> {
              double[] y = new double[3 * n];
              for (int i = 0; i < y.length; i++) {
                y[i] = bias ? constants.get(1)[i % n] : 0;
                for (int j = 0; j < k; j++) {
                  float w = constants.get(0)[transposed ? i % n * k + j : j * n + i % n];
                  y[i] += x[i / n * k + j] * w;
                }
              }
              return y;
            });
  }

  private static Operator matMul(String name, boolean left) {
    int m = 3;
    int k = 4;
    int n = 5;
    return new Operator(
        name,
        new MatMul(),
        left ? new int[] {k, n} : new int[] {m, k},
        d -> x -> left ? new Value[] {d.draw(1, 1, m, k), x} : new Value[] {x, d.draw(1, 1, k, n)},
        constants ->
            x -> {
              double[] a = left ? doubles(constants.get(0)) : x;
              double[] b = left ? x : doubles(constants.get(0));
              double[] y = new double[m * n];
              for (int i = 0; i < y.length; i++) {
                for (int j = 0; j < k; j++) {
                  y[i] += a[i / n * k + j] * b[j * n + i % n];
                }
              }
              return y;
            });
  }

  private static Operator pool(String name, boolean countPad) {
    int[] window = {3, 2, 2, 1, 1, 1, 1, 1, 3, 4};
    return new Operator(
        name,
        new AveragePool(window, 1, 0, countPad),
        new int[] {5, 4, 3},
        d -> x -> new Value[] {x},
        constants -> x -> Pooling.average(1, 5, 4, 3, window, 1, 0, countPad, 1, x));
  }

  private static Operator reduce(Reduction kind) {
    return new Operator(
        "reduction " + kind,
        new Reduce(kind, 1, 3),
        new int[] {3, 4, 2},
        d -> x -> new Value[] {x},
        constants -> x -> candela.reference.Rows.reduce(kind, 1, 12, 2, x));
  }

  private static Operator affine() {
    return new Operator(
        "scale and shift",
        new candela.graph.op.Affine(),
        new int[] {3, 3, 5},
        d -> x -> new Value[] {x, d.draw(1, 5), d.draw(1, 5)},
        constants ->
            x -> {
              double[] y = new double[x.length];
              for (int i = 0; i < y.length; i++) {
                y[i] = x[i] * constants.get(0)[i % 5] + constants.get(1)[i % 5];
              }
              return y;
            });
  }

  /** Axis of 3 to 4; the third output reads element 2 twice, one weight is negative. */
  private static Operator resize() {
    int[] first = {0, 1, 3, 6, 7};
    int[] index = {0, 0, 1, 2, 1, 2, 2};
    float[] weight = {1, .25f, .75f, .5f, -.25f, .75f, 1};
    return alongAxis("weighted sums along an axis", first, index, weight);
  }

  private static Operator pick() {
    return alongAxis(
        "picked elements", new int[] {0, 1, 2, 3}, new int[] {2, 0, 2}, new float[] {1, 1, 1});
  }

  private static Operator alongAxis(String name, int[] first, int[] index, float[] weight) {
    int n = first.length - 1;
    return new Operator(
        name,
        new AlongAxis(2, first, index, weight),
        new int[] {2, 3, 2},
        d -> x -> new Value[] {x},
        constants ->
            x -> {
              double[] y = new double[2 * n * 2];
              for (int i = 0; i < y.length; i++) {
                int j = i / 2 % n;
                for (int t = first[j]; t < first[j + 1]; t++) {
                  y[i] += weight[t] * x[(i / 2 / n * 3 + index[t]) * 2 + i % 2];
                }
              }
              return y;
            });
  }

  private static double[] doubles(float[] v) {
    double[] d = new double[v.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = v[i];
    }
    return d;
  }

  /** Column i is what input i alone adds to the output for 0. */
  private static DenseMatrix dense(UnaryOperator<double[]> forward, int inputs, int channels) {
    double[] b = forward.apply(new double[inputs]);
    double[][] w = new double[b.length][inputs];
    for (int i = 0; i < inputs; i++) {
      double[] unit = new double[inputs];
      unit[i] = 1;
      double[] y = forward.apply(unit);
      for (int j = 0; j < b.length; j++) {
        w[j][i] = y[j] - b[j];
      }
    }
    // rounding of y − b is no connection
    for (double[] row : w) {
      for (int i = 0; i < inputs; i++) {
        row[i] = Math.abs(row[i]) < 1e-12 ? 0 : row[i];
      }
    }
    return new DenseMatrix(w, b, channels);
  }

  /** An operator in a graph of its own, with what the tests need to know. */
  private record Setting(Graph graph, DenseMatrix dense, int inputs, int outputs) {}

  private static Setting setting(Operator o, boolean rectified) {
    Draft d = new Draft(11, o.batch());
    Value x = rectified ? d.add(new Rectify(0, Float.POSITIVE_INFINITY), d.input()) : d.input();
    Value[] inputs = o.inputs().apply(d).apply(x);
    Value y = d.add(o.op(), inputs);
    List<float[]> constants =
        Stream.of(inputs).filter(Value::isConstant).map(v -> v.constant().floats()).toList();
    int n = Shape.of(o.shape()).count();
    DenseMatrix dense = dense(o.forward().apply(constants), n, y.shape().dim(-1));
    return new Setting(d.graph(), dense, n, y.shape().count() / ROWS);
  }

  private static Rules only(Rule rule) {
    return new Rules(List.of(new Rules.Entry((g, n) -> Linear.of(n) != null, rule)));
  }

  private static void agree(String what, float[] got, double[] wanted) {
    double size = Arrays.stream(wanted).map(Math::abs).max().orElse(0);
    assertThat(got).as(what).hasSize(wanted.length);
    for (int i = 0; i < got.length; i++) {
      assertThat((double) got[i])
          .as("%s at [%d], wanted %s", what, i, wanted[i])
          .isCloseTo(wanted[i], org.assertj.core.data.Offset.offset(TOLERANCE * (1 + size)));
    }
  }

  @ParameterizedTest
  @MethodSource("operators")
  void everyRuleIsItsDefinitionOnTheDenseMatrix(Operator o) {
    for (boolean rectified : new boolean[] {false, true}) {
      Setting s = setting(o, rectified);
      Random random = new Random(5);
      float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
      float[] r = Draft.numbers(random, 1, ROWS * s.outputs());
      for (Defined rule : rules()) {
        if (rectified && (rule.rule() instanceof ZBox)) {
          continue;
        }
        float[] got = Draft.run(s.graph(), only(rule.rule()), x, r).input();
        double[] wanted = new double[x.length];
        for (int row = 0; row < ROWS; row++) {
          int from = row * s.inputs();
          double[] a = Arrays.copyOfRange(doubles(x), from, from + s.inputs());
          for (int i = 0; i < a.length && rectified; i++) {
            a[i] = Math.max(a[i], 0);
          }
          double[] of = Arrays.copyOfRange(doubles(r), row * s.outputs(), (row + 1) * s.outputs());
          double[] back = rule.definition().backward(s.dense(), a, of);
          for (int i = 0; i < a.length; i++) {
            // below the operator stands the rectifier's gradient
            wanted[from + i] = rectified && a[i] == 0 ? 0 : back[i];
          }
        }
        agree(o + (rectified ? " after ReLU, " : ", ") + rule, got, wanted);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("operators")
  void riseAndFallAreSplitOnTheDenseMatrix(Operator o) {
    Setting s = setting(o, false);
    Random random = new Random(6);
    float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
    for (int i = 0; i < s.inputs(); i += 4) {
      x[s.inputs() + i] = x[i];
    }
    float[] m = Draft.numbers(random, 1, ROWS * s.outputs());
    float[] got = Draft.run(s.graph(), only(new Split()), x, m).input();
    double[] once =
        s.dense()
            .split(
                Arrays.copyOf(doubles(x), s.inputs()),
                Arrays.copyOfRange(doubles(x), s.inputs(), 2 * s.inputs()),
                Arrays.copyOf(doubles(m), s.outputs()),
                Arrays.copyOfRange(doubles(m), s.outputs(), 2 * s.outputs()));
    double[] wanted = Arrays.copyOf(once, 2 * once.length);
    System.arraycopy(once, 0, wanted, once.length, once.length);
    agree(o + ", split", got, wanted);
  }

  /** Ranges that differ by channel, on the operators whose last axis is channels. */
  @Test
  void boxesMayDifferByChannel() {
    List<Float> low = List.of(-1f, -2f, -3f);
    List<Float> high = List.of(3f, 2f, 1f);
    for (Operator o : operators()) {
      if (o.shape().length != 3 || o.shape()[2] != 3) {
        continue;
      }
      Setting s = setting(o, false);
      Random random = new Random(7);
      float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
      float[] r = Draft.numbers(random, 1, ROWS * s.outputs());
      float[] got = Draft.run(s.graph(), only(new ZBox(low, high, EPS)), x, r).input();
      double[] least = new double[s.inputs()];
      double[] most = new double[s.inputs()];
      for (int i = 0; i < least.length; i++) {
        least[i] = low.get(i % 3);
        most[i] = high.get(i % 3);
      }
      double[] wanted = new double[x.length];
      for (int row = 0; row < ROWS; row++) {
        int from = row * s.inputs();
        double[] of = Arrays.copyOfRange(doubles(r), row * s.outputs(), (row + 1) * s.outputs());
        double[] a = Arrays.copyOfRange(doubles(x), from, from + s.inputs());
        System.arraycopy(s.dense().box(least, most, EPS, a, of), 0, wanted, from, a.length);
      }
      agree(o + ", box by channel", got, wanted);
    }
  }

  /** A value that two operators read gets the sum of what comes from both. */
  @ParameterizedTest
  @MethodSource("operators")
  void relevanceFromTwoSidesIsAdded(Operator o) {
    Setting s = setting(o, false);
    Draft d = new Draft(11, o.batch());
    Value[] inputs = o.inputs().apply(d).apply(d.input());
    Value a = d.add(o.op(), inputs);
    Value b = d.add(o.op(), inputs);
    d.add(new Concat(a.shape().rank() - 1), a, b);
    Random random = new Random(8);
    float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
    float[] r = Draft.numbers(random, 1, ROWS * s.outputs());
    int part = a.shape().dim(-1);
    float[] both = new float[2 * r.length];
    for (int i = 0; i < both.length; i++) {
      both[i] = r[i / (2 * part) * part + i % part];
    }
    for (Defined rule : rules()) {
      float[] once = Draft.run(s.graph(), only(rule.rule()), x, r).input();
      double[] wanted = new double[once.length];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = 2.0 * once[i];
      }
      float[] twice = Draft.run(d.graph(), only(rule.rule()), x, both).input();
      agree(o + " twice, " + rule, twice, wanted);
    }
  }

  /**
   * Without bias and stabiliser the shares add up to what was shared out. Outputs that see no input
   * get nothing to share, nor do those whose terms cancel to a tenth: rounding would be all.
   */
  @ParameterizedTest
  @MethodSource("operators")
  void relevanceIsConservedWithoutBias(Operator o) {
    Setting s = setting(o, false);
    Random random = new Random(9);
    float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
    float[] r = new float[ROWS * s.outputs()];
    for (int i = 0; i < r.length; i++) {
      int row = i / s.outputs();
      double[] a = Arrays.copyOfRange(doubles(x), row * s.inputs(), (row + 1) * s.inputs());
      boolean clear = s.dense().isClear(i % s.outputs(), a);
      r[i] = clear ? random.nextFloat() + .1f : 0;
    }
    List<Rule> rules = new ArrayList<>();
    rules.add(new Epsilon(0, false));
    rules.add(new Gamma(.25f, 0, false));
    rules.add(new WSquare(0));
    rules.add(new Flat(0));
    rules.add(new ZBox(List.of(-9f), List.of(9f), 0));
    for (Rule rule : rules) {
      float[] got = Draft.run(s.graph(), only(rule), x, r).input();
      for (int row = 0; row < ROWS; row++) {
        double out = Draft.sum(r, row * s.outputs(), (row + 1) * s.outputs());
        double in = Draft.sum(got, row * s.inputs(), (row + 1) * s.inputs());
        assertThat(in).as(o + ", " + rule).isCloseTo(out, within(out));
      }
    }
  }

  private static org.assertj.core.data.Offset<Double> within(double size) {
    return org.assertj.core.data.Offset.offset(2e-3 * size);
  }

  @Test
  void everyAffineOperatorIsTested() {
    Set<String> tested = new TreeSet<>();
    operators().forEach(o -> tested.add(o.op().getClass().getSimpleName()));
    Set<String> all = new TreeSet<>();
    for (Class<?> c : operatorClasses()) {
      if (Linear.class.isAssignableFrom(c)) {
        all.add(c.getSimpleName());
      }
    }
    assertThat(tested).isEqualTo(all);
  }

  @Test
  void everyRuleOfAffineOperatorsIsTested() {
    Set<Class<?>> tested = Collections.newSetFromMap(new java.util.IdentityHashMap<>());
    rules().forEach(r -> tested.add(r.rule().getClass()));
    tested.add(Split.class);
    assertThat(tested).containsExactlyInAnyOrder(Affinely.class.getPermittedSubclasses());
  }

  /** All operators, found as class files. */
  static List<Class<?>> operatorClasses() {
    try {
      Path root = Path.of(Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      assumeTrue(Files.isDirectory(root), "skipped: operators are listed from a folder of classes");
      List<Class<?>> classes = new ArrayList<>();
      try (Stream<Path> files = Files.list(root.resolve("candela/graph/op"))) {
        for (Path f : files.sorted().toList()) {
          String name = f.getFileName().toString().replace(".class", "");
          if (name.contains("$") || name.equals("package-info")) {
            continue;
          }
          Class<?> c = Class.forName("candela.graph.op." + name);
          if (Op.class.isAssignableFrom(c)) {
            classes.add(c);
          }
        }
      }
      return classes;
    } catch (IOException | URISyntaxException | ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
