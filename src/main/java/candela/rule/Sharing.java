package candela.rule;

import candela.device.Kernels;
import candela.device.Unary;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One affine node while its relevance is shared out: the products with changed weights, and what is
 * done between them. Valid during one call of a rule.
 */
final class Sharing {
  private final Step s;
  private final Linear op;
  private final int operand;
  private final Room room;
  private final Kernels kernels;
  private boolean given;

  Sharing(Node node, Step s) {
    this.s = s;
    op = Linear.of(node);
    operand = op.operand(node);
    room = new Room(s);
    kernels = s.device().kernels();
  }

  /** Refuses what is not affine. */
  static void check(Node node) {
    if (Linear.of(node) == null) {
      throw CandelaException.of("the rule is for affine operators");
    }
  }

  static boolean isOperand(Node node, int i) {
    return Linear.of(node).operand(node) == i;
  }

  /** Work memory for so many tensors of the operand's and of the output's shape. */
  static long bytes(Node node, int inputs, int outputs) {
    Shape[] shapes = new Shape[inputs + outputs];
    Arrays.fill(shapes, 0, inputs, node.input(Linear.of(node).operand(node)).shape());
    Arrays.fill(shapes, inputs, shapes.length, node.output().shape());
    return Room.bytes(shapes);
  }

  /** A tensor of the operand's shape. */
  Tensor input() {
    return room.take(x().shape());
  }

  /** A tensor of the output's shape. */
  Tensor output() {
    return room.take(s.dy().shape());
  }

  Tensor x() {
    return s.x(operand);
  }

  boolean nonNegative() {
    return Signs.nonNegative(s, operand);
  }

  Tensor apply(Tensor a, Weights w, Tensor z) {
    op.apply(s, a, w, z);
    return z;
  }

  Tensor transpose(Tensor q, Weights w, Tensor c) {
    op.transpose(s, q, w, c);
    return c;
  }

  /** to += scale a. */
  void add(float scale, Tensor a, Tensor to) {
    kernels.relevance().product(true, to.count(), scale, a.data(), MemorySegment.NULL, to.data());
  }

  /** z becomes what flows back for each unit of it: r / (z + ε sign z). */
  Tensor quotient(float epsilon, Tensor z) {
    return quotient(epsilon, s.dy(), z);
  }

  /** The same of another relevance r. */
  Tensor quotient(float epsilon, Tensor r, Tensor z) {
    kernels.relevance().quotient(z.count(), 1, epsilon, r.data(), z.data(), z.data());
    return z;
  }

  /** a = max(x, 0), or min(x, 0). */
  Tensor part(boolean positive, Tensor a) {
    float lo = positive ? 0 : Float.NEGATIVE_INFINITY;
    float hi = positive ? Float.POSITIVE_INFINITY : 0;
    kernels.elementwise().unaryForward(Unary.CLIP, lo, hi, a.count(), x().data(), a.data());
    return a;
  }

  /** to = r where z is above zero, else 0; scratch is overwritten. */
  void above(Tensor z, Tensor r, Tensor to, Tensor scratch) {
    Tensor zero = fill(0, new Tensor(Shape.of(1), scratch.data()));
    kernels.rectify().passAbove(false, 1, z.count(), zero.data(), z.data(), r.data(), to.data());
  }

  /** All of a = value. */
  Tensor fill(float value, Tensor a) {
    kernels.elementwise().fill(a.count(), value, a.data());
    return a;
  }

  /** Every row of a, over its last axis, = values. */
  Tensor repeat(Tensor values, Tensor a) {
    int n = values.count();
    int[] dims = {a.count() / n, n};
    kernels
        .move()
        .copyStrided(false, 2, dims, new int[] {0, 1}, new int[] {n, 1}, values.data(), a.data());
    return a;
  }

  /** Adds scale a c to the relevance of the operand; a null for 1. */
  void give(float scale, Tensor a, Tensor c) {
    Tensor dx = s.dx(operand);
    kernels
        .relevance()
        .product(
            given || s.accumulate(operand),
            c.count(),
            scale,
            c.data(),
            a == null ? MemorySegment.NULL : a.data(),
            dx.data());
    given = true;
  }

  /** The operand's multipliers from those through positive (p) and negative (q) weights. */
  void join(Tensor p, Tensor q) {
    Pairs pairs = new Pairs(s);
    Tensor dx = s.dx(operand);
    kernels
        .pair()
        .pairJoin(
            s.accumulate(operand),
            pairs.count(),
            pairs.each(dx),
            x().data(),
            p.data(),
            q.data(),
            dx.data());
  }
}
