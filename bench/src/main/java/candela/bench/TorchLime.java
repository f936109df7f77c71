package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import candela.image.Slic;
import candela.method.Levels;
import candela.method.Lime;
import candela.method.Subject;
import java.util.Arrays;

/**
 * LIME: superpixels (PyTorch has none, so Candela's), images with some of them black, ridge
 * regression on the host.
 */
final class TorchLime implements TorchMethod {
  private static final int PIXELS = Setting.SIZE * Setting.SIZE;

  private final TorchModel model;
  private final Lime method;
  private final int target;
  private final int batch;
  private final int[] superpixel;
  private final int features;
  private final float[] coins;
  private final NDManager own;
  private final NDArray index;
  private final NDArray hidden;
  private final NDArray shown;

  TorchLime(TorchModel model, Lime method, Subject subject, int batch, Draws draws) {
    this.model = model;
    this.method = method;
    this.batch = batch;
    target = subject.target();
    superpixel = superpixels(method, subject);
    features = Arrays.stream(superpixel).max().orElseThrow() + 1;
    coins = draws.uniform(method.seed(), 0, method.samples(), features);
    for (int i = 0; i < coins.length; i++) {
      coins[i] = i < features || coins[i] < 0.5f ? 1 : 0;
    }
    own = model.scope();
    long[] labels = Arrays.stream(superpixel).asLongStream().toArray();
    index = own.create(labels, new Shape(1, PIXELS));
    Shape shape = new Shape(1, 3, Setting.SIZE, Setting.SIZE);
    NDArray x = model.layout(own.create(subject.pixels(), shape));
    float[] black = new float[subject.pixels().length];
    for (int i = 0; i < black.length; i++) {
      black[i] = subject.levels().black().get(i / PIXELS);
    }
    hidden = model.layout(own.create(black, shape));
    shown = x.sub(hidden);
  }

  private static int[] superpixels(Lime method, Subject subject) {
    Levels levels = subject.levels();
    double[] rgb = new double[subject.pixels().length];
    for (int i = 0; i < rgb.length; i++) {
      int k = levels.blueFirst() ? 2 - i / PIXELS : i / PIXELS;
      double black = levels.black().get(k);
      double level = subject.pixels()[k * PIXELS + i % PIXELS] - black;
      rgb[i] = Math.rint(level / (levels.white().get(k) - black) * 255) / 255;
    }
    return new Slic(method.segments(), method.compactness(), method.sigma())
        .labels(rgb, 3, Setting.SIZE, Setting.SIZE);
  }

  @Override
  public int loop() {
    return method.samples();
  }

  @Override
  public float[] map(int rows) {
    double[] scores = new double[rows];
    for (int at = 0; at < rows; at += batch) {
      int n = Math.min(batch, rows - at);
      try (NDManager scope = model.scope()) {
        JniUtils.setGradMode(false);
        float[] z = Arrays.copyOfRange(coins, at * features, (at + n) * features);
        NDArray pixels = index.broadcast(n, PIXELS);
        pixels.attach(scope);
        NDArray mask =
            scope
                .create(z, new Shape(n, features))
                .gather(pixels, 1)
                .reshape(n, 1, Setting.SIZE, Setting.SIZE);
        float[] p = model.probabilities(model.layout(mask.mul(shown).addi(hidden)), target);
        for (int i = 0; i < n; i++) {
          scores[at + i] = p[i];
        }
      }
    }
    double[] slope = LeastSquares.ridge(coins, features, scores, weights(rows), method.alpha());
    float[] map = new float[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      map[i] = (float) slope[superpixel[i]];
    }
    return map;
  }

  private double[] weights(int rows) {
    double[] weight = new double[rows];
    for (int i = 0; i < rows; i++) {
      int seen = 0;
      for (int j = 0; j < features; j++) {
        seen += (int) coins[i * features + j];
      }
      double d = 1 - Math.sqrt((double) seen / features);
      weight[i] = Math.sqrt(Math.exp(-d * d / (method.width() * method.width())));
    }
    return weight;
  }

  @Override
  public void close() {
    own.close();
  }
}
