#pragma once

#include "cuda_runtime.h"

struct __nv_bfloat16_raw {
  unsigned short x;
};

struct __nv_bfloat16 {
  unsigned short x;
  explicit operator __nv_bfloat16_raw() const { return {x}; }
};

inline __nv_bfloat16 __float2bfloat16_rn(float v) {
  unsigned whole = __float_as_uint(v), rounded = (whole + 0x7fffu + (whole >> 16 & 1u)) >> 16;
  return {static_cast<unsigned short>(v != v ? 0x7fffu : rounded)};
}
