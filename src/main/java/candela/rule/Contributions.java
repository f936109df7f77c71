package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;
import candela.graph.Weights.Part;
import candela.tensor.Tensor;

/**
 * The contributions x_i w_ij of one affine node, those above zero and those below apart. Valid
 * during one call of a rule.
 */
final class Contributions {
  /** Tensors of the operand's shape. */
  static final int INPUTS = 3;

  /** Tensors of the output's shape. */
  static final int OUTPUTS = 2;

  private final Sharing s;
  private final Tensor r;
  private final float epsilon;
  private final boolean bias;
  private final Tensor up;
  private final Tensor down;
  private final Tensor z;
  private final Tensor t;
  private final Tensor c;

  Contributions(Node node, Step step, float epsilon, boolean bias) {
    s = new Sharing(node, step);
    r = step.dy();
    this.epsilon = epsilon;
    this.bias = bias;
    boolean oneSign = s.nonNegative();
    up = oneSign ? s.x() : s.part(true, s.input());
    down = oneSign ? null : s.part(false, s.input());
    z = s.output();
    t = s.output();
    c = s.input();
  }

  /** One more tensor of the output's shape. */
  Tensor output() {
    return s.output();
  }

  /** Gives scale times the relevance, shared out among the contributions above zero. */
  void positive(float scale) {
    share(scale, r, Part.POSITIVE, Part.NEGATIVE);
  }

  /** Gives scale times the relevance, shared out among the contributions below zero. */
  void negative(float scale) {
    negative(scale, r);
  }

  /** The same of another relevance than the output's. */
  void negative(float scale, Tensor other) {
    share(scale, other, Part.NEGATIVE, Part.POSITIVE);
  }

  /**
   * Gives the relevance of units whose contributions add up to more than zero to those above zero,
   * of units below zero to those below.
   */
  void ownSign() {
    Tensor whole = s.apply(s.x(), Weights.of(Part.ALL, false), s.output());
    Tensor own = s.output();
    for (boolean above : new boolean[] {true, false}) {
      if (!above) {
        s.add(-2, whole, whole);
      }
      s.above(whole, r, own, t);
      share(1, own, above ? Part.POSITIVE : Part.NEGATIVE, above ? Part.NEGATIVE : Part.POSITIVE);
    }
  }

  /**
   * Gives the relevance by what each input adds, contributions with the sign of the unit counting 1
   * + gamma times.
   */
  void favoured(float gamma) {
    Tensor whole = s.apply(s.x(), Weights.of(Part.ALL, bias), s.output());
    Tensor own = s.output();
    Tensor sum = s.output();
    for (boolean above : new boolean[] {true, false}) {
      Part ofPositive = above ? Part.POSITIVE : Part.NEGATIVE;
      Part ofNegative = above ? Part.NEGATIVE : Part.POSITIVE;
      s.add(above ? 1 : -1, whole, s.fill(0, sum));
      s.above(sum, r, own, t);
      signed(ofPositive, ofNegative);
      s.add(1, whole, s.fill(0, sum));
      s.add(gamma, z, sum);
      s.quotient(epsilon, own, sum);
      s.give(1, s.x(), s.transpose(sum, Weights.of(Part.ALL, bias), c));
      give(gamma, sum, ofPositive, ofNegative);
    }
  }

  /** z = the sums of the contributions of one sign. */
  private void signed(Part ofPositive, Part ofNegative) {
    s.apply(up, Weights.of(ofPositive, bias), z);
    if (down != null) {
      s.add(1, s.apply(down, Weights.of(ofNegative, false), t), z);
    }
  }

  private void give(float scale, Tensor q, Part ofPositive, Part ofNegative) {
    s.give(scale, up, s.transpose(q, Weights.of(ofPositive, bias), c));
    if (down != null) {
      s.give(scale, down, s.transpose(q, Weights.of(ofNegative, false), c));
    }
  }

  private void share(float scale, Tensor of, Part ofPositive, Part ofNegative) {
    signed(ofPositive, ofNegative);
    s.quotient(epsilon, of, z);
    give(scale, z, ofPositive, ofNegative);
  }
}
