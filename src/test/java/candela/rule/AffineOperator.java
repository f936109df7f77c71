package candela.rule;

import candela.graph.Graph;
import candela.graph.Op;
import candela.graph.Value;
import candela.graph.op.Rectify;
import candela.tensor.Shape;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * An affine operator, and what it is by plain loops.
 *
 * @param shape of the operand for one row, without the row
 * @param inputs all inputs of the node, given the draft and the operand
 * @param forward of one row, by plain loops
 */
record AffineOperator(
    String name,
    Op op,
    int[] shape,
    Function<Draft, Function<Value, Value[]>> inputs,
    Function<List<float[]>, UnaryOperator<double[]>> forward) {
  static final int ROWS = 2;

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

  /** The operator in a graph of its own, with what the tests need to know. */
  record Setting(Graph graph, DenseMatrix dense, int inputs, int outputs) {}

  Setting setting(boolean rectified) {
    Draft d = new Draft(11, batch());
    Value x = rectified ? d.add(new Rectify(0, Float.POSITIVE_INFINITY), d.input()) : d.input();
    Value[] operands = inputs.apply(d).apply(x);
    Value y = d.add(op, operands);
    List<float[]> constants =
        Stream.of(operands).filter(Value::isConstant).map(v -> v.constant().floats()).toList();
    int n = Shape.of(shape).count();
    DenseMatrix dense = dense(forward.apply(constants), n, y.shape().dim(-1));
    return new Setting(d.graph(), dense, n, y.shape().count() / ROWS);
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
}
