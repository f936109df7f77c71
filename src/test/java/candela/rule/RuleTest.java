package candela.rule;

import static org.assertj.core.api.Assertions.assertThat;

import candela.graph.Linear;
import candela.graph.Rule;
import candela.graph.Rules;
import candela.graph.Value;
import candela.graph.op.Concat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule on every affine operator equals its definition on the operator's dense matrix. */
class RuleTest {
  /** Some hundred float operations, on denominators of 0.05 and more. */
  private static final double TOLERANCE = 5e-4;

  private static final float EPS = 0.05f;
  private static final int ROWS = AffineOperator.ROWS;

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
  @MethodSource("candela.rule.AffineOperators#all")
  void everyRuleIsItsDefinitionOnTheDenseMatrix(AffineOperator o) {
    for (boolean rectified : new boolean[] {false, true}) {
      AffineOperator.Setting s = o.setting(rectified);
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
          double[] a = Arrays.copyOfRange(AffineOperators.doubles(x), from, from + s.inputs());
          for (int i = 0; i < a.length && rectified; i++) {
            a[i] = Math.max(a[i], 0);
          }
          double[] of =
              Arrays.copyOfRange(
                  AffineOperators.doubles(r), row * s.outputs(), (row + 1) * s.outputs());
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
  @MethodSource("candela.rule.AffineOperators#all")
  void gammaBetweenRectifiersIsGamma(AffineOperator o) {
    AffineOperator.Setting s = o.setting(true);
    Random random = new Random(8);
    float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
    float[] r = Draft.numbers(random, 1, ROWS * s.outputs());
    for (int i = 0; i < r.length; i++) {
      int row = i / s.outputs();
      double[] a =
          Arrays.copyOfRange(AffineOperators.doubles(x), row * s.inputs(), (row + 1) * s.inputs());
      Arrays.setAll(a, k -> Math.max(a[k], 0));
      r[i] = s.dense().y(i % s.outputs(), a) > .01 ? r[i] : 0;
    }
    for (boolean bias : new boolean[] {true, false}) {
      float[] any = Draft.run(s.graph(), only(new Gamma(.25f, EPS, bias)), x, r).input();
      float[] got = Draft.run(s.graph(), only(new Gamma(.25f, EPS, bias, true)), x, r).input();
      agree(o + ", bias " + bias, got, AffineOperators.doubles(any));
    }
  }

  @ParameterizedTest
  @MethodSource("candela.rule.AffineOperators#all")
  void riseAndFallAreSplitOnTheDenseMatrix(AffineOperator o) {
    AffineOperator.Setting s = o.setting(false);
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
                Arrays.copyOf(AffineOperators.doubles(x), s.inputs()),
                Arrays.copyOfRange(AffineOperators.doubles(x), s.inputs(), 2 * s.inputs()),
                Arrays.copyOf(AffineOperators.doubles(m), s.outputs()),
                Arrays.copyOfRange(AffineOperators.doubles(m), s.outputs(), 2 * s.outputs()));
    double[] wanted = Arrays.copyOf(once, 2 * once.length);
    System.arraycopy(once, 0, wanted, once.length, once.length);
    agree(o + ", split", got, wanted);
  }

  /** Ranges that differ by channel, on the operators whose last axis is channels. */
  @Test
  void boxesMayDifferByChannel() {
    List<Float> low = List.of(-1f, -2f, -3f);
    List<Float> high = List.of(3f, 2f, 1f);
    for (AffineOperator o : AffineOperators.all()) {
      if (o.shape().length != 3 || o.shape()[2] != 3) {
        continue;
      }
      AffineOperator.Setting s = o.setting(false);
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
        double[] of =
            Arrays.copyOfRange(
                AffineOperators.doubles(r), row * s.outputs(), (row + 1) * s.outputs());
        double[] a = Arrays.copyOfRange(AffineOperators.doubles(x), from, from + s.inputs());
        System.arraycopy(s.dense().box(least, most, EPS, a, of), 0, wanted, from, a.length);
      }
      agree(o + ", box by channel", got, wanted);
    }
  }

  /** A value that two operators read gets the sum of what comes from both. */
  @ParameterizedTest
  @MethodSource("candela.rule.AffineOperators#all")
  void relevanceFromTwoSidesIsAdded(AffineOperator o) {
    AffineOperator.Setting s = o.setting(false);
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
  @MethodSource("candela.rule.AffineOperators#all")
  void relevanceIsConservedWithoutBias(AffineOperator o) {
    AffineOperator.Setting s = o.setting(false);
    Random random = new Random(9);
    float[] x = Draft.numbers(random, 1, ROWS * s.inputs());
    float[] r = new float[ROWS * s.outputs()];
    for (int i = 0; i < r.length; i++) {
      int row = i / s.outputs();
      double[] a =
          Arrays.copyOfRange(AffineOperators.doubles(x), row * s.inputs(), (row + 1) * s.inputs());
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
    AffineOperators.all().forEach(o -> tested.add(o.op().getClass().getSimpleName()));
    Set<String> all = new TreeSet<>();
    for (Class<?> c : OperatorClasses.all()) {
      if (Linear.class.isAssignableFrom(c)) {
        all.add(c.getSimpleName());
      }
    }
    assertThat(tested).isEqualTo(all);
  }

  @Test
  void everyRuleOfAffineOperatorsIsTested() {
    Set<Class<?>> tested = Collections.newSetFromMap(new IdentityHashMap<>());
    rules().forEach(r -> tested.add(r.rule().getClass()));
    tested.add(Split.class);
    assertThat(tested).containsExactlyInAnyOrder(Affinely.class.getPermittedSubclasses());
  }
}
