package candela.method;

import candela.graph.Bias;
import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.graph.SessionOptions;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the score comes from: of the pixels, and of the bias of every layer at each place.
 *
 * <p><b>Definition:</b> a = Σ_c ψ(∂f/∂x ⊙ x)_c + Σ_l Σ_k ψ(∂f/∂y_l ⊙ b_l)_k, y_l what convolution l
 * gives before its activation, with the batch normalisation behind it if any, or what a batch
 * normalisation by itself gives; b_l its bias, one a channel: s b + t where y = s (w x + b) + t.
 * ψ(m) = upsampled (|m| − min |m|) / (max |m| − min |m|), over all channels and pixels of the
 * layer, 0 where all are equal.
 *
 * <p><b>Shapes:</b> x[c,h,w], y_l[k,h_l,w_l] → a[1,h,w].
 *
 * <p><b>Parameters:</b> rescale (false leaves |m| as it is, so that a layer counts by its size;
 * default true); upsampling (bilinear or nearest; default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row, and the memory of all y_l and their gradients.
 *
 * <p><b>Source:</b> Srinivas and Fleuret 2019, "Full-gradient representation for neural network
 * visualization"; ψ as in the authors' code.
 *
 * <p><b>Differences:</b> the authors' code counts the bias of a convolution and that of the batch
 * normalisation behind it as two layers, upsamples between corners instead of centres, and adds
 * 1e-6 to what it divides by; pytorch-grad-cam rescales every channel by itself. As there, biases
 * of fully connected layers, which have no place, are not in the map, nor those of other
 * normalisations, activations and attention, nor what is added to channels without a convolution or
 * batch normalisation right before it. The notes inputTerm and biasTerms are the sums without ψ: in
 * networks of ReLUs and poolings they add up to the logit but for fully connected layers' biases,
 * the paper's completeness.
 */
public record FullGrad(boolean rescale, Upsampling upsampling, ScoreKind score) implements Method {
  public FullGrad() {
    this(true, Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  public FullGrad {
    if (upsampling == Upsampling.NONE) {
      throw CandelaException.of("full-grad: upsampling: bilinear, nearest expected, got 'none'");
    }
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new One(subject, workspace);
  }

  private final class One extends OneRow {
    private final Workspace workspace;
    private final Shape image;
    private final float[] pixels;
    private final double[] map;
    private final Map<String, Double> notes = new LinkedHashMap<>();

    One(Subject subject, Workspace workspace) {
      super(
          Ask.backward(FullGrad.this.score, SessionOptions.FULL_GRADIENT, Rules.GRADIENT),
          subject,
          workspace);
      this.workspace = workspace;
      image = subject.image();
      pixels = subject.pixels();
      map = new double[image.count(1, 3)];
    }

    @Override
    protected void add(int first, Answers answers) {
      List<Tensor> gradients = answers.allGradients();
      double[] ofInput = ofInput(workspace.device().read(gradients.getFirst()));
      add(ofInput, image.dim(1), image.dim(2));
      double ofBiases = 0;
      for (int i = 1; i < gradients.size(); i++) {
        Bias b = answers.biases().get(i - 1);
        Shape s = gradients.get(i).shape();
        double[] terms = ofLayer(b, s, workspace.device().read(gradients.get(i)));
        add(terms, s.dim(b.axis() == 1 ? 2 : 1), s.dim(b.axis() == 3 ? 2 : 3));
        ofBiases += sum(terms);
      }
      notes.put("score", (double) answers.scores()[0]);
      notes.put("inputTerm", sum(ofInput));
      notes.put("biasTerms", ofBiases);
      notes.put("layers", gradients.size() - 1.0);
    }

    /** x ⊙ ∂f/∂x. */
    private double[] ofInput(float[] slopes) {
      double[] terms = new double[slopes.length];
      for (int i = 0; i < terms.length; i++) {
        terms[i] = (double) pixels[i] * slopes[i];
      }
      return terms;
    }

    /** Adds ψ of a layer's terms [channels,h,w]. */
    private void add(double[] terms, int h, int w) {
      float[] joined = Floats.of(joined(terms, h * w, rescale));
      float[] large = upsampling.of(joined, h, w, image.dim(1), image.dim(2));
      for (int i = 0; i < map.length; i++) {
        map[i] += large[i];
      }
    }

    @Override
    public Attribution result() {
      return new Attribution(image.with(0, 1), Floats.of(map), channels(), notes);
    }
  }

  /** ∂f/∂y ⊙ b as [channels,h,w], of slopes [1,…] with the channels along the bias's axis. */
  private static double[] ofLayer(Bias bias, Shape s, float[] slopes) {
    int channels = s.dim(bias.axis());
    int inner = s.count(bias.axis() + 1, 4);
    int pixels = slopes.length / channels;
    double[] terms = new double[slopes.length];
    int i = 0;
    for (int outer = 0; outer < pixels; outer += inner) {
      for (int k = 0; k < channels; k++) {
        for (int pixel = outer; pixel < outer + inner; pixel++) {
          terms[k * pixels + pixel] = bias.channels()[k] * slopes[i++];
        }
      }
    }
    return terms;
  }

  private static double[] joined(double[] terms, int pixels, boolean rescale) {
    double least = 0;
    double range = 1;
    if (rescale) {
      double most = 0;
      least = Double.MAX_VALUE;
      for (double m : terms) {
        least = Math.min(least, Math.abs(m));
        most = Math.max(most, Math.abs(m));
      }
      range = most - least;
    }
    double[] joined = new double[pixels];
    for (int first = 0; range != 0 && first < terms.length; first += pixels) {
      for (int i = 0; i < pixels; i++) {
        joined[i] += (Math.abs(terms[first + i]) - least) / range;
      }
    }
    return joined;
  }

  private static double sum(double[] terms) {
    double sum = 0;
    for (double m : terms) {
      sum += m;
    }
    return sum;
  }
}
