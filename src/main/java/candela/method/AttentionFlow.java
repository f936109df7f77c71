package candela.method;

import candela.graph.Rules;
import candela.graph.SessionOptions;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One row: how much of what is read comes from each token, through all layers of attention. */
final class AttentionFlow extends OneRow {
  /** What a layer hands on from each token to each other one. */
  interface Layer {
    /**
     * @param weights [heads,tokens,tokens], each row a token's attention
     * @param gradients of the score, likewise
     * @return [tokens,tokens]
     */
    double[] flow(int heads, int tokens, float[] weights, float[] gradients);
  }

  private final String method;
  private final Channels channels;
  private final Query query;
  private final Upsampling upsampling;
  private final Layer layer;
  private final Workspace workspace;
  private final Shape image;
  private final List<double[]> layers = new ArrayList<>();
  private int tokens;
  private double score;

  AttentionFlow(
      Method method,
      Subject subject,
      Workspace workspace,
      Query query,
      Upsampling upsampling,
      Layer layer) {
    super(
        Ask.backward(method.score(), SessionOptions.ATTENTION, Rules.GRADIENT), subject, workspace);
    this.method = Methods.name(method);
    channels = method.channels();
    this.query = query;
    this.upsampling = upsampling;
    this.layer = layer;
    this.workspace = workspace;
    image = subject.image();
  }

  @Override
  protected void add(int first, Answers answers) {
    score = answers.scores()[0];
    for (int i = 0; i < answers.allValues().size(); i++) {
      Tensor weights = answers.allValues().get(i);
      Shape s = weights.shape();
      int t = s.dim(-1);
      if (s.rank() > 4 || s.dim(-2) != t || !layers.isEmpty() && t != tokens) {
        throw CandelaException.of(
            "%s: attention of all tokens to all expected in every layer, that of layer %d of %d is"
                + " %s; use a class activation map",
            method, i + 1, answers.allValues().size(), s);
      }
      tokens = t;
      float[] w = workspace.device().read(weights);
      float[] g = workspace.device().read(answers.allGradients().get(i));
      layers.add(layer.flow(w.length / (t * t), t, w, g));
    }
  }

  @Override
  public Attribution result() {
    if (layers.isEmpty()) {
      return new Attribution(image.with(0, 1), new float[image.count(1, 3)], channels, Map.of());
    }
    float[] seen = InternalInfluence.floats(seen());
    FeatureMap map = FeatureMap.of(method, "attention", image, Shape.of(1, tokens, 1), seen);
    double[] pixels = new double[map.pixels()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = map.at(0, i);
    }
    return ClassActivation.map(pixels, map, image, upsampling, channels, score);
  }

  /** Of every token what is read of it in the end, from the last layer to the first. */
  private double[] seen() {
    FeatureMap patches =
        FeatureMap.of(method, "attention", image, Shape.of(1, tokens, 1), new float[tokens]);
    boolean first = query == Query.CLASS && tokens > patches.pixels();
    double[] row = new double[tokens];
    for (int i = 0; i < tokens; i++) {
      row[i] = first ? (i == 0 ? 1 : 0) : 1.0 / tokens;
    }
    for (double[] flow : layers.reversed()) {
      double[] before = new double[tokens];
      for (int i = 0; i < tokens; i++) {
        for (int k = 0; k < tokens; k++) {
          before[k] += row[i] * flow[i * tokens + k];
        }
      }
      row = before;
    }
    return row;
  }
}
