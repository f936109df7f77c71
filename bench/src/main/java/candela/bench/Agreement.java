package candela.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Do all engines compute the same? Speeds of different answers are not compared.
 *
 * <p>Outputs may differ by 1e-4 in relative L2. So may input gradients, unless PyTorch's own two
 * layouts differ by more: in networks with random weights some activations lie within rounding of
 * zero, and each that rounds to the other side of its ReLU switches a whole path of the gradient.
 * The bound is then three times what those two differ.
 */
final class Agreement {
  private static final double BOUND = 1e-4;
  private static final double ROUNDING = 3;

  /** Of untrained networks, whose sums are nearer to zero. */
  private static final double UNTRAINED = 5;

  private Agreement() {}

  /** Prints every engine's differences from the first of the peers. */
  static boolean check(List<Engine> engines, boolean untrained, PrintStream out) {
    List<float[]> outputs = new ArrayList<>();
    List<float[]> gradients = new ArrayList<>();
    for (Engine e : engines) {
      e.forward();
      outputs.add(e.output());
      if (e.differentiates()) {
        e.gradient();
      }
      gradients.add(e.differentiates() ? e.inputGradient() : null);
    }
    int reference = first(engines, e -> !(e instanceof CandelaEngine));
    int torch = first(engines, e -> !(e instanceof CandelaEngine) && e.differentiates());
    int other =
        first(
            engines,
            e ->
                !(e instanceof CandelaEngine) && e.differentiates() && engines.indexOf(e) != torch);
    double bound =
        torch < 0 || other < 0
            ? BOUND
            : Math.max(
                BOUND,
                (untrained ? UNTRAINED : ROUNDING)
                    * difference(gradients.get(other), gradients.get(torch)));
    boolean agree = true;
    for (int i = 0; i < engines.size(); i++) {
      if (reference < 0) {
        break;
      }
      double y = difference(outputs.get(i), outputs.get(reference));
      double dx =
          torch < 0 || gradients.get(i) == null
              ? 0
              : difference(gradients.get(i), gradients.get(torch));
      boolean same = y <= BOUND && dx <= bound;
      out.printf(
          Locale.ROOT,
          "  %-36s output %.1e (bound %.0e)  gradient %.1e (bound %.1e)%s%n",
          engines.get(i).name(),
          y,
          BOUND,
          dx,
          bound,
          same ? "" : "  DIFFERS");
      agree &= same;
    }
    return agree;
  }

  private interface Choice {
    boolean takes(Engine e);
  }

  private static int first(List<Engine> engines, Choice choice) {
    for (int i = 0; i < engines.size(); i++) {
      if (choice.takes(engines.get(i))) {
        return i;
      }
    }
    return -1;
  }

  /** ‖a−b‖/‖b‖; infinite where either is not a number or the lengths differ. */
  static double difference(float[] a, float[] b) {
    if (a.length != b.length) {
      return Double.POSITIVE_INFINITY;
    }
    double square = 0;
    double norm = 0;
    for (int i = 0; i < a.length; i++) {
      double d = (double) a[i] - b[i];
      square += d * d;
      norm += (double) b[i] * b[i];
    }
    double difference = Math.sqrt(square / norm);
    return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
  }
}
