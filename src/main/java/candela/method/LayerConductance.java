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
import java.util.Map;

/**
 * How the difference of the scores of image and baseline is made up of the units of a layer.
 *
 * <p><b>Definition:</b> a = ∫ ∂f/∂A dA along b + α (x − b), A the layer: Σ_k g(k + ½) ⊙ (A(k + 1) −
 * A(k)), both at multiples of 1/nSteps. Convergence delta = Σ a − (f(x) − f(b)) where all of the
 * score goes through the layer.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a in the shape of the layer, tokens of patches as [c,h',w'].
 *
 * <p><b>Parameters:</b> layer (a value of the model; default empty: what the last attention reads,
 * or the last convolution with what follows at its size); nSteps (1 to 2²⁴, default 50); baseline
 * (default zero); seed (of the random baseline, default 0); score (default logit); channels
 * (default sum).
 *
 * <p><b>Cost:</b> 2 nSteps + 1 forward rows, as many backward rows down to the layer.
 *
 * <p><b>Source:</b> Dhamdhere, Sundararajan and Yan 2019, "How important is a neuron?", section 3.
 *
 * <p><b>Differences:</b> gradients are taken in the middle of each of equal steps, Captum's at its
 * beginning, the steps being those between the points of a Gauss-Legendre quadrature.
 */
public record LayerConductance(
    String layer, int nSteps, Baseline baseline, long seed, ScoreKind score, Channels channels)
    implements Method {
  public LayerConductance() {
    this("", 50, Baseline.ZERO, 0, ScoreKind.LOGIT, Channels.SUM);
  }

  public LayerConductance {
    Check.steps(1, nSteps, "layer-conductance: nSteps");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Path(subject, workspace);
  }

  /** Rows 0, 2, … are ends of steps, rows 1, 3, … their middles. */
  private final class Path extends Sampled<Attribution> {
    private final Workspace workspace;
    private final StraightPath path;
    private final double[] ends = new double[2];
    private final Shape image;
    private Shape row = Shape.of(1, 1);
    private Layout layout;
    private double[] sum = new double[1];
    private float[] before;
    private float[] gradient;

    Path(Subject subject, Workspace workspace) {
      super(
          Ask.backward(LayerConductance.this.score, SessionOptions.layer(layer), Rules.GRADIENT),
          subject.shape(),
          subject.target(),
          2 * nSteps + 1);
      this.workspace = workspace;
      image = subject.image();
      float[] points = new float[2 * nSteps + 1];
      for (int i = 0; i < points.length; i++) {
        points[i] = (float) (i / (2.0 * nSteps));
      }
      path = new StraightPath(subject, workspace, baseline, seed, points);
    }

    @Override
    protected void fill(int first, Tensor rows) {
      path.fill(first, rows);
    }

    @Override
    protected void add(int first, Answers answers) {
      for (int r = 0; r < answers.rows(); r++) {
        int i = first + r;
        if (i % 2 == 1) {
          gradient = workspace.device().read(answers.gradients().rows(r, r + 1));
          continue;
        }
        float[] now = workspace.device().read(answers.values().rows(r, r + 1));
        if (i == 0) {
          row = answers.values().shape().with(0, 1);
          layout = FeatureMap.layout(answers);
          sum = new double[now.length];
          ends[0] = answers.scores()[r];
        } else {
          for (int k = 0; k < sum.length; k++) {
            sum[k] += gradient[k] * ((double) now[k] - before[k]);
          }
          ends[1] = answers.scores()[r];
        }
        before = now;
      }
    }

    @Override
    public Attribution result() {
      Map<String, Double> notes = Convergence.notes(sum, ends[1], ends[0]);
      return FeatureMap.ofAny(image, layout, row, Floats.of(sum)).attribution(channels, notes);
    }
  }
}
