package candela.sanity;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.method.Subject;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Pipeline;
import candela.probe.Sampled;
import candela.tensor.Tensor;
import java.util.List;

/** Where the image of a {@link Manipulation} is, and Adam's means. For one thread. */
final class Descent {
  /** Largest change of a value between two gradients whose difference is taken, of the range. */
  private static final double APART = 1e-3;

  private static final double DECAY = 0.9;
  private static final double DECAY_SQUARE = 0.999;
  private static final double SMALL = 1e-12;

  private final Manipulation settings;
  private final Device device;
  private final Subject subject;
  private final double[] wanted;
  private final double square;
  private final double range;
  private final float[] x;
  private final double[] mean;
  private final double[] spread;
  private double probability;
  private int done;

  Descent(Manipulation settings, Device device, Subject subject, double[] wanted) {
    this(settings, device, subject, wanted, Double.NaN);
  }

  /**
   * @param probability that the class shall keep; NaN for that of the image as it is at first
   */
  Descent(
      Manipulation settings, Device device, Subject subject, double[] wanted, double probability) {
    this.probability = probability;
    this.settings = settings;
    this.device = device;
    this.subject = subject;
    this.wanted = wanted;
    double sum = 0;
    for (double w : wanted) {
      sum += w * w;
    }
    square = sum;
    range = range(subject);
    x = subject.pixels().clone();
    mean = new double[x.length];
    spread = new double[x.length];
  }

  /** From black to white, of the channel where that is most. */
  private static double range(Subject subject) {
    double most = 0;
    for (int c = 0; c < subject.levels().black().size(); c++) {
      double from = subject.levels().black().get(c);
      most = Math.max(most, Math.abs(subject.levels().white().get(c) - from));
    }
    return most;
  }

  /** Σ_c |a_ci| / Σ |a|, [h,w]; zeros where a is nothing else. */
  static double[] share(float[] a, int pixels) {
    double[] h = new double[pixels];
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      h[i % pixels] += Math.abs(a[i]);
      sum += Math.abs(a[i]);
    }
    for (int i = 0; i < pixels && sum > 0; i++) {
      h[i] /= sum;
    }
    return h;
  }

  int done() {
    return done;
  }

  float[] image() {
    return x.clone();
  }

  /** A score's gradient at an image. */
  private final class Slope extends Sampled<float[]> {
    private final float[] image;
    private double score;
    private float[] gradient;

    Slope(float[] image, ScoreKind kind) {
      super(Ask.gradient(kind), subject.target(), 1);
      this.image = image;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      device.write(rows.rows(0, 1), image);
    }

    @Override
    protected void add(int first, Answers answers) {
      score = answers.scores()[0];
      gradient = device.read(answers.gradients());
    }

    @Override
    public float[] result() {
      return gradient;
    }
  }

  /** One iteration; false where the listener says stop. */
  boolean step(Pipeline pipeline, Manipulation.Listener listener) {
    double[] slope = new double[x.length];
    Loss loss = loss(pipeline, slope);
    adam(slope);
    return listener.step(done, loss.map(), loss.probability());
  }

  /** What is made small: the map's distance, and what the class's probability lost, weighed. */
  record Loss(double map, double probability) {}

  /**
   * The loss of the image as it is.
   *
   * @param slope of their sum, is added to
   */
  Loss loss(Pipeline pipeline, double[] slope) {
    Slope logit = new Slope(x, ScoreKind.LOGIT);
    Slope chance = new Slope(x, ScoreKind.PROBABILITY);
    pipeline.run(List.of(logit, chance));
    if (Double.isNaN(probability)) {
      probability = chance.score;
    }
    double lost = chance.score - probability;
    for (int i = 0; i < slope.length; i++) {
      slope[i] += settings.keep() * 2 * lost * chance.gradient[i];
    }
    return new Loss(map(pipeline, logit.gradient, slope), settings.keep() * lost * lost);
  }

  /**
   * The loss of the map and its slope at every value of the image.
   *
   * @param g gradient of the logit
   * @param slope is added to
   */
  private double map(Pipeline pipeline, float[] g, double[] slope) {
    boolean timesInput = settings.timesInput();
    int pixels = wanted.length;
    float[] a = g;
    if (timesInput) {
      a = new float[g.length];
      for (int i = 0; i < a.length; i++) {
        a[i] = g[i] * x[i];
      }
    }
    double[] h = share(a, pixels);
    double total = 0;
    for (float v : a) {
      total += Math.abs(v);
    }
    double loss = 0;
    double both = 0;
    double[] down = new double[pixels];
    for (int i = 0; i < pixels; i++) {
      double far = h[i] - wanted[i];
      loss += far * far / square;
      down[i] = 2 * far / square;
      both += down[i] * h[i];
    }
    // ∂loss/∂a, and with it ∂loss/∂g
    double[] direction = new double[g.length];
    double most = 0;
    for (int i = 0; i < g.length; i++) {
      double of = total == 0 ? 0 : Math.signum(a[i]) * (down[i % pixels] - both) / total;
      direction[i] = timesInput ? of * x[i] : of;
      slope[i] += timesInput ? of * g[i] : 0;
      most = Math.max(most, Math.abs(direction[i]));
    }
    if (most > 0) {
      double apart = APART * range / most;
      Slope above = new Slope(moved(direction, apart), ScoreKind.LOGIT);
      Slope below = new Slope(moved(direction, -apart), ScoreKind.LOGIT);
      pipeline.run(List.of(above, below));
      for (int i = 0; i < slope.length; i++) {
        slope[i] += ((double) above.gradient[i] - below.gradient[i]) / (2 * apart);
      }
    }
    return loss;
  }

  private float[] moved(double[] direction, double by) {
    float[] y = new float[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (float) (x[i] + by * direction[i]);
    }
    return y;
  }

  private void adam(double[] slope) {
    done++;
    double first = 1 - Math.pow(DECAY, done);
    double second = 1 - Math.pow(DECAY_SQUARE, done);
    int pixels = wanted.length;
    List<Float> black = subject.levels().black();
    List<Float> white = subject.levels().white();
    for (int i = 0; i < x.length; i++) {
      mean[i] = DECAY * mean[i] + (1 - DECAY) * slope[i];
      spread[i] = DECAY_SQUARE * spread[i] + (1 - DECAY_SQUARE) * slope[i] * slope[i];
      double by = mean[i] / first / (Math.sqrt(spread[i] / second) + SMALL);
      float to = (float) (x[i] - settings.rate() * range * by);
      float b = black.get(i / pixels);
      float w = white.get(i / pixels);
      x[i] = Math.clamp(to, Math.min(b, w), Math.max(b, w));
    }
  }
}
