package candela.method;

import candela.graph.Layout;
import candela.graph.Rules;
import candela.graph.SessionOptions;
import candela.graph.Unsuited;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Workspace;
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
  private final Upsampling upsampling;
  private final Layer layer;
  private final Workspace workspace;
  private final Shape image;
  private final List<double[]> layers = new ArrayList<>();
  private int tokens;
  private Layout layout;

  /** Of each token whether the score is read from it. */
  private boolean[] read;

  private double score;

  AttentionFlow(
      Method method, Subject subject, Workspace workspace, Upsampling upsampling, Layer layer) {
    super(
        Ask.backward(method.score(), SessionOptions.ATTENTION, Rules.GRADIENT), subject, workspace);
    this.method = Methods.name(method);
    channels = method.channels();
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
        throw Unsuited.of(
            "%s: attention of all tokens to all expected in every layer, that of layer %d of %d is"
                + " %s; use a class activation map",
            method, i + 1, answers.allValues().size(), s);
      }
      tokens = t;
      float[] w = workspace.device().read(weights);
      float[] g = workspace.device().read(answers.allGradients().get(i));
      layers.add(layer.flow(w.length / (t * t), t, w, g));
      read = read(g, t);
    }
    layout = answers.layout();
    if (layout != null && layout.pixels().length != tokens) {
      throw Unsuited.of(
          "%s: attention among the %d tokens of the image expected, it is among %d; use a class"
              + " activation map",
          method, layout.pixels().length, tokens);
    }
  }

  /** Those whose attention changes the score, in the last layer. */
  private static boolean[] read(float[] slopes, int tokens) {
    boolean[] read = new boolean[tokens];
    for (int i = 0; i < slopes.length; i++) {
      read[i / tokens % tokens] |= slopes[i] != 0;
    }
    return read;
  }

  @Override
  public Attribution result() {
    if (layers.isEmpty()) {
      return new Attribution(image.with(0, 1), new float[image.count(1, 3)], channels, Map.of());
    }
    float[] seen = Floats.of(seen());
    Shape row = Shape.of(1, tokens, 1);
    FeatureMap map = FeatureMap.of(method, "attention", image, layout, row, seen);
    double[] pixels = new double[map.pixels()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = map.at(0, i);
    }
    return ClassActivation.map(pixels, map, image, upsampling, channels, score);
  }

  /** Of every token what is read of it in the end, from the last layer to the first. */
  private double[] seen() {
    int readers = 0;
    for (boolean r : read) {
      readers += r ? 1 : 0;
    }
    double[] row = new double[tokens];
    for (int i = 0; i < tokens; i++) {
      row[i] = read[i] ? 1.0 / readers : 0;
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
