package candela.method;

import candela.graph.ScoreKind;
import candela.graph.Unsuited;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Composite;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Layer-wise relevance propagation: the score is handed back from layer to layer, each unit sharing
 * out what it got among its inputs.
 *
 * <p><b>Definition:</b> R = f(x) at the class, 0 at the others; then the composite's rule at every
 * layer (package candela.rule). Conservation delta = Σ R at the layer − what was started with; 0
 * where no bias and no stabiliser took part.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w], or the shape of the layer, tokens of patches as [c,h',w'].
 *
 * <p><b>Parameters:</b> composite (epsilon, gamma, alpha1_beta0, alpha2_beta1, z_plus, w_square,
 * flat, epsilon_plus, epsilon_plus_flat, epsilon_alpha2_beta1, epsilon_alpha2_beta1_flat,
 * epsilon_gamma_box, preset_a, preset_a_flat, preset_b, preset_b_flat; default epsilon_plus_flat);
 * epsilon (0 or more, default 1e-6, of the presets 0.1); gamma (0 or more, default 0.25); bias
 * (whether biases take their share, default true); start (score: f(x), one: 1; default score);
 * layer (a value of the model, empty for the input); channels (default sum).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row, and 1 forward and backward row's work for each
 * product that the rules add: 1 for epsilon, 1 to 2 for alpha-beta, 1 to 5 for gamma.
 *
 * <p><b>Source:</b> Bach et al. 2015, "On pixel-wise explanations for non-linear classifier
 * decisions by layer-wise relevance propagation"; Montavon et al. 2019; Kohlbrenner et al. 2020
 * (composites).
 *
 * <p><b>Differences:</b> starts from the class's value, as Captum; zennit from what the caller
 * gives, iNNvestigate from the largest output. Batch normalisation is merged into the layer before
 * it, else passed. With flat and w_square, sums and averages share equally too; zennit's Norm
 * shares by contribution there. Where Captum takes 1e-9, and iNNvestigate 1e-7, epsilon is zennit's
 * 1e-6.
 */
public record Lrp(
    Composite composite,
    double epsilon,
    double gamma,
    boolean bias,
    Start start,
    String layer,
    Channels channels)
    implements Method {
  /** The relevance of the class at the start. */
  public enum Start {
    SCORE,
    ONE
  }

  public Lrp() {
    this(Composite.EPSILON_PLUS_FLAT);
  }

  /** With the composite's own epsilon. */
  public Lrp(Composite composite) {
    this(composite, decimal(composite.epsilon()), 0.25, true, Start.SCORE, "", Channels.SUM);
  }

  public Lrp {
    Check.notNegative(epsilon, "lrp: epsilon");
    Check.notNegative(gamma, "lrp: gamma");
  }

  /** The double that prints as the float does. */
  private static double decimal(float value) {
    return Double.parseDouble(Float.toString(value));
  }

  /** Relevance starts at a logit. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    List<Float> low = new ArrayList<>();
    List<Float> high = new ArrayList<>();
    if (composite.needsRange()) {
      range(subject, low, high);
    }
    var numbers = new Composite.Numbers((float) epsilon, (float) gamma, bias, low, high);
    return new Relevance(
        this, subject, workspace, composite.rules(numbers), layer, start == Start.SCORE, 1);
  }

  private void range(Subject subject, List<Float> low, List<Float> high) {
    Levels levels = subject.levels();
    int c = subject.image().dim(0);
    if (levels.black().size() != c || levels.white().size() != c) {
      throw Unsuited.of(
          "lrp: %s needs to know black and white of %d channels, the preprocessing tells %d; use"
              + " epsilon_plus_flat",
          composite.name().toLowerCase(Locale.ROOT), c, levels.black().size());
    }
    for (int i = 0; i < c; i++) {
      low.add(Math.min(levels.black().get(i), levels.white().get(i)));
      high.add(Math.max(levels.black().get(i), levels.white().get(i)));
    }
  }
}
