package candela.method;

import candela.graph.Layout;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.SessionOptions;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * How much the score changes with each unit of a layer, on average on the way from a baseline.
 *
 * <p><b>Definition:</b> a = Σ_k w_k ∂f/∂A at b + α_k (x − b), A the layer, α, w approximating the
 * integral over 0…1.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a in the shape of the layer, tokens of patches as [c,h',w'].
 *
 * <p><b>Parameters:</b> layer (a value of the model; default empty: what the last attention reads,
 * or the last convolution with what follows at its size); nSteps (as {@link IntegratedGradients},
 * default 50); method (as {@link IntegratedGradients}, default gausslegendre); baseline (default
 * zero); seed (of the random baseline, default 0); score (default logit); channels (default sum).
 *
 * <p><b>Cost:</b> nSteps forward rows, nSteps backward rows down to the layer.
 *
 * <p><b>Source:</b> Leino et al. 2018, "Influence-directed explanations for deep convolutional
 * networks", section II.
 *
 * <p><b>Differences:</b> where all that follows the layer is an average and a linear classifier, as
 * in the default layer of many networks, all its pixels have the same influence. Else none to
 * Captum.
 */
public record InternalInfluence(
    String layer,
    int nSteps,
    Quadrature method,
    Baseline baseline,
    long seed,
    ScoreKind score,
    Channels channels)
    implements Method {
  public InternalInfluence() {
    this("", 50, Quadrature.GAUSSLEGENDRE, Baseline.ZERO, 0, ScoreKind.LOGIT, Channels.SUM);
  }

  public InternalInfluence {
    method.check(nSteps, "internal-influence: nSteps");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Path(subject, workspace);
  }

  private final class Path extends Sampled<Attribution> {
    private final Workspace workspace;
    private final StraightPath path;
    private final MemorySegment weight;
    private final Shape image;
    private Shape row = Shape.of(1, 1);
    private Layout layout;
    private MemorySegment sum;

    Path(Subject subject, Workspace workspace) {
      super(
          Ask.backward(InternalInfluence.this.score, SessionOptions.layer(layer), Rules.GRADIENT),
          subject.shape(),
          subject.target(),
          nSteps);
      this.workspace = workspace;
      image = subject.image();
      path = new StraightPath(subject, workspace, baseline, seed, Floats.of(method.points(nSteps)));
      weight = workspace.floats(Floats.of(method.weights(nSteps)));
    }

    @Override
    protected void fill(int first, Tensor rows) {
      path.fill(first, rows);
    }

    @Override
    protected void add(int first, Answers answers) {
      Tensor g = answers.gradients();
      int n = g.count() / answers.rows();
      if (sum == null) {
        row = g.shape().with(0, 1);
        layout = FeatureMap.layout(answers);
        sum = workspace.allocate(n * 8L);
      }
      workspace
          .device()
          .kernels()
          .noise()
          .moments(
              answers.rows(), n, weight.asSlice(first * 4L), g.data(), sum, MemorySegment.NULL);
    }

    @Override
    public Attribution result() {
      float[] a =
          sum == null ? new float[row.count()] : Floats.of(workspace.readDoubles(sum, row.count()));
      return FeatureMap.ofAny(image, layout, row, a).attribution(channels, Map.of());
    }
  }
}
