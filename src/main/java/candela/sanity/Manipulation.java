package candela.sanity;

import candela.device.Device;
import candela.graph.Network;
import candela.graph.Softened;
import candela.method.Subject;
import candela.probe.Pipeline;
import candela.tensor.CandelaException;
import java.util.Arrays;

/**
 * An image that looks the same and is classified the same, whose map is another's.
 *
 * <p><b>Definition:</b> with a(x) the gradient, or x times it, h_i = Σ_c |a_ci| / Σ |a|, and p the
 * probability of the explained class, x' minimises ‖h(x') − h*‖² / ‖h*‖² + keep (p(x') − p(x))² by
 * Adam from x, each value held between black and white. The model is softened meanwhile ({@link
 * Softened}), β growing from beta to growth · beta in ten steps; what a changes by follows from
 * gradients on both sides of x', as the product of the second derivatives with a direction.
 *
 * <p><b>Shapes:</b> x[c,h,w], h*[h,w] → x'[c,h,w].
 *
 * <p><b>Parameters:</b> timesInput (whether the map is input × gradient, default false); iterations
 * (1 or more, default 1000); rate (of Adam, share of the range from black to white, default 2e-4);
 * keep (weight of the class's probability, default 10); beta (above 0, default 10); growth (1 or
 * more, default 10).
 *
 * <p><b>Cost:</b> 4 forward and backward rows an iteration.
 *
 * <p><b>Source:</b> Dombrowski et al. 2019, "Explanations can be manipulated and geometry is to
 * blame", section 2.
 *
 * <p><b>Differences:</b> the authors hold all classes' probabilities, differentiate twice by
 * automatic differentiation, and take 1,500 iterations; losses are relative here, so that weights
 * depend on no size; theirs, 1e11 and 1e6 for 224 × 224 pixels and 1,000 classes, are a keep of
 * about 10.
 */
public record Manipulation(
    boolean timesInput, int iterations, double rate, double keep, double beta, double growth) {
  /** How often β grows. */
  private static final int STEPS = 10;

  public Manipulation() {
    this(false, 1000, 2e-4, 10, 10, 10);
  }

  public Manipulation {
    if (iterations < 1) {
      throw CandelaException.of("iterations: 1 or more expected, got %d", iterations);
    }
    positive(rate, "rate");
    positive(beta, "beta");
    if (!(keep >= 0 && keep < Double.POSITIVE_INFINITY)) {
      throw CandelaException.of("keep: a number of 0 or more expected, got %s", keep);
    }
    if (!(growth >= 1 && growth <= 1e6)) {
      throw CandelaException.of("growth: 1 to 1e6 expected, got %s", growth);
    }
  }

  private static void positive(double value, String name) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw CandelaException.of("%s: a number above 0 expected, got %s", name, value);
    }
  }

  /** Told after every iteration; false stops. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param map the first part of the loss, 1 where the map has nothing of the other
     * @param probability the second, weighed
     */
    boolean step(int iteration, double map, double probability);
  }

  /**
   * The manipulated image.
   *
   * @param output name of the output with the class scores, null for the first
   * @param subject an image whose levels are known
   * @param wanted what a shall look like, [c,h,w]
   */
  public float[] of(
      Network network,
      String output,
      Device device,
      Subject subject,
      float[] wanted,
      Listener listener) {
    double[] share = Descent.share(wanted, subject.shape().count(1, 3));
    double sum = Arrays.stream(share).sum();
    if (!(sum > 0)) {
      throw CandelaException.of(
          "%s: a map with values other than zero expected to be copied, the other image's has none;"
              + " take another image",
          network.name());
    }
    var descent = new Descent(this, device, subject, share);
    for (int s = 0; s < STEPS; s++) {
      int until = (int) ((long) iterations * (s + 1) / STEPS);
      double sharp = beta * Math.pow(growth, s / (STEPS - 1.0));
      Network soft = Network.of(Softened.of(network.model(), sharp).model()).channelsFirst();
      try (var pipeline = new Pipeline(soft, device, 2, output)) {
        while (descent.done() < until) {
          if (!descent.step(pipeline, listener)) {
            return descent.image();
          }
        }
      }
    }
    return descent.image();
  }
}
