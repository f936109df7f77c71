package candela.rule;

import candela.graph.Rule;
import candela.graph.Rules;
import candela.graph.Rules.Entry;
import candela.graph.Selector;
import java.util.List;
import java.util.stream.Stream;

/** Lists of rules, by method. {@link Composite} has those of layer-wise relevance propagation. */
public final class Presets {
  /** Differences below this count as none: the authors' constant. */
  private static final float NEAR_ZERO = 1e-7f;

  private static final Refuse NO_LOGIT =
      new Refuse(
          "scores that are a sum of softmaxes have no logit whose relevance could be shared out;"
              + " name the logits of one by --output, or use a gradient or perturbation method");

  private static final Refuse NO_RELEVANCE =
      new Refuse(
          "relevance has no meaning for this operator; use a gradient or perturbation method");

  private static final Refuse NO_MULTIPLIERS =
      new Refuse("DeepLIFT has no multipliers for this operator; use integrated-gradients");

  private Presets() {}

  public static Rules betaSmooth(float beta) {
    return new Rules(List.of(at(Nodes.SMOOTHABLE, new BetaSmooth(beta))));
  }

  public static Rules deconvNet() {
    return new Rules(List.of(at(Nodes.RECTIFIER, new DeconvNet())));
  }

  /**
   * Multipliers.
   *
   * @param captum whether max-pooling loses what Captum's loses
   */
  public static Rules deepLiftRescale(boolean captum) {
    return new Rules(
        List.of(
            at(Nodes.LINEAR, Rule.GRADIENT),
            at(Role.SUM, Rule.GRADIENT),
            at(Nodes.CHOICE, NO_MULTIPLIERS),
            at(Role.MOVE, Rule.GRADIENT),
            at(Role.AFFINE, Rule.GRADIENT),
            at(Nodes.ROUNDING, Rule.GRADIENT),
            at(Role.ACTIVATION, new Rescale(NEAR_ZERO)),
            at(Nodes.MAX_POOL, captum ? new LastWindow(NEAR_ZERO) : new Rescale(NEAR_ZERO)),
            at(Role.WINNER, new Rescale(NEAR_ZERO)),
            at(Nodes.LOCAL_NORM, new Rescale(NEAR_ZERO)),
            at(Role.PRODUCT, new WrittenOut()),
            at(Role.SOFTMAX, new WrittenOut()),
            at(Role.NORMALISATION, new WrittenOut()),
            at(Nodes.ANY, NO_MULTIPLIERS)),
        true);
  }

  /** Multipliers of rise and fall, apart. */
  public static Rules deepLiftRevealCancel(boolean captum) {
    return new Rules(
        List.of(
            at(Nodes.LINEAR, new Split()),
            at(Role.SUM, new SumBySign()),
            at(Nodes.CHOICE, NO_MULTIPLIERS),
            at(Role.MOVE, Rule.GRADIENT),
            at(Role.AFFINE, new Rescale(NEAR_ZERO)),
            at(Nodes.ROUNDING, Rule.GRADIENT),
            at(Role.ACTIVATION, new RevealCancel(NEAR_ZERO)),
            at(Nodes.MAX_POOL, captum ? new LastWindow(NEAR_ZERO) : new Rescale(NEAR_ZERO)),
            at(Role.WINNER, new Rescale(NEAR_ZERO)),
            at(Nodes.LOCAL_NORM, new Rescale(NEAR_ZERO)),
            at(Role.PRODUCT, new WrittenOut()),
            at(Role.SOFTMAX, new WrittenOut()),
            at(Role.NORMALISATION, new WrittenOut()),
            at(Nodes.ANY, NO_MULTIPLIERS)),
        true);
  }

  /**
   * Winning probabilities; contrastive: the classifier's minus those under its negated weights.
   * Layers that are not rectified, sums and averages share out by the sign of the unit.
   */
  public static Rules excitationBackprop(boolean contrastive) {
    ZPlus wins = new ZPlus(0, false);
    Excite excite = new Excite();
    return new Rules(
        concat(
            List.of(
                at(Nodes.LAST, contrastive ? new Contrast() : wins),
                at(Nodes.RECTIFIED, wins),
                at(Role.CONVOLUTION, excite),
                at(Role.DENSE, excite),
                at(Role.AVERAGE, excite),
                at(Role.SUM, new ExciteSum())),
            besides(0, false)));
  }

  /** The gradient, but for activations beyond those of the reference. */
  public static Rules fgVis() {
    return new Rules(
        List.of(
            at(Nodes.ROUNDING, Rule.GRADIENT),
            at(Nodes.RANGE, Rule.GRADIENT),
            at(Nodes.SCORE, Rule.GRADIENT),
            at(Role.ACTIVATION, new Defence())),
        true);
  }

  public static Rules guidedBackprop() {
    return new Rules(List.of(at(Nodes.RECTIFIER, new GuidedBackprop())));
  }

  public static Rules rectGrad(float percent) {
    return new Rules(List.of(at(Nodes.RECTIFIER, new RectGrad(percent))));
  }

  /** What relevance does at everything that is not a convolution or dense layer. */
  static List<Entry> besides(float epsilon, boolean bias) {
    return List.of(
        at(Role.AVERAGE, new Epsilon(epsilon, bias)),
        at(Role.SUM, new Sum(epsilon)),
        at(Role.AFFINE, new Pass()),
        at(Role.ACTIVATION, new Pass()),
        at(Role.NORMALISATION, new Pass()),
        at(Role.PRODUCT, new SignalTakesAll(epsilon)),
        at(Nodes.SCORE_PART, NO_LOGIT),
        at(Role.SOFTMAX, new Stop()),
        at(Role.WINNER, Rule.GRADIENT),
        at(Role.MOVE, Rule.GRADIENT),
        at(Nodes.ANY, NO_RELEVANCE));
  }

  private static Entry at(Selector nodes, Rule rule) {
    return new Entry(nodes, rule);
  }

  private static List<Entry> concat(List<Entry> first, List<Entry> then) {
    return Stream.concat(first.stream(), then.stream()).toList();
  }
}
