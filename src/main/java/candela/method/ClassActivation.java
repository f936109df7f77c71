package candela.method;

import candela.graph.Layout;
import candela.graph.Rules;
import candela.graph.SessionOptions;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** One row: a layer's values and gradients, and a map that is made of the two. */
final class ClassActivation extends OneRow {
  /** Values A[c,h,w] and gradients g of the layer to a map [h,w]. */
  interface Mix {
    double[] map(FeatureMap a, FeatureMap g);
  }

  private final String method;
  private final Channels channels;
  private final String layer;
  private final Upsampling upsampling;
  private final Workspace workspace;
  private final Shape image;
  private final Mix mix;
  private Shape shape;
  private float[] row;
  private FeatureMap a;
  private FeatureMap g;
  private double score;

  ClassActivation(
      Method method,
      Subject subject,
      Workspace workspace,
      String layer,
      Upsampling upsampling,
      Mix mix) {
    super(
        Ask.backward(method.score(), SessionOptions.layer(layer), Rules.GRADIENT),
        subject,
        workspace);
    this.method = Methods.name(method);
    channels = method.channels();
    this.layer = layer;
    this.upsampling = upsampling;
    this.workspace = workspace;
    this.mix = mix;
    image = subject.image();
  }

  @Override
  protected void add(int first, Answers answers) {
    shape = answers.values().shape();
    row = workspace.device().read(answers.values());
    Layout layout = FeatureMap.layout(answers);
    float[] slopes = workspace.device().read(answers.gradients());
    a = FeatureMap.of(method, layer, image, layout, shape, row);
    g = FeatureMap.of(method, layer, image, layout, shape, slopes);
    score = answers.scores()[0];
  }

  FeatureMap values() {
    return a;
  }

  /** Of the image. */
  double score() {
    return score;
  }

  /** The layer as the model has it, in {@link #shape}. */
  float[] row() {
    return row;
  }

  /** Of one row of the layer. */
  Shape shape() {
    return shape;
  }

  @Override
  public Attribution result() {
    if (a == null) {
      return new Attribution(image.with(0, 1), new float[image.count(1, 3)], channels, Map.of());
    }
    return map(mix.map(a, g), a, image, upsampling, channels, score);
  }

  /** A layer's map [h,w] as one of the image. */
  static Attribution map(
      double[] of,
      FeatureMap a,
      Shape image,
      Upsampling upsampling,
      Channels channels,
      double score) {
    float[] map = upsampling.of(Floats.of(of), a.h(), a.w(), image.dim(1), image.dim(2));
    Shape shape = upsampling == Upsampling.NONE ? Shape.of(1, a.h(), a.w()) : image.with(0, 1);
    Map<String, Double> notes = new LinkedHashMap<>();
    notes.put("score", score);
    notes.put("layerChannels", (double) a.channels());
    notes.put("layerHeight", (double) a.h());
    notes.put("layerWidth", (double) a.w());
    return new Attribution(shape, map, channels, notes);
  }

  /** Σ_k weight_k A_k, without what is below zero where rectified. */
  static double[] weighted(double[] weight, FeatureMap a, boolean rectified) {
    double[] map = new double[a.pixels()];
    for (int i = 0; i < map.length; i++) {
      for (int k = 0; k < weight.length; k++) {
        map[i] += weight[k] * a.at(k, i);
      }
      map[i] = rectified ? Math.max(map[i], 0) : map[i];
    }
    return map;
  }
}
