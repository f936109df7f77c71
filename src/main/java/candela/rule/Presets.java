package candela.rule;

import candela.graph.Rule;
import candela.graph.Rules;
import candela.graph.Rules.Entry;
import candela.graph.Selector;
import java.util.List;

/** Lists of rules, by method. {@link Composite} has those of layer-wise relevance propagation. */
public final class Presets {
  /** Differences below this count as none: the authors' constant. */
  private static final float NEAR_ZERO = 1e-7f;

  private static final Refuse NO_RELEVANCE =
      new Refuse(
          "relevance has no meaning for this operator; use a gradient or perturbation method");

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
            at(Role.MOVE, Rule.GRADIENT),
            at(Role.AFFINE, Rule.GRADIENT),
            at(Role.ACTIVATION, new Rescale(NEAR_ZERO)),
            at(Nodes.MAX_POOL, captum ? new LastWindow(NEAR_ZERO) : new Rescale(NEAR_ZERO)),
            at(Role.WINNER, new Rescale(NEAR_ZERO)),
            at(Nodes.LOCAL_NORM, new Rescale(NEAR_ZERO)),
            at(Nodes.ANY, new MeanGradient())),
        true);
  }

  /** Multipliers of rise and fall, apart. */
  public static Rules deepLiftRevealCancel(boolean captum) {
    return new Rules(
        List.of(
            at(Nodes.LINEAR, new Split()),
            at(Role.SUM, new SumBySign()),
            at(Role.MOVE, Rule.GRADIENT),
            at(Role.AFFINE, new Rescale(NEAR_ZERO)),
            at(Role.ACTIVATION, new RevealCancel(NEAR_ZERO)),
            at(Nodes.MAX_POOL, captum ? new LastWindow(NEAR_ZERO) : new Rescale(NEAR_ZERO)),
            at(Role.WINNER, new Rescale(NEAR_ZERO)),
            at(Nodes.LOCAL_NORM, new Rescale(NEAR_ZERO)),
            at(Nodes.ANY, new MeanGradient())),
        true);
  }

  /** Winning probabilities; contrastive: the classifier's minus those under its negated weights. */
  public static Rules excitationBackprop(boolean contrastive) {
    ZPlus wins = new ZPlus(0, false);
    Entry top = at(Nodes.LAST, contrastive ? new Contrast() : wins);
    return new Rules(
        concat(
            List.of(top, at(Role.CONVOLUTION, wins), at(Role.DENSE, wins), at(Role.AVERAGE, wins)),
            besides(0, false)));
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
        at(Role.SOFTMAX, new Stop()),
        at(Role.WINNER, Rule.GRADIENT),
        at(Role.MOVE, Rule.GRADIENT),
        at(Nodes.ANY, NO_RELEVANCE));
  }

  private static Entry at(Selector nodes, Rule rule) {
    return new Entry(nodes, rule);
  }

  private static List<Entry> concat(List<Entry> first, List<Entry> then) {
    return java.util.stream.Stream.concat(first.stream(), then.stream()).toList();
  }
}
