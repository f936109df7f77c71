package candela.rule;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Linear;
import candela.graph.MixedScores;
import candela.graph.Node;
import candela.graph.Selector;
import candela.graph.Value;
import candela.graph.op.Affine;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Elementwise;
import candela.graph.op.GridSample;
import candela.graph.op.Lrn;
import candela.graph.op.MaxPool;
import candela.graph.op.Pick;
import candela.graph.op.Put;
import candela.graph.op.Rectify;
import candela.graph.op.Reshape;
import candela.graph.op.Transpose;
import candela.graph.op.Where;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Nodes by where they stand, or by what they have in common. */
public enum Nodes implements Selector {
  /** Every node: the last line of a list. */
  ANY {
    @Override
    public boolean test(Graph graph, Node node) {
      return true;
    }
  },
  /** Choices between values by a computed condition, or at computed places. */
  CHOICE {
    @Override
    public boolean test(Graph graph, Node node) {
      return switch (node.op()) {
        case Where w -> !node.input(0).isConstant();
        case Pick p -> !node.input(1).isConstant();
        case Put p -> !node.input(1).isConstant();
        case GridSample g -> !node.input(1).isConstant();
        default -> false;
      };
    }
  },
  /** Convolutions and dense layers before which there is no other. */
  FIRST {
    @Override
    public boolean test(Graph graph, Node node) {
      if (!isLayer(node)) {
        return false;
      }
      Set<Value> after = Collections.newSetFromMap(new IdentityHashMap<>());
      for (Node n : graph.nodes()) {
        boolean behind = n.inputs().stream().anyMatch(after::contains);
        if (n == node) {
          return !behind;
        }
        if (behind || isLayer(n)) {
          after.addAll(n.outputs());
        }
      }
      return false;
    }
  },
  /** Convolutions and dense layers after which there is no other: the classifier. */
  LAST {
    @Override
    public boolean test(Graph graph, Node node) {
      if (!isLayer(node)) {
        return false;
      }
      Set<Value> before = Collections.newSetFromMap(new IdentityHashMap<>());
      for (Node n : graph.nodes().reversed()) {
        boolean ahead = n.outputs().stream().anyMatch(before::contains);
        if (n == node) {
          return !ahead;
        }
        if (ahead || isLayer(n)) {
          before.addAll(n.inputs());
        }
      }
      return false;
    }
  },
  /** Operators that can be run with changed weights; those that only move elements left out. */
  LINEAR {
    @Override
    public boolean test(Graph graph, Node node) {
      return Linear.of(node) != null && Role.of(node) != Role.MOVE;
    }
  },
  /** Max-pooling. */
  MAX_POOL {
    @Override
    public boolean test(Graph graph, Node node) {
      return node.op() instanceof MaxPool;
    }
  },
  /** Normalisation of each element by its neighbours: 0 stays 0. */
  LOCAL_NORM {
    @Override
    public boolean test(Graph graph, Node node) {
      return node.op() instanceof Lrn;
    }
  },
  /** Convolutions and dense layers that only ReLUs and clamps from 0 read, wherever it is moved. */
  RECTIFIED {
    @Override
    public boolean test(Graph graph, Node node) {
      return isLayer(node) && isRectified(graph, node.output());
    }
  },
  /**
   * Of those, layers whose units below zero nothing flows back to: where a rectifier gives 0, what
   * comes next before a layer or sum is 0 as well, and gets none of the relevance.
   */
  SILENCED {
    @Override
    public boolean test(Graph graph, Node node) {
      return RECTIFIED.test(graph, node)
          && staysZero(graph, node.output(), new IdentityHashMap<>());
    }
  },
  /** Clamps of a quantisation, unless they are the network's ReLU. */
  RANGE {
    @Override
    public boolean test(Graph graph, Node node) {
      return node.op() instanceof Rectify r
          && r.lo() < 0
          && graph.nodes().stream()
              .anyMatch(n -> n.inputs().contains(node.output()) && ROUNDING.test(graph, n));
    }
  },
  /**
   * ReLU and its clipped and leaky forms; none is what clamps from below zero, or keeps a logarithm
   * from it.
   */
  RECTIFIER {
    @Override
    public boolean test(Graph graph, Node node) {
      return switch (node.op()) {
        case Rectify r -> r.lo() >= 0 && !r.isFloor();
        case Elementwise e ->
            e.kind() == Unary.RELU
                || e.kind() == Unary.LEAKY_RELU
                || e.kind() == Unary.THRESHOLDED_RELU;
        case BinaryOp b -> b.kind() == Binary.PRELU;
        default -> false;
      };
    }
  },
  /** The steps of a quantisation, which the gradient passes. */
  ROUNDING {
    @Override
    public boolean test(Graph graph, Node node) {
      return node.op() instanceof Elementwise e && e.kind() == Unary.QUANTIZE;
    }
  },
  /** What makes logits of scores that are a sum of softmaxes. */
  SCORE {
    @Override
    public boolean test(Graph graph, Node node) {
      return MixedScores.isBehind(node);
    }
  },
  /** One of those softmaxes. */
  SCORE_PART {
    @Override
    public boolean test(Graph graph, Node node) {
      return MixedScores.isPart(graph, node);
    }
  },
  /** ReLU and clamps: piecewise 0, 1, 0. */
  SMOOTHABLE {
    @Override
    public boolean test(Graph graph, Node node) {
      return BetaSmooth.clamp(node.op()) != null;
    }
  };

