// Where the gradient passes an activation, and what the activation leaves.
#pragma once

#include <math.h>

#include "entry.h"
#include "portable.cuh"

namespace candela {

// An activation lets through what lies between lo and hi.
struct GateRange {
  float lo, hi, slope;
  bool leaky;

  GateRange(int kind, float alpha, float beta, const char* where)
      : lo(kind == CD_ACTIVATION_CLIP ? alpha : 0.0f),
        hi(kind == CD_ACTIVATION_CLIP ? beta : INFINITY),
        slope(kind == CD_ACTIVATION_LEAKY ? alpha : 0.0f),
        leaky(kind == CD_ACTIVATION_LEAKY) {
    if (kind < CD_ACTIVATION_RELU || kind > CD_ACTIVATION_LEAKY) {
      fail(CD_INVALID, "%s: activation %d is not known", where, kind);
    }
    if (slope < 0.0f) fail(CD_INVALID, "%s: slope must be 0 or more, is %g", where, static_cast<double>(slope));
  }

  // The same where what the activation leaves is held as T: a bound is rounded as what stands at it is.
  template <class T>
  GateRange heldAs() const {
    GateRange r = *this;
    r.lo = T(lo);
    r.hi = T(hi);
    return r;
  }

  BOTH bool passes(float z) const { return z > lo && z < hi; }

  BOTH float after(float z) const {
    if (leaky) return z < 0.0f ? slope * z : z;
    return z < lo ? lo : z > hi ? hi : z;
  }

  // The gradient v behind the gate. Without a slope 0 whatever v is, NaN too.
  BOTH float through(float v, bool passes) const { return passes ? v : slope == 0.0f ? 0.0f : slope * v; }
};

}  // namespace candela
