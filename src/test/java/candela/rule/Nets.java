package candela.rule;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.Affine;
import candela.graph.op.AveragePool;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.Elementwise;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.Lrn;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.MaxPool;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Softmax;
import candela.graph.op.Transpose;
import candela.tensor.Shape;

/** Small networks of what real ones are made of; images [rows,6,5,3], 4 classes, seeded. */
enum Nets {
  /** Convolutions, overlapping max-pooling, average pooling. */
  PLAIN {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.relu(m.conv(x, 6));
      y = m.d.add(new MaxPool(new int[] {3, 3, 2, 2, 1, 1, 0, 0, 2, 2}), y);
      y = m.relu(m.conv(y, 5));
      return m.d.add(new AveragePool(new int[] {2, 2, 1, 1, 1, 1, 0, 0, 1, 1}, 0, 0, false), y);
    }
  },
  /** Residual blocks with batch normalisation, activation after the sum. */
  RESIDUAL {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.relu(m.norm(m.conv(x, 4)));
      for (int i = 0; i < 2; i++) {
        Value f = m.norm(m.conv(m.relu(m.norm(m.conv(y, 4))), 4));
        y = m.relu(m.d.add(new BinaryOp(Binary.ADD), f, y));
      }
      return y;
    }
  },
  /** Residual blocks whose sums follow one another without an activation between. */
  PRE_ACTIVATION {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.conv(x, 4);
      for (int i = 0; i < 2; i++) {
        y = m.d.add(new BinaryOp(Binary.ADD), y, m.conv(m.relu(m.norm(y)), 4));
      }
      return m.relu(y);
    }
  },
  /** Concatenations, as in DenseNet and Inception. */
  CONCATENATED {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.relu(m.conv(x, 3));
      for (int i = 0; i < 2; i++) {
        y = m.d.add(new Concat(3), y, m.conv(m.relu(m.norm(y)), 3));
      }
      return m.relu(y);
    }
  },
  /** Channels weighed by a gate. */
  SQUEEZE_EXCITATION {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.relu(m.conv(x, 4));
      Value z = m.d.add(new Reduce(Reduction.MEAN, 1, 3), y);
      Value gate = m.d.add(new Elementwise(Unary.SIGMOID), m.conv1(m.relu(m.conv1(z, 2)), 4));
      Value scaled = m.d.add(new BinaryOp(Binary.MUL), y, gate);
      return m.relu(m.conv(scaled, 4));
    }
  },
  /** Local response normalisation, as in AlexNet. */
  LOCAL_NORM {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.relu(m.conv(x, 5));
      return m.relu(m.conv(m.d.add(new Lrn(3, .5f, .75f, 1), y), 4));
    }
  },
  /** Normalisation by group and by image, division by what the image itself gives. */
  NORMALISED {
    @Override
    Value body(Maker m, Value x) {
      Value y = m.relu(m.groupNorm(m.conv(x, 6), 2));
      Value f = m.instanceNorm(m.conv(y, 6));
      y = m.relu(m.d.add(new BinaryOp(Binary.SUB), y, f));
      Value mean = m.d.add(new Reduce(Reduction.MEAN, 1, 3), y);
      Value level = m.d.add(new Elementwise(Unary.LINEAR, 1, .5f), mean);
      Value shaped = m.d.add(new Reshape(Shape.of(x.shape().dim(0), 1, 1, 6)), level);
      return m.relu(m.conv(m.d.add(new BinaryOp(Binary.DIV), y, shaped), 4));
    }
  },
  /** One attention head between layer normalisations, with residual sums. */
  ATTENTION {
    @Override
    Value body(Maker m, Value x) {
      int rows = x.shape().dim(0);
      Value y = m.d.add(new Reshape(Shape.of(rows, 30, 3)), x);
      y = m.matrix(y, 6);
      Value n = m.layerNorm(y);
      Value q = m.matrix(n, 6);
      Value k = m.d.add(new Transpose(new int[] {0, 2, 1}), m.matrix(n, 6));
      Value v = m.matrix(n, 6);
      Value a = m.d.add(new Softmax(false), m.d.add(new MatMul(), q, k));
      y = m.d.add(new BinaryOp(Binary.ADD), y, m.matrix(m.d.add(new MatMul(), a, v), 6));
      Value h = m.d.add(new Elementwise(Unary.GELU), m.matrix(m.layerNorm(y), 8));
      y = m.d.add(new BinaryOp(Binary.ADD), y, m.matrix(h, 6));
      return m.d.add(new Reshape(Shape.of(rows, 6, 5, 6)), y);
    }
  };

  static final int PIXELS = 90;
  static final int CLASSES = 4;

  /** Whether relevance reaches units below zero: no rectifier comes before the next sum. */
  boolean hasUnitsBelowZero() {
    return this == PRE_ACTIVATION || this == ATTENTION;
  }

  abstract Value body(Maker m, Value x);

  /**
   * @param bias whether layers have biases and normalisations shifts
   */
  Graph graph(int rows, boolean bias) {
    Draft d = new Draft(ordinal() + 1, rows, 6, 5, 3);
    Maker m = new Maker(d, bias);
    Value y = d.add(new Reduce(Reduction.MEAN, 1, 3), body(m, d.input()));
    m.matrix(d.add(new Reshape(Shape.of(rows, y.shape().dim(-1))), y), CLASSES);
    return d.graph();
  }

  /** Layers of random weights. */
  record Maker(Draft d, boolean bias) {
    private Value convolution(Value x, int oc, int side) {
      int c = x.shape().dim(-1);
      int p = side / 2;
      int[] one = {1, 1};
      Conv op = new Conv(one, one, new int[] {p, p, p, p}, 1, Activation.NONE, false);
      Value w = d.draw(1 / Math.sqrt(c * side * side / 2.0), oc, c, side, side);
      return bias ? d.add(op, x, w, d.draw(.3, oc)) : d.add(op, x, w);
    }

    Value conv(Value x, int oc) {
      return convolution(x, oc, 3);
    }

    Value conv1(Value x, int oc) {
      return convolution(x, oc, 1);
    }

    Value relu(Value x) {
      return d.add(new Rectify(0, Float.POSITIVE_INFINITY), x);
    }

    /** Batch normalisation: scales of both signs. */
    Value norm(Value x) {
      int c = x.shape().dim(-1);
      return d.add(new Affine(), x, d.draw(1, c), d.draw(bias ? .3 : 0, c));
    }

    Value groupNorm(Value x, int groups) {
      int c = x.shape().dim(-1);
      return d.add(new GroupNorm(groups, 1e-5f), x, d.draw(1, c), d.draw(bias ? .3 : 0, c));
    }

    Value instanceNorm(Value x) {
      int c = x.shape().dim(-1);
      return d.add(new InstanceNorm(1e-5f), x, d.draw(1, c), d.draw(bias ? .3 : 0, c));
    }

    Value layerNorm(Value x) {
      int c = x.shape().dim(-1);
      return d.add(new LayerNorm(2, 1e-5f), x, d.draw(1, c), d.draw(bias ? .3 : 0, c));
    }

    Value matrix(Value x, int n) {
      int k = x.shape().dim(-1);
      Matrix op = new Matrix(false, Activation.NONE);
      Value w = d.draw(1 / Math.sqrt(k), k, n);
      return bias ? d.add(op, x, w, d.draw(.3, n)) : d.add(op, x, w);
    }
  }
}
