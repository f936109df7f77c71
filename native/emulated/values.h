// Values of a type as floats.
#pragma once
#include <immintrin.h>

#include <cmath>
#include <cstring>

#include "emulated.h"

namespace emulated {
enum Type { F32, F16, BF16 };
inline size_t bytesOf(Type t) { return t == F32 ? 4 : 2; }
inline float load(const void* p, Type t, int64_t i) {
  if (t == F32) return static_cast<const float*>(p)[i];
  uint16_t h = static_cast<const uint16_t*>(p)[i];
  if (t == F16) return _cvtsh_ss(h);
  uint32_t b = uint32_t(h) << 16;
  float v;
  memcpy(&v, &b, 4);
  return v;
}
inline void store(void* p, Type t, int64_t i, float v) {
  if (t == F32) {
    static_cast<float*>(p)[i] = v;
  } else if (t == F16) {
    static_cast<uint16_t*>(p)[i] = _cvtss_sh(v, _MM_FROUND_TO_NEAREST_INT);
  } else {
    float held = v != v ? NAN : toBf16(v);
    uint32_t b;
    memcpy(&b, &held, 4);
    static_cast<uint16_t*>(p)[i] = b >> 16;
  }
}
enum Rounding { PLAIN, TF32, TO_BF16 };
inline float rounded(float v, Rounding r) { return r == TF32 ? toTf32(v) : r == TO_BF16 ? toBf16(v) : v; }
}  // namespace emulated
