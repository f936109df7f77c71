package candela.reference;

import candela.device.Binary;
import candela.device.Unary;

/** The functions of one and of two elements. */
public final class Functions {
  private Functions() {}

  public static double of(Unary kind, double alpha, double beta, double x) {
    return switch (kind) {
      case ABS -> Math.abs(x);
      case NEG -> -x;
      case EXP -> Math.exp(x);
      case LOG -> Math.log(x);
      case SQRT -> Math.sqrt(x);
      case RECIPROCAL -> 1 / x;
      case SIGMOID -> sigmoid(x);
      case TANH -> Math.tanh(x);
      case ERF -> erf(x);
      case GELU ->
          alpha == 1
              ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
              : 0.5 * x * (1 + erf(x / Math.sqrt(2)));
      case SOFTPLUS -> softplus(x);
      case SOFTSIGN -> x / (1 + Math.abs(x));
      case MISH -> x * Math.tanh(softplus(x));
      case SWISH -> x * sigmoid(alpha * x);
      case HARD_SIGMOID -> clamp(alpha * x + beta, 0, 1);
      case HARD_SWISH -> x * clamp(x / 6 + 0.5, 0, 1);
      case ELU -> x > 0 ? x : alpha * Math.expm1(x);
      case SELU -> beta * (x > 0 ? x : alpha * Math.expm1(x));
      case CELU -> x > 0 ? x : alpha * Math.expm1(x / alpha);
      case LEAKY_RELU -> x < 0 ? alpha * x : x;
      case THRESHOLDED_RELU -> x > alpha ? x : 0;
      case CLIP -> clamp(x, alpha, beta);
      case SIGN -> Math.signum(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND -> Math.rint(x);
      case NOT -> x == 0 ? 1 : 0;
      case TRUNCATE -> x < 0 ? Math.ceil(x) : Math.floor(x);
      case BOOLEAN -> x != 0 ? 1 : 0;
      case SIN -> Math.sin(x);
      case COS -> Math.cos(x);
      case TAN -> Math.tan(x);
      case ASIN -> Math.asin(x);
      case ACOS -> Math.acos(x);
      case ATAN -> Math.atan(x);
      case SINH -> Math.sinh(x);
      case COSH -> Math.cosh(x);
      case ASINH -> Math.copySign(asinh(Math.abs(x)), x);
      case ACOSH -> Math.log1p(x - 1 + Math.sqrt(x - 1) * Math.sqrt(x + 1));
      case ATANH -> Math.copySign(Math.log1p(2 * Math.abs(x) / (1 - Math.abs(x))) / 2, x);
      case SHRINK -> x < -alpha ? x + beta : x > alpha ? x - beta : 0 * x;
      case RELU -> clamp(x, 0, Double.POSITIVE_INFINITY);
      case LINEAR -> alpha * x + beta;
      case QUANTIZE -> {
        double relative = beta * Math.pow(2, Math.floor(Math.log(Math.abs(x)) / Math.log(2)));
        double step = relative > alpha ? relative : alpha;
        yield step * Math.rint(x / step);
      }
    };
  }

  public static double of(Binary kind, double a, double b) {
    return switch (kind) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case POW -> Math.pow(a, b);
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case PRELU -> a < 0 ? a * b : a;
      case EQUAL -> a == b ? 1 : 0;
      case LESS -> a < b ? 1 : 0;
      case GREATER -> a > b ? 1 : 0;
      case LESS_EQUAL -> a <= b ? 1 : 0;
      case GREATER_EQUAL -> a >= b ? 1 : 0;
      case AND -> a != 0 && b != 0 ? 1 : 0;
      case OR -> a != 0 || b != 0 ? 1 : 0;
      case XOR -> (a != 0) != (b != 0) ? 1 : 0;
      case MOD -> a % b;
      case INTEGER_DIV -> a / b < 0 ? Math.ceil(a / b) : Math.floor(a / b);
    };
  }

  public static double clamp(double x, double lo, double hi) {
    return x < lo ? lo : x > hi ? hi : x;
  }

  /** Of 0 and more, exact near 0, and where squares would be too large. */
  private static double asinh(double x) {
    return x > 1e9 ? Math.log(2) + Math.log(x) : Math.log1p(x + x * x / (1 + Math.sqrt(1 + x * x)));
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /** The power series, summed until its terms vanish; for |x| up to 5. */
  private static double erf(double x) {
    if (Math.abs(x) > 5) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-18; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return Double.isNaN(x) ? x : sum * 2 / Math.sqrt(Math.PI);
  }
}
