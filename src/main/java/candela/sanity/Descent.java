package candela.sanity;

import candela.graph.ScoreKind;
import candela.method.Subject;
import candela.probe.Pipeline;
import candela.tensor.CandelaException;
import java.util.List;

/** Where the image of a {@link Manipulation} is, and Adam's means. For one thread. */
final class Descent {
  /**
   * How far a value is moved at most, to each side, between two gradients whose difference is
   * taken; of the range. Nearer, choices of maxima that differ are few and their steps large.
   */
  private static final double APART = 1e-2;

  private static final double DECAY = 0.9;
  private static final double DECAY_SQUARE = 0.999;
  private static final double SMALL = 1e-12;

  private final Manipulation settings;
  private final Subject subject;
  private final double[] wanted;
  private final double square;
  private final double range;
  private final Pipeline network;
  private final double probability;
  private final float[] x;
  private final double[] mean;
  private final double[] spread;
  private int done;

  /**
   * Keeps the probability that the network gives to the image as it is.
   *
   * @param network as it is, not softened
   * @throws CandelaException where the image has no map, or one that is not finite
   */
  Descent(Manipulation settings, Subject subject, double[] wanted, Pipeline network) {
    this(settings, subject, wanted, network, own(settings, subject, network));
  }

  /**
   * @param network whose probability is kept
   * @param probability that the class shall keep
   */
  Descent(
      Manipulation settings,
      Subject subject,
      double[] wanted,
      Pipeline network,
      double probability) {
    this.settings = settings;
    this.subject = subject;
    this.wanted = wanted;
    this.network = network;
    this.probability = probability;
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

  /** The probability, of an image that has a map. */
  private static double own(Manipulation settings, Subject subject, Pipeline network) {
    Slope logit = slope(network, subject, subject.pixels(), ScoreKind.LOGIT);
    Slope chance = slope(network, subject, subject.pixels(), ScoreKind.PROBABILITY);
    network.run(List.of(logit, chance));
    float[] a = map(settings, logit.result(), subject.pixels());
    sum(a, "the image's own map", "take another image, class or model");
    return chance.score();
  }

  private static Slope slope(Pipeline pipeline, Subject subject, float[] image, ScoreKind kind) {
    return new Slope(pipeline.device(), image, subject.target(), kind);
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

  /**
   * Σ |a|, by which a map is divided.
   *
   * @param what a is, for the message
   * @param advice what to do where it is not such
   * @throws CandelaException where it is no number that can be divided by
   */
  static double sum(float[] a, String what, String advice) {
    double sum = 0;
    for (float v : a) {
      sum += Math.abs(v);
    }
    if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
      throw CandelaException.of(
          "%s: finite values that are not all zero expected, their sizes add up to %s; %s",
          what, sum, advice);
    }
    return sum;
  }

  /**
   * Σ_c |a_ci| / Σ |a|, [h,w].
   *
   * @param sum Σ |a|
   */
  static double[] share(float[] a, int pixels, double sum) {
    double[] h = new double[pixels];
    for (int i = 0; i < a.length; i++) {
      h[i % pixels] += Math.abs(a[i]) / sum;
    }
    return h;
  }

  int done() {
    return done;
  }

  /** Takes the place of another. */
  void goOn(Manipulation.State from) {
    done = from.done();
    System.arraycopy(from.image(), 0, x, 0, x.length);
    System.arraycopy(from.mean(), 0, mean, 0, mean.length);
    System.arraycopy(from.square(), 0, spread, 0, spread.length);
  }

  /**
   * The image as it is, and its loss.
   *
   * @param soft the softened network
   */
  Manipulation.Result result(Pipeline soft) {
    Loss loss = loss(soft, new double[x.length]);
    return new Manipulation.Result(x.clone(), loss.map(), loss.probability());
  }

  /**
   * One iteration; false where the listener says stop.
   *
   * @param soft the softened network
   */
  boolean step(Pipeline soft, Manipulation.Listener listener) {
    double[] slope = new double[x.length];
    Loss loss = loss(soft, slope);
    adam(slope);
    var state = new Manipulation.State(done, x, mean, spread);
    return listener.step(state, loss.map(), loss.probability());
  }

  /** What is made small: the map's distance, and what the class's probability lost, weighed. */
  record Loss(double map, double probability) {}

  /**
   * The loss of the image as it is.
   *
   * @param soft the softened network
   * @param slope of their sum, is added to
   * @throws CandelaException where one is no number
   */
  Loss loss(Pipeline soft, double[] slope) {
    Slope chance = slope(network, subject, x, ScoreKind.PROBABILITY);
    network.run(List.of(chance));
    double lost = chance.score() - probability;
    for (int i = 0; i < slope.length; i++) {
      slope[i] += settings.keep() * 2 * lost * chance.result()[i];
    }
    var loss = new Loss(map(soft, slope), settings.keep() * lost * lost);
    double sum = loss.map + loss.probability;
    for (double s : slope) {
      sum += Math.abs(s);
    }
    if (!Double.isFinite(sum)) {
      throw CandelaException.of(
          "iteration %d: a finite loss and slope expected, got %s for the map and %s for the"
              + " probability; take a smaller keep, or a beta nearer to 10",
          done + 1, loss.map, loss.probability);
    }
    return loss;
  }

  /** The gradient, or x times it. */
  private static float[] map(Manipulation settings, float[] g, float[] x) {
    if (!settings.timesInput()) {
      return g;
    }
    float[] a = new float[g.length];
    for (int i = 0; i < a.length; i++) {
      a[i] = g[i] * x[i];
    }
    return a;
  }

  /**
   * The loss of the map and its slope at every value of the image.
   *
   * @param slope is added to
   */
  private double map(Pipeline soft, double[] slope) {
    Slope logit = slope(soft, subject, x, ScoreKind.LOGIT);
    soft.run(List.of(logit));
    float[] g = logit.result();
    boolean timesInput = settings.timesInput();
    int pixels = wanted.length;
    float[] a = map(settings, g, x);
    double total =
        sum(
            a,
            "iteration " + (done + 1) + ": the softened network's map",
            "take a smaller rate, or a beta nearer to 10");
    double[] h = share(a, pixels, total);
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
      double of = Math.signum(a[i]) * (down[i % pixels] - both) / total;
      direction[i] = timesInput ? of * x[i] : of;
      slope[i] += timesInput ? of * g[i] : 0;
      most = Math.max(most, Math.abs(direction[i]));
    }
    if (most > 0) {
      double apart = APART * range / most;
      Slope above = slope(soft, subject, moved(direction, apart), ScoreKind.LOGIT);
      Slope below = slope(soft, subject, moved(direction, -apart), ScoreKind.LOGIT);
      soft.run(List.of(above, below));
      for (int i = 0; i < slope.length; i++) {
        slope[i] += ((double) above.result()[i] - below.result()[i]) / (2 * apart);
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
