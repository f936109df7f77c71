package candela.rule;

import candela.graph.Rule;
import candela.graph.Rules;
import candela.graph.Rules.Entry;
import java.util.ArrayList;
import java.util.List;

/**
 * Which relevance rule for which layer: the named combinations of zennit and iNNvestigate, and each
 * rule by itself. What is not a convolution or dense layer is the same in all but two: sums and
 * averages by what each term adds, activations and normalisations passed, gates and attention
 * weights taken as constants, maxima to the winner.
 */
public enum Composite {
  /** {@link Epsilon} everywhere, sums and averages too: Captum's default. */
  EPSILON(1e-6f),
  /** {@link Gamma} everywhere. */
  GAMMA(1e-6f),
  /** {@link AlphaBeta} 1, 0 everywhere. */
  ALPHA1_BETA0(1e-6f),
  /** {@link AlphaBeta} 2, 1 everywhere. */
  ALPHA2_BETA1(1e-6f),
  /** {@link ZPlus} everywhere. */
  Z_PLUS(1e-6f),
  /** {@link WSquare} everywhere, sums and averages too: values play no part. */
  W_SQUARE(1e-6f),
  /** {@link Flat} everywhere, sums and averages too. */
  FLAT(1e-6f),
  /** Dense {@link Epsilon}, convolutions {@link ZPlus}: zennit. */
  EPSILON_PLUS(1e-6f),
  /** The same, first layer {@link Flat}: zennit. */
  EPSILON_PLUS_FLAT(1e-6f),
  /** Dense {@link Epsilon}, convolutions {@link AlphaBeta} 2, 1: zennit. */
  EPSILON_ALPHA2_BETA1(1e-6f),
  /** The same, first layer {@link Flat}: zennit. */
  EPSILON_ALPHA2_BETA1_FLAT(1e-6f),
  /** Dense {@link Epsilon}, convolutions {@link Gamma}, first {@link ZBox}: zennit. */
  EPSILON_GAMMA_BOX(1e-6f),
  /** Dense {@link Epsilon} 0.1, convolutions {@link AlphaBeta} 1, 0: iNNvestigate. */
  PRESET_A(0.1f),
  /** The same, first layer {@link Flat}: iNNvestigate. */
  PRESET_A_FLAT(0.1f),
  /** Dense {@link Epsilon} 0.1, convolutions {@link AlphaBeta} 2, 1: iNNvestigate. */
  PRESET_B(0.1f),
  /** The same, first layer {@link Flat}: iNNvestigate. */
  PRESET_B_FLAT(0.1f);

  /** Stabilises what is not to be shaped by epsilon: zennit's stabiliser. */
  private static final float STABILISER = 1e-6f;

  private final float epsilon;

  Composite(float epsilon) {
    this.epsilon = epsilon;
  }

  /**
   * Numbers of the rules.
   *
   * @param epsilon of {@link Epsilon}
   * @param gamma of {@link Gamma}
   * @param bias whether biases take their share
   * @param low of {@link ZBox}: smallest pixel of each channel
   * @param high of {@link ZBox}: largest pixel of each channel
   */
  public record Numbers(
      float epsilon, float gamma, boolean bias, List<Float> low, List<Float> high) {}

  /** The epsilon that goes with the name. */
  public float epsilon() {
    return epsilon;
  }

  /** Whether the range of the pixels must be known. */
  public boolean needsRange() {
    return this == EPSILON_GAMMA_BOX;
  }

  public Rules rules(Numbers n) {
    List<Entry> list = new ArrayList<>();
    Rule first = first(n);
    if (first != null) {
      list.add(new Entry(Nodes.FIRST, first));
    }
    if (this == EPSILON_GAMMA_BOX) {
      list.add(new Entry(Role.DENSE, dense(n)));
    }
    if (this == GAMMA || this == EPSILON_GAMMA_BOX) {
      list.add(new Entry(Nodes.SILENCED, new Gamma(n.gamma(), STABILISER, n.bias(), true)));
    }
    list.add(new Entry(Role.CONVOLUTION, convolution(n)));
    list.add(new Entry(Role.DENSE, dense(n)));
    if (this == W_SQUARE || this == FLAT) {
      list.add(new Entry(Role.AVERAGE, dense(n)));
      list.add(new Entry(Role.SUM, new EqualSum()));
    }
    float everywhere = this == EPSILON ? n.epsilon() : STABILISER;
    list.addAll(Presets.besides(everywhere, n.bias()));
    return new Rules(list);
  }

  private Rule first(Numbers n) {
    return switch (this) {
      case EPSILON_PLUS_FLAT, EPSILON_ALPHA2_BETA1_FLAT, PRESET_A_FLAT, PRESET_B_FLAT ->
          new Flat(STABILISER);
      case EPSILON_GAMMA_BOX -> new ZBox(n.low(), n.high(), STABILISER);
      default -> null;
    };
  }

  private Rule convolution(Numbers n) {
    return switch (this) {
      case EPSILON -> new Epsilon(n.epsilon(), n.bias());
      case GAMMA, EPSILON_GAMMA_BOX -> new Gamma(n.gamma(), STABILISER, n.bias());
      case ALPHA2_BETA1, EPSILON_ALPHA2_BETA1, EPSILON_ALPHA2_BETA1_FLAT, PRESET_B, PRESET_B_FLAT ->
          new AlphaBeta(2, 1, STABILISER, n.bias());
      case ALPHA1_BETA0, PRESET_A, PRESET_A_FLAT -> new AlphaBeta(1, 0, STABILISER, n.bias());
      case Z_PLUS, EPSILON_PLUS, EPSILON_PLUS_FLAT -> new ZPlus(STABILISER, n.bias());
      case W_SQUARE -> new WSquare(STABILISER);
      case FLAT -> new Flat(STABILISER);
    };
  }

  private Rule dense(Numbers n) {
    return switch (this) {
      case GAMMA, ALPHA1_BETA0, ALPHA2_BETA1, Z_PLUS, W_SQUARE, FLAT -> convolution(n);
      default -> new Epsilon(n.epsilon(), n.bias());
    };
  }
}