  private static boolean isLayer(Node node) {
    Role role = Role.of(node);
    return role == Role.CONVOLUTION || role == Role.DENSE;
  }

  private static boolean isRectified(Graph graph, Value v) {
    return !graph.outputs().contains(v)
        && readers(graph, v)
            .allMatch(
                n ->
                    switch (n.op()) {
                      case Rectify r -> r.lo() >= 0;
                      case Elementwise e -> e.kind() == Unary.THRESHOLDED_RELU && e.alpha() >= 0;
                      case Concat _, Reshape _, Transpose _ -> isRectified(graph, n.output());
                      default -> false;
                    });
  }

  private static Stream<Node> readers(Graph graph, Value v) {
    return graph.nodes().stream().filter(n -> n.inputs().contains(v));
  }

  /**
   * Whether no relevance comes to a 0 of v.
   *
   * @param known answers so far: paths that part and meet again are followed once
   */
  private static boolean staysZero(Graph graph, Value v, Map<Value, Boolean> known) {
    Boolean before = known.get(v);
    if (before == null) {
      before =
          !graph.outputs().contains(v)
              && readers(graph, v).allMatch(n -> takesZero(graph, n, known));
      known.put(v, before);
    }
    return before;
  }

  /** Whether none comes to a 0 that the node reads. */
  private static boolean takesZero(Graph graph, Node node, Map<Value, Boolean> known) {
    return switch (Role.of(node)) {
      case CONVOLUTION, DENSE, AVERAGE, SUM, SOFTMAX -> true;
      // what is added at a place gets its part of what the sum there has
      case MOVE -> !(node.op() instanceof Put) && passesNone(graph, node, known);
      case WINNER, PRODUCT -> passesNone(graph, node, known);
      default -> givesZero(node) && passesNone(graph, node, known);
    };
  }

  private static boolean passesNone(Graph graph, Node node, Map<Value, Boolean> known) {
    return node.outputs().stream().allMatch(y -> staysZero(graph, y, known));
  }

  /** Whether a function of one element gives 0 for 0: no shift, no sigmoid. */
  private static boolean givesZero(Node node) {
    return switch (node.op()) {
      case Rectify r -> r.lo() <= 0 && r.hi() >= 0;
      case Lrn l -> true;
      case Elementwise e ->
          switch (e.kind()) {
            case ABS,
                ELU,
                GELU,
                HARD_SWISH,
                LEAKY_RELU,
                MISH,
                NEG,
                QUANTIZE,
                RELU,
                SQRT,
                SWISH,
                TANH,
                THRESHOLDED_RELU ->
                true;
            case LINEAR -> e.beta() == 0;
            default -> false;
          };
      case Affine a -> isZero(node.input(2));
      case BinaryOp b ->
          switch (b.kind()) {
            case MUL, PRELU -> true;
            case DIV -> node.input(1).isConstant();
            default -> false;
          };
      default -> false;
    };
  }

  private static boolean isZero(Value constant) {
    for (float v : constant.constant().floats()) {
      if (v != 0) {
        return false;
      }
    }
    return true;
  }
}
