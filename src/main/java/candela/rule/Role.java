package candela.rule;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Selector;
import candela.graph.op.Affine;
import candela.graph.op.AlongAxis;
import candela.graph.op.ArgReduce;
import candela.graph.op.AveragePool;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.GridSample;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.Lrn;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.MaxPool;
import candela.graph.op.PadConstant;
import candela.graph.op.Pick;
import candela.graph.op.Product;
import candela.graph.op.Put;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Softmax;
import candela.graph.op.Top;
import candela.graph.op.Transpose;
import candela.graph.op.Where;

/** What a node is to the rules; every node has one role. */
public enum Role implements Selector {
  /** Convolutions, transposed ones too. */
  CONVOLUTION,
  /** Products with a constant matrix. */
  DENSE,
  /** Weighted sums without parameters: average pooling, mean, sum, resizing. */
  AVERAGE,
  /** One input, scaled and shifted by constants: batch normalisation, x + c, c x. */
  AFFINE,
  /** One input, element by element. */
  ACTIVATION,
  /** Sums and differences of computed values. */
  SUM,
  /** Products and quotients of computed values: gates, attention, images times a grid's weights. */
  PRODUCT,
  /** One input element wins: maxima and minima. */
  WINNER,
  /** Elements change place, no more; some may be left out or repeated. */
  MOVE,
  /** Normalisation by statistics of the input itself. */
  NORMALISATION,
  SOFTMAX,
  /**
   * Anything else: products over an axis, powers of computed values, what is fused or trained and
   * never meets a rule.
   */
  OTHER;

  public static Role of(Node n) {
    return switch (n.op()) {
      case Conv o -> CONVOLUTION;
      case ConvTranspose o -> CONVOLUTION;
      case Matrix o -> DENSE;
      case MatMul o -> o.isLinear(n) ? DENSE : PRODUCT;
      case Product o -> PRODUCT;
      case GridSample o -> PRODUCT;
      case AveragePool o -> AVERAGE;
      case Reduce o -> of(o.kind());
      case AlongAxis o -> o.picks() ? MOVE : AVERAGE;
      case Affine o -> AFFINE;
      case BinaryOp o ->
          n.input(0).isConstant() || n.input(1).isConstant() ? withConstant(o, n) : of(o.kind());
      case Elementwise o -> o.kind() == Unary.LINEAR || o.kind() == Unary.NEG ? AFFINE : ACTIVATION;
      case Rectify o -> ACTIVATION;
      case MaxPool o -> WINNER;
      case Lrn o -> NORMALISATION;
      case LayerNorm o -> NORMALISATION;
      case GroupNorm o -> NORMALISATION;
      case InstanceNorm o -> NORMALISATION;
      case Softmax o -> SOFTMAX;
      case ArgReduce o -> MOVE;
      case Concat o -> MOVE;
      case Expand o -> MOVE;
      case PadConstant o -> MOVE;
      case Pick o -> MOVE;
      case Put o -> MOVE;
      case Reshape o -> MOVE;
      case Slice o -> MOVE;
      case Top o -> MOVE;
      case Transpose o -> MOVE;
      case Where o -> MOVE;
      default -> OTHER;
    };
  }

  private static Role of(Reduction kind) {
    return switch (kind) {
      case SUM, MEAN -> AVERAGE;
      case MAX, MIN -> WINNER;
      case PROD -> OTHER;
    };
  }

  private static Role withConstant(BinaryOp o, Node n) {
    int operand = n.input(0).isConstant() ? 1 : 0;
    if (!n.input(operand).shape().equals(n.output().shape())) {
      return of(o.kind());
    }
    return switch (o.kind()) {
      case ADD, SUB, MUL -> AFFINE;
      case DIV -> operand == 0 ? AFFINE : ACTIVATION;
      default -> ACTIVATION;
    };
  }

  private static Role of(Binary kind) {
    return switch (kind) {
      case ADD, SUB -> SUM;
      case MUL, DIV -> PRODUCT;
      case MAX, MIN -> WINNER;
      default -> OTHER;
    };
  }

  @Override
  public boolean test(Graph graph, Node node) {
    return of(node) == this;
  }
}
