package candela.train;

import candela.config.Spec;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;

/**
 * The learning rate over the epochs, as a factor of the first one.
 *
 * @param kind how it falls: not at all, by {@code factor} at every milestone, or along half a
 *     cosine to 0
 * @param milestones epochs after which it falls, for steps
 * @param warmup epochs in which it first rises from 0
 */
public record Schedule(Kind kind, List<Double> milestones, double factor, double warmup) {
  /** Ways to fall. */
  public enum Kind {
    CONSTANT,
    STEP,
    COSINE
  }

  public Schedule {
    milestones = List.copyOf(milestones);
  }

  /** Of {@code cosine:warmup=1}, {@code step:at=[30,60],factor=0.1} or {@code constant}. */
  public static Schedule parse(String text) {
    Spec spec = Spec.parse(text);
    Kind kind =
        switch (spec.name()) {
          case "constant" -> Kind.CONSTANT;
          case "cosine" -> Kind.COSINE;
          case "step" -> Kind.STEP;
          default -> throw CandelaException.of("constant, cosine or step expected, got '%s'", text);
        };
    List<Double> at = List.of();
    double factor = 1;
    if (kind == Kind.STEP) {
      at = numbers(spec.text("at", "[]"));
      factor = spec.number("factor", 0.1, 0, 1);
    }
    double warmup = spec.number("warmup", 0, 0, 1e6);
    spec.finish();
    return new Schedule(kind, at, factor, warmup);
  }

  private static List<Double> numbers(String list) {
    try {
      String inside = list.replaceAll("[\\[\\]\\s]", "");
      return inside.isEmpty()
          ? List.of()
          : Arrays.stream(inside.split(",", -1)).map(Double::valueOf).toList();
    } catch (NumberFormatException e) {
      throw new CandelaException("at: a list of epochs [30,60] expected, got '" + list + "'", e);
    }
  }

  /** The factor after so many epochs, fractions included, of so many in all. */
  public double factor(double epoch, double epochs) {
    if (epoch < warmup) {
      return epoch / warmup;
    }
    return switch (kind) {
      case CONSTANT -> 1;
      case STEP -> Math.pow(factor, milestones.stream().filter(m -> m <= epoch).count());
      case COSINE -> {
        double done = (epoch - warmup) / Math.max(epochs - warmup, 1e-9);
        yield 0.5 * (1 + StrictMath.cos(StrictMath.PI * Math.min(done, 1)));
      }
    };
  }
}
