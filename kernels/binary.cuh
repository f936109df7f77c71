// Functions of two elements, and what flows back to each: dy times the derivative.
#pragma once

#include "candela.h"
#include "portable.cuh"

namespace candela {

// 2 and 1/2 are what exporters write for squares and roots.
BOTH float power(float a, float b) { return b == 2.0f ? a * a : b == 1.0f ? a : b == 0.5f ? sqrtf(a) : powf(a, b); }

// Kinds share terms where they can, as the compiler makes loops of each. READS says whether a term needs the operands; RARE
// ones are slower and compiled sooner.
#define TERM(Name, READS, RARE, COST, VALUE)            \
  struct Name {                                         \
    static constexpr bool reads = READS;                \
    static constexpr bool rare = RARE;                  \
    static constexpr int cost = COST;                   \
    BOTH static float at(float a, float b, float dy) {  \
      (void)a, (void)b, (void)dy;                       \
      return VALUE;                                     \
    }                                                   \
  };

TERM(Nothing, false, true, 1, 0.0f)
TERM(Passed, false, false, 1, dy)
TERM(Negated, false, false, 1, -dy)
TERM(TimesFirst, true, false, 1, dy* a)
TERM(TimesSecond, true, false, 1, dy* b)
TERM(OverSecond, true, false, 2, dy / b)
TERM(DivisorTerm, true, false, 2, -(dy / b) * (a / b))
TERM(BaseTerm, true, false, 40, b == 0.0f ? 0.0f : dy * b * power(a, b - 1.0f))
TERM(ExponentTerm, true, true, 40, a > 0.0f ? dy * power(a, b) * logf(a) : 0.0f)
TERM(WhereLarger, true, true, 1, a >= b || a != a ? dy : 0.0f)
TERM(WhereNotLarger, true, true, 1, a >= b || a != a ? 0.0f : dy)
TERM(WhereSmaller, true, true, 1, a <= b || a != a ? dy : 0.0f)
TERM(WhereNotSmaller, true, true, 1, a <= b || a != a ? 0.0f : dy)
TERM(PreluTerm, true, false, 1, a > 0.0f ? dy : dy * b)
TERM(SlopeTerm, true, true, 1, a > 0.0f ? 0.0f : dy * a)
TERM(ModulusTerm, true, true, 20, -dy * truncf(a / b))
// Of a choice by a: what flows to the operand that is taken where it is true, and to the other.
TERM(WhereTrue, true, true, 1, a != 0.0f ? dy : 0.0f)
TERM(WhereFalse, true, true, 1, a != 0.0f ? 0.0f : dy)

#undef TERM

// First and Second: the terms of a and of b.
#define BINARY(Name, COST, Y, A, B)                     \
  struct Name {                                         \
    using First = A;                                    \
    using Second = B;                                   \
    static constexpr int cost = COST;                   \
    BOTH static float y(float a, float b) { return Y; } \
  };

BINARY(Sum, 1, a + b, Passed, Passed)
BINARY(Difference, 1, a - b, Passed, Negated)
BINARY(Product, 1, a* b, TimesSecond, TimesFirst)
BINARY(Quotient, 2, a / b, OverSecond, DivisorTerm)
BINARY(Power, 40, power(a, b), BaseTerm, ExponentTerm)
BINARY(Larger, 1, a > b || a != a ? a : b, WhereLarger, WhereNotLarger)
BINARY(Smaller, 1, a < b || a != a ? a : b, WhereSmaller, WhereNotSmaller)
BINARY(Prelu, 1, a < 0.0f ? a * b : a, PreluTerm, SlopeTerm)
BINARY(Mod, 20, fmodf(a, b), Passed, ModulusTerm)
BINARY(IntegerDiv, 2, truncf(a / b), Nothing, Nothing)

#undef BINARY

// 1 where a stands to b as one of these; NaN stands to nothing.
struct Comparison {
  using First = Nothing;
  using Second = Nothing;
  static constexpr int cost = 2;
  bool less, equal, greater;
  BOTH float y(float a, float b) const {
    return ((a < b) & less) | ((a == b) & equal) | ((a > b) & greater) ? 1.0f : 0.0f;
  }
};

// 1 where both are true, or one of them alone.
struct Logic {
  using First = Nothing;
  using Second = Nothing;
  static constexpr int cost = 2;
  bool both, one;
  BOTH float y(float a, float b) const {
    bool p = a != 0.0f, q = b != 0.0f;
    return (p & q & both) | ((p != q) & one) ? 1.0f : 0.0f;
  }
};

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
    case CD_EQUAL: return use(Comparison{false, true, false}), true;
    case CD_LESS: return use(Comparison{true, false, false}), true;
    case CD_GREATER: return use(Comparison{false, false, true}), true;
    case CD_LESS_EQUAL: return use(Comparison{true, true, false}), true;
    case CD_GREATER_EQUAL: return use(Comparison{false, true, true}), true;
    case CD_AND: return use(Logic{true, false}), true;
    case CD_OR: return use(Logic{true, true}), true;
    case CD_XOR: return use(Logic{false, true}), true;
    case CD_MOD: return use(Mod{}), true;
    case CD_INTEGER_DIV: return use(IntegerDiv{}), true;
    default: return false;
  }
}

}  // namespace candela
