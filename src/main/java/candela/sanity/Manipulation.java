package candela.sanity;

import candela.device.Device;
import candela.graph.Network;
import candela.graph.Softened;
import candela.method.Subject;
import candela.probe.Pipeline;
import candela.tensor.CandelaException;

/**
 * An image that looks the same and is classified the same, whose map is another's.
 *
 * <p><b>Definition:</b> with a(x) the gradient, or x times it, h_i = Σ_c |a_ci| / Σ |a|, and p the
 * probability of the explained class, x' minimises ‖h(x') − h*‖² / ‖h*‖² + keep (p(x') − p(x))² by
 * Adam from x, each value held between black and white. For h the model is softened meanwhile
 * ({@link Softened}), β growing from beta to growth · beta in ten steps; what a changes by follows
 * from gradients on both sides of x', a hundredth of the range away where most: the product of the
 * second derivatives with a direction, and what a MaxPool adds that chooses otherwise on the two
 * sides. For p, which needs first derivatives only, the model is as it is, at x' and at x: what is
 * held is what its users see, and the second part is 0 at x whatever β is.
 *
 * <p><b>Shapes:</b> x[c,h,w], h*[h,w] → x'[c,h,w].
 *
 * <p><b>Parameters:</b> timesInput (whether the map is input × gradient, default false); iterations
 * (1 or more, default 1000); rate (of Adam, share of the range from black to white, above 0, at
 * most 1, default 2e-4); keep (weight of the class's probability, 0 to 1e6, default 10); beta (1e-3
 * to 1e6, default 10); growth (1 to 1e6, default 10).
 *
 * <p><b>Cost:</b> 4 forward and backward rows an iteration.
 *
 * <p><b>Source:</b> Dombrowski et al. 2019, "Explanations can be manipulated and geometry is to
 * blame", section 2.
 *
 * <p><b>Differences:</b> the authors hold all classes' probabilities, those of the softened model
 * at x'; they differentiate twice by automatic differentiation, which does not see that a MaxPool
 * chooses otherwise nearby: with SqueezeNet, maps came less near by larger changes. They take 1,500
 * iterations; losses are relative here, so that weights depend on no size; theirs, 1e11 and 1e6 for
 * 224 × 224 pixels and 1,000 classes, are a keep of about 10.
 */
public record Manipulation(
    boolean timesInput, int iterations, double rate, double keep, double beta, double growth) {
  /** Values of β. */
  private static final int STEPS = 10;

  /** Of weights and of β: where float32 overflows is far. */
  private static final double MOST = 1e6;

  public Manipulation() {
    this(false, 1000, 2e-4, 10, 10, 10);
  }

  public Manipulation {
    if (iterations < 1) {
      throw CandelaException.of("iterations: 1 or more expected, got %d", iterations);
    }
    if (!(rate > 0 && rate <= 1)) {
      throw CandelaException.of("rate: above 0, at most 1 expected, got %s", rate);
    }
    within(keep, "keep", 0);
    within(beta, "beta", 1e-3);
    within(growth, "growth", 1);
  }

  private static void within(double value, String name, double least) {
    if (!(value >= least && value <= MOST)) {
      throw CandelaException.of("%s: %s to 1e6 expected, got %s", name, least, value);
    }
  }

  /**
   * Where a descent is: all that it goes on from.
   *
   * @param done iterations
   * @param image x' so far, [c,h,w]
   * @param mean Adam's, of the slope
   * @param square Adam's, of the slope's square
   */
  public record State(int done, float[] image, double[] mean, double[] square) {}

  /** Told after every iteration; false stops. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param state until the next iteration changes it
     * @param map the first part of the loss, 1 where the map has nothing of the other
     * @param probability the second, weighed
     */
    boolean step(State state, double map, double probability);
  }

  /**
   * What came of it.
   *
   * @param image x', [c,h,w]
   * @param map the first part of its loss, at the largest β
   * @param probability the second, weighed
   */
  public record Result(float[] image, double map, double probability) {}

  /**
   * The manipulated image.
   *
   * @param output name of the output with the class scores, null for the first
   * @param subject an image whose levels are known
   * @param wanted what a shall look like, [c,h,w]
   * @param from where one with the same settings, network, images and device was; null for the
   *     beginning
   * @throws CandelaException where a map is zero or not finite, at first or on the way
   */
  public Result of(
      Network network,
      String output,
      Device device,
      Subject subject,
      float[] wanted,
      State from,
      Listener listener) {
    double sum = Descent.sum(wanted, "the map to be copied", "take another image to copy from");
    double[] share = Descent.share(wanted, subject.shape().count(1, 3), sum);
    try (var pipeline = new Pipeline(network, device, 1, output)) {
      var descent = new Descent(this, subject, share, pipeline);
      if (from != null) {
        descent.goOn(from);
      }
      for (int s = 0; ; s++) {
        int until = (int) ((long) iterations * (s + 1) / STEPS);
        if (descent.done() >= until && s < STEPS - 1) {
          continue;
        }
        double sharp = beta * Math.pow(growth, s / (STEPS - 1.0));
        Network soft = Network.of(Softened.of(network.model(), sharp).model()).channelsFirst();
        try (var softened = new Pipeline(soft, device, 2, output)) {
          boolean on = true;
          while (on && descent.done() < until) {
            on = descent.step(softened, listener);
          }
          if (!on || s == STEPS - 1) {
            return descent.result(softened);
          }
        }
      }
    }
  }
}
