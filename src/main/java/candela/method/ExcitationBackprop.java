package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;

/**
 * How likely a walk from the class down to the layer ends at each unit, when it chooses its way by
 * what excites the unit it comes from.
 *
 * <p><b>Definition:</b> P(a_i) = Σ_j P(a_i | a_j) P(a_j), P(a_i | a_j) = a_i w⁺_ij / Σ_i a_i w⁺_ij;
 * P = 1 at the class. Contrastive: at the classifier's input, minus the same under the negated
 * weights of the class. Conservation delta = Σ P − 1, contrastive Σ P; where nothing speaks against
 * the class that is 1.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a in the shape of the layer, tokens of patches as [c,h',w'].
 *
 * <p><b>Parameters:</b> contrastive (default false); layer (a value of the model, empty for the
 * input); channels (default sum).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row, and 1 more of each for the products with W⁺.
 *
 * <p><b>Source:</b> Zhang et al. 2016, "Top-down neural attention by excitation backprop", sections
 * 3.2 and 3.3.
 *
 * <p><b>Differences:</b> the authors stop at an early pooling layer, where a ≥ 0; at the input the
 * positive contributions w x are taken, whatever the sign of x. Units that no rectifier follows may
 * be below zero: what gave them their sign wins (package candela.rule, Excite), so that
 * probabilities add up to one in pre-activation and concatenating networks too. Residual sums are
 * shared out among their terms; the authors' code ignores skip connections.
 */
public record ExcitationBackprop(boolean contrastive, String layer, Channels channels)
    implements Method {
  public ExcitationBackprop() {
    this(false, "", Channels.SUM);
  }

  /** The walk starts at a class. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Relevance(
        this,
        subject,
        workspace,
        Presets.excitationBackprop(contrastive),
        layer,
        false,
        contrastive ? 0 : 1);
  }
}
