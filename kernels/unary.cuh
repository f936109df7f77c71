// Functions of one element and their derivatives. reads says what the derivative d is given: 'x', 'y', nothing ('-'), or that
// it is zero ('0'); cost is in simple steps.
#pragma once

#include "candela.h"
#include "functions.cuh"

namespace candela {

BOTH float sigmoid(float x) { return 1.0f / (1.0f + expOf(-x)); }
BOTH float softplus(float x) { return (x > 0.0f ? x : 0.0f) + logOfOneAnd(expOf(-fabsf(x))); }
BOTH float clamp(float x, float lo, float hi) {
  float v = x < lo ? lo : x;
  return v > hi ? hi : v;
}

#define UNARY(Name, READS, COST, Y, D)                                               \
  struct Name {                                                                      \
    static constexpr char reads = READS;                                             \
    static constexpr int cost = COST;                                                \
    BOTH static float y(float x, float alpha, float beta) {                          \
      (void)alpha, (void)beta;                                                       \
      return Y;                                                                      \
    }                                                                                \
    /* x: the input or the output, as reads says. */                                 \
    BOTH static float d(float x, float alpha, float beta) {                          \
      (void)x, (void)alpha, (void)beta;                                              \
      return D;                                                                      \
    }                                                                                \
  };

UNARY(Abs, 'x', 1, fabsf(x), x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f)
UNARY(Neg, '-', 1, -x, -1.0f)
UNARY(Exp, 'y', 5, expOf(x), x)
UNARY(Log, 'x', 20, logf(x), 1.0f / x)
UNARY(Sqrt, 'y', 2, sqrtf(x), 0.5f / x)
UNARY(Reciprocal, 'y', 2, 1.0f / x, -x * x)
UNARY(Sigmoid, 'y', 5, sigmoid(x), x * (1.0f - x))
UNARY(Tanh, 'y', 8, tanhOf(x), 1.0f - x * x)
// 2 / sqrt(pi)
UNARY(Erf, 'x', 8, erfOf(x), 1.1283791670955126f * expOf(-x * x))
UNARY(Softplus, 'x', 10, softplus(x), sigmoid(x))
UNARY(Softsign, 'x', 2, x / (1.0f + fabsf(x)), 1.0f / ((1.0f + fabsf(x)) * (1.0f + fabsf(x))))
UNARY(Swish, 'x', 5, x * sigmoid(alpha * x),
      sigmoid(alpha * x) * (1.0f + alpha * x * (1.0f - sigmoid(alpha * x))))
UNARY(HardSigmoid, 'x', 2, clamp(alpha * x + beta, 0.0f, 1.0f),
      alpha * x + beta > 0.0f && alpha * x + beta < 1.0f ? alpha : 0.0f)
UNARY(HardSwish, 'x', 2, x * clamp(x / 6.0f + 0.5f, 0.0f, 1.0f),
      x <= -3.0f ? 0.0f : x >= 3.0f ? 1.0f : x / 3.0f + 0.5f)
UNARY(Elu, 'x', 5, x > 0.0f ? x : alpha * expLessOneOf(x), x > 0.0f ? 1.0f : alpha * expOf(x))
UNARY(Selu, 'x', 5, beta * (x > 0.0f ? x : alpha * expLessOneOf(x)), beta * (x > 0.0f ? 1.0f : alpha * expOf(x)))
UNARY(Celu, 'x', 5, x > 0.0f ? x : alpha * expLessOneOf(x / alpha), x > 0.0f ? 1.0f : expOf(x / alpha))
UNARY(LeakyRelu, 'x', 1, x < 0.0f ? alpha * x : x, x > 0.0f ? 1.0f : alpha)
UNARY(ThresholdedRelu, 'x', 1, x > alpha ? x : 0.0f, x > alpha ? 1.0f : 0.0f)
UNARY(Clip, 'x', 1, clamp(x, alpha, beta), x > alpha && x < beta ? 1.0f : 0.0f)
UNARY(Sign, '0', 1, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x, 0.0f)
UNARY(Floor, '0', 1, floorf(x), 0.0f)
UNARY(Ceil, '0', 1, ceilf(x), 0.0f)
UNARY(Round, '0', 1, rintf(x), 0.0f)
UNARY(Not, '0', 1, x == 0.0f ? 1.0f : 0.0f, 0.0f)
UNARY(Truncate, '0', 1, truncf(x), 0.0f)
UNARY(Boolean, '0', 1, x != 0.0f ? 1.0f : 0.0f, 0.0f)
UNARY(Sin, 'x', 30, sinf(x), cosf(x))
UNARY(Cos, 'x', 30, cosf(x), -sinf(x))
UNARY(Tan, 'y', 40, tanf(x), 1.0f + x * x)
UNARY(Asin, 'x', 30, asinf(x), 1.0f / sqrtf((1.0f - x) * (1.0f + x)))
UNARY(Acos, 'x', 30, acosf(x), -1.0f / sqrtf((1.0f - x) * (1.0f + x)))
UNARY(Atan, 'x', 30, atanf(x), 1.0f / (1.0f + x * x))
UNARY(Sinh, 'x', 30, sinhf(x), coshf(x))
UNARY(Cosh, 'x', 30, coshf(x), sinhf(x))
UNARY(Asinh, 'x', 40, asinhf(x), 1.0f / hypotf(1.0f, x))
UNARY(Acosh, 'x', 40, acoshf(x), 1.0f / (sqrtf(x - 1.0f) * sqrtf(x + 1.0f)))
UNARY(Atanh, 'x', 40, atanhf(x), 1.0f / ((1.0f - x) * (1.0f + x)))
UNARY(Shrink, 'x', 1, x < -alpha ? x + beta : x > alpha ? x - beta : x == x ? 0.0f : x,
      x < -alpha || x > alpha ? 1.0f : 0.0f)
UNARY(Relu, 'x', 1, x < 0.0f ? 0.0f : x, x > 0.0f ? 1.0f : 0.0f)
UNARY(Linear, '-', 1, alpha * x + beta, alpha)

#undef UNARY

// The slope passes straight through the steps (Bengio and others 2013), which are those of integers where beta is 0, else of
// floats with few digits.
struct Quantize {
  static constexpr char reads = '-';
  static constexpr int cost = 3;
  BOTH static float y(float x, float alpha, float beta) {
    float relative = beta * powerBelow(x);
    float step = relative > alpha ? relative : alpha;
    return step * rintf(x / step);
  }
  BOTH static float d(float, float, float) { return 1.0f; }
};

// x tanh(softplus(x))
struct Mish {
  static constexpr char reads = 'x';
  static constexpr int cost = 20;
  BOTH static float y(float x, float, float) { return x * tanhOf(softplus(x)); }
  BOTH static float d(float x, float, float) {
    float t = tanhOf(softplus(x));
    return t + x * (1.0f - t * t) * sigmoid(x);
  }
};

struct Gelu {
  static constexpr char reads = 'x';
  static constexpr int cost = 8;
  // sqrt(1/2), 1 / sqrt(2 pi)
  BOTH static float y(float x, float, float) { return 0.5f * x * (1.0f + erfOf(x * 0.70710678f)); }
  BOTH static float d(float x, float, float) {
    return 0.5f * (1.0f + erfOf(x * 0.70710678f)) + x * 0.39894228f * expOf(-0.5f * x * x);
  }
};

// Hendrycks and Gimpel's approximation; 0.79788456 = sqrt(2 / pi).
struct GeluTanh {
  static constexpr char reads = 'x';
  static constexpr int cost = 8;
  BOTH static float u(float x) { return 0.79788456f * (x + 0.044715f * x * x * x); }
  BOTH static float y(float x, float, float) { return 0.5f * x * (1.0f + tanhOf(u(x))); }
  BOTH static float d(float x, float, float) {
    float t = tanhOf(u(x));
    return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * 0.79788456f * (1.0f + 0.134145f * x * x);
  }
};

// Calls use with the function of that number; false where there is none.
#ifdef __CUDACC__
#pragma nv_exec_check_disable
#endif
template <class Use>
BOTH bool forKind(int kind, float alpha, const Use& use) {
  switch (kind) {
    case CD_ABS: return use(Abs{}), true;
    case CD_NEG: return use(Neg{}), true;
    case CD_EXP: return use(Exp{}), true;
    case CD_LOG: return use(Log{}), true;
    case CD_SQRT: return use(Sqrt{}), true;
    case CD_RECIPROCAL: return use(Reciprocal{}), true;
    case CD_SIGMOID: return use(Sigmoid{}), true;
    case CD_TANH: return use(Tanh{}), true;
    case CD_ERF: return use(Erf{}), true;
    case CD_GELU: return alpha == 1.0f ? (use(GeluTanh{}), true) : (use(Gelu{}), true);
    case CD_SOFTPLUS: return use(Softplus{}), true;
    case CD_SOFTSIGN: return use(Softsign{}), true;
    case CD_MISH: return use(Mish{}), true;
    case CD_SWISH: return use(Swish{}), true;
    case CD_HARD_SIGMOID: return use(HardSigmoid{}), true;
    case CD_HARD_SWISH: return use(HardSwish{}), true;
    case CD_ELU: return use(Elu{}), true;
    case CD_SELU: return use(Selu{}), true;
    case CD_CELU: return use(Celu{}), true;
    case CD_LEAKY_RELU: return use(LeakyRelu{}), true;
    case CD_THRESHOLDED_RELU: return use(ThresholdedRelu{}), true;
    case CD_CLIP: return use(Clip{}), true;
    case CD_SIGN: return use(Sign{}), true;
    case CD_FLOOR: return use(Floor{}), true;
    case CD_CEIL: return use(Ceil{}), true;
    case CD_ROUND: return use(Round{}), true;
    case CD_NOT: return use(Not{}), true;
    case CD_TRUNCATE: return use(Truncate{}), true;
    case CD_BOOLEAN: return use(Boolean{}), true;
    case CD_SIN: return use(Sin{}), true;
    case CD_COS: return use(Cos{}), true;
    case CD_TAN: return use(Tan{}), true;
    case CD_ASIN: return use(Asin{}), true;
    case CD_ACOS: return use(Acos{}), true;
    case CD_ATAN: return use(Atan{}), true;
    case CD_SINH: return use(Sinh{}), true;
    case CD_COSH: return use(Cosh{}), true;
    case CD_ASINH: return use(Asinh{}), true;
    case CD_ACOSH: return use(Acosh{}), true;
    case CD_ATANH: return use(Atanh{}), true;
    case CD_SHRINK: return use(Shrink{}), true;
    case CD_RELU: return use(Relu{}), true;
    case CD_LINEAR: return use(Linear{}), true;
    case CD_QUANTIZE: return use(Quantize{}), true;
    default: return false;
  }
}

}  // namespace candela
