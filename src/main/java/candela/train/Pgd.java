package candela.train;

import candela.config.Spec;
import candela.device.Attack.Ball;
import candela.device.Attack.Kind;
import candela.tensor.CandelaException;
import java.util.List;
import java.util.Locale;

/**
 * An attack that climbs the loss inside a ball around the image.
 *
 * <p><b>Definition:</b> x ← project(x + step · direction(∂loss/∂x)), {@code steps} times, direction
 * being the sign for L∞ and the unit vector for L2; projected into the ball of radius epsilon and
 * into the range of pixels. The loss is −ln p, p the label's probability; its gradient is taken
 * over 1 − p, which leaves its direction and does not round to 0 where the model is sure.
 *
 * <p><b>Parameters:</b> lengths are of pixels of 0 to 1, L2 over all of an image's values; start,
 * whether the first x is drawn from the ball (L2: from its surface).
 *
 * <p><b>Cost:</b> steps forward and backward rows an image.
 *
 * <p><b>Source:</b> Madry et al. 2017 (PGD); Goodfellow et al. 2014 (FGSM: one step of epsilon
 * without a random start).
 */
public record Pgd(Ball ball, double epsilon, double step, int steps, boolean start) {
  public Pgd {
    if (!(epsilon >= 0) || !(step >= 0) || steps < 1) {
      throw CandelaException.of(
          "attack: epsilon and step of 0 or more and 1 step or more expected, got %s, %s, %d",
          epsilon, step, steps);
    }
  }

  /** One step to the edge of the ball. */
  public static Pgd fgsm(Ball ball, double epsilon) {
    return new Pgd(ball, epsilon, epsilon, 1, false);
  }

  /**
   * Of {@code pgd:ball=l2,epsilon=0.5,step=0.125,steps=7,start=true} or {@code
   * fgsm:ball=linf,epsilon=0.03}, whose balls are these where nothing is said.
   */
  public static Pgd parse(String text) {
    Spec spec = Spec.parse(text);
    String usual = spec.name().equals("fgsm") ? "linf" : "l2";
    Ball ball =
        spec.choice("ball", usual, List.of("linf", "l2")).equals("l2") ? Ball.L2 : Ball.LINF;
    double epsilon = spec.number("epsilon", ball == Ball.L2 ? 0.5 : 8.0 / 255, 0, 1e6);
    Pgd attack =
        switch (spec.name()) {
          case "fgsm" -> fgsm(ball, epsilon);
          case "pgd" -> {
            int steps = spec.integer("steps", 7, 1, 100_000);
            double step = spec.number("step", 2.5 * epsilon / steps, 0, 1e6);
            yield new Pgd(ball, epsilon, step, steps, spec.bool("start", true));
          }
          default -> throw CandelaException.of("pgd or fgsm expected, got '%s'", text);
        };
    spec.finish();
    return attack;
  }

  Kind kind() {
    return ball == Ball.L2 ? Kind.UNIT : Kind.SIGN;
  }

  /** Reads as a recipe writes it. */
  @Override
  public String toString() {
    String in = "ball=" + ball.name().toLowerCase(Locale.ROOT) + ",epsilon=" + epsilon;
    return equals(fgsm(ball, epsilon))
        ? "fgsm:" + in
        : "pgd:" + in + ",step=" + step + ",steps=" + steps + ",start=" + start;
  }
}
