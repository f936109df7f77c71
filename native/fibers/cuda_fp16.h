#pragma once

#include "cuda_runtime.h"

struct __half_raw {
  unsigned short x;
};

struct __half {
  unsigned short x;
  __half() = default;
  explicit __half(__half_raw raw) : x(raw.x) {}
  explicit operator __half_raw() const { return {x}; }
};

inline __half __float2half_rn(float v) {
  auto half = static_cast<_Float16>(v);
  __half out;
  memcpy(&out.x, &half, sizeof half);
  return out;
}

inline float __half2float(__half h) {
  _Float16 half;
  memcpy(&half, &h.x, sizeof half);
  return static_cast<float>(half);
}
