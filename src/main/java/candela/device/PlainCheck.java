package candela.device;

import candela.device.Trial.Found;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Kernels of a device against plain loops in doubles: one or two of every family that explanations
 * are made of, at sizes that are no multiples of what a vector holds. The tests hold all kernels
 * against such references; this is for the machine where Candela was installed.
 *
 * <p>For the thread that uses the device.
 */
public final class PlainCheck {
  /** Float32 rounding of some hundred terms of size 1, relative to 1 + |value|. */
  private static final double FLOAT32 = 2e-5;

  /** 45 products of factors rounded to 11 bits. */
  private static final double TF32 = 1e-2;

  /**
   * @param multiplies whether its factors may be rounded
   */
  private record Case(String name, boolean multiplies, Function<Trial, Found> run) {}

  private static final List<Case> CASES =
      List.of(
          new Case("add", false, PlainElements::add),
          new Case("average pool", false, t -> PlainImages.pool(t, false)),
          new Case("blur", false, PlainImages::blur),
          new Case("convert", false, PlainElements::convert),
          new Case("convolution", true, PlainImages::convolution),
          new Case("gaussian noise", false, PlainElements::noise),
          new Case("layer norm", false, PlainElements::layerNorm),
          new Case("matrix product", true, PlainImages::product),
          new Case("max pool", false, t -> PlainImages.pool(t, true)),
          new Case("moments", false, PlainElements::moments),
          new Case("occlude", false, PlainImages::occlude),
          new Case("rectify", false, PlainElements::rectify),
          new Case("reduce", false, PlainElements::reduce),
          new Case("resample", false, PlainImages::resample),
          new Case("score", false, PlainElements::score),
          new Case("softmax", false, PlainElements::softmax),
          new Case("strided copy", false, PlainImages::copy));

  private PlainCheck() {}

  /** How many kernels there are. */
  public static int count() {
    return CASES.size();
  }

  /**
   * Runs all.
   *
   * @param say hears of each kernel that gives something else, in one sentence
   * @return how many do
   */
  public static int run(Device device, Consumer<String> say) {
    int faults = 0;
    for (Case c : CASES) {
      try (Trial trial = new Trial(device)) {
        double allowed = c.multiplies() ? allowed(device.precision()) : FLOAT32;
        String fault = fault(c.run().apply(trial), allowed);
        if (fault != null) {
          faults++;
          say.accept(c.name() + fault);
        }
      }
    }
    return faults;
  }

  private static double allowed(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> FLOAT32;
      case TF32, FP16 -> TF32;
      case BF16 -> 8 * TF32;
    };
  }

  private static String fault(Found f, double tolerance) {
    for (int i = 0; i < f.wanted().length; i++) {
      double wanted = f.wanted()[i];
      if (!(Math.abs(f.got()[i] - wanted) <= tolerance * (1 + Math.abs(wanted)))) {
        return String.format(Locale.ROOT, "[%d]: %.7g expected, is %.7g", i, wanted, f.got()[i]);
      }
    }
    return null;
  }
}
