// Functions of two elements and, in Backward, their gradients: a and b of (a, b, dy) are dy times the derivative. reads says
// whether the gradients need the operands.
#pragma once

#include "candela.h"
#include "portable.cuh"

namespace candela {

// 2 and 1/2 are what exporters write for squares and roots.
BOTH float power(float a, float b) { return b == 2.0f ? a * a : b == 1.0f ? a : b == 0.5f ? sqrtf(a) : powf(a, b); }

#define BINARY(Name, READS, COST, Y, A, B)                                  \
  struct Name {                                                             \
    using Backward = Name;                                                  \
    static constexpr bool reads = READS;                                    \
    static constexpr int cost = COST;                                       \
    BOTH static float y(float a, float b) { return Y; }                     \
    BOTH static float a(float a, float b, float dy) {                       \
      (void)a, (void)b;                                                     \
      return A;                                                             \
    }                                                                       \
    BOTH static float b(float a, float b, float dy) {                       \
      (void)a, (void)b;                                                     \
      return B;                                                             \
    }                                                                       \
  };

// Nothing flows back, whatever was computed: one for all such kinds, as the compiler makes loops of each.
struct NoGradient {
  static constexpr bool reads = false;
  static constexpr int cost = 2;
  BOTH static float a(float, float, float) { return 0.0f; }
  BOTH static float b(float, float, float) { return 0.0f; }
};

// A kind without a gradient.
#define TRUTH(Name, Y)                                                      \
  struct Name {                                                             \
    using Backward = NoGradient;                                            \
    static constexpr int cost = 2;                                          \
    BOTH static float y(float a, float b) { return Y; }                     \
  };

BINARY(Sum, false, 1, a + b, dy, dy)
BINARY(Difference, false, 1, a - b, dy, -dy)
BINARY(Product, true, 1, a* b, dy* b, dy* a)
BINARY(Quotient, true, 2, a / b, dy / b, -(dy / b) * (a / b))
BINARY(Power, true, 40, power(a, b), b == 0.0f ? 0.0f : dy * b * power(a, b - 1.0f),
       a > 0.0f ? dy * power(a, b) * logf(a) : 0.0f)
BINARY(Larger, true, 1, a > b || a != a ? a : b, a >= b || a != a ? dy : 0.0f, a >= b || a != a ? 0.0f : dy)
BINARY(Smaller, true, 1, a < b || a != a ? a : b, a <= b || a != a ? dy : 0.0f, a <= b || a != a ? 0.0f : dy)
BINARY(Prelu, true, 1, a < 0.0f ? a * b : a, a > 0.0f ? dy : dy * b, a > 0.0f ? 0.0f : dy * a)
BINARY(Mod, true, 20, fmodf(a, b), dy, -dy * truncf(a / b))
TRUTH(Equal, a == b ? 1.0f : 0.0f)
TRUTH(Less, a < b ? 1.0f : 0.0f)
TRUTH(Greater, a > b ? 1.0f : 0.0f)
TRUTH(LessEqual, a <= b ? 1.0f : 0.0f)
TRUTH(GreaterEqual, a >= b ? 1.0f : 0.0f)
TRUTH(And, a != 0.0f && b != 0.0f ? 1.0f : 0.0f)
TRUTH(Or, a != 0.0f || b != 0.0f ? 1.0f : 0.0f)
TRUTH(Xor, (a != 0.0f) != (b != 0.0f) ? 1.0f : 0.0f)
TRUTH(IntegerDiv, truncf(a / b))

#undef BINARY
#undef TRUTH

// Calls use with the function of that number; false where there is none.
template <class Use>
bool forBinary(int kind, const Use& use) {
  switch (kind) {
    case CD_ADD: return use(Sum{}), true;
    case CD_SUB: return use(Difference{}), true;
    case CD_MUL: return use(Product{}), true;
    case CD_DIV: return use(Quotient{}), true;
    case CD_POW: return use(Power{}), true;
    case CD_MAX: return use(Larger{}), true;
    case CD_MIN: return use(Smaller{}), true;
    case CD_PRELU: return use(Prelu{}), true;
    case CD_EQUAL: return use(Equal{}), true;
    case CD_LESS: return use(Less{}), true;
    case CD_GREATER: return use(Greater{}), true;
    case CD_LESS_EQUAL: return use(LessEqual{}), true;
    case CD_GREATER_EQUAL: return use(GreaterEqual{}), true;
    case CD_AND: return use(And{}), true;
    case CD_OR: return use(Or{}), true;
    case CD_XOR: return use(Xor{}), true;
    case CD_MOD: return use(Mod{}), true;
    case CD_INTEGER_DIV: return use(IntegerDiv{}), true;
    default: return false;
  }
}

}  // namespace candela
