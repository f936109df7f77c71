// How values are stored: as float, or in 16 bits that are read as float, computed with as float, and rounded to nearest,
// ties to even, when they are stored. So one body serves all three.
#pragma once

#include <string.h>

#include "entry.h"
#include "portable.cuh"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace candela {

// The upper half of a float: its range, 8 significant bits.
struct Bf16 {
  uint16_t bits;

  Bf16() = default;
  BOTH Bf16(float v);
  BOTH operator float() const {
    uint32_t whole = static_cast<uint32_t>(bits) << 16;
    float v;
    memcpy(&v, &whole, sizeof v);
    return v;
  }
};

// IEEE half precision: 11 significant bits, numbers from 2^-24 to 65504; beyond is infinity.
struct Fp16 {
  uint16_t bits;

  Fp16() = default;
  BOTH Fp16(float v);
  BOTH operator float() const;
};

#ifdef __CUDACC__

BOTH Bf16::Bf16(float v) : bits(static_cast<__nv_bfloat16_raw>(__float2bfloat16_rn(v)).x) {}
BOTH Fp16::Fp16(float v) : bits(static_cast<__half_raw>(__float2half_rn(v)).x) {}
BOTH Fp16::operator float() const {
  __half_raw raw;
  raw.x = bits;
  return __half2float(__half(raw));
}

#else

BOTH Bf16::Bf16(float v) {
  uint32_t whole;
  memcpy(&whole, &v, sizeof whole);
  uint32_t rounded = (whole + 0x7fffu + (whole >> 16 & 1u)) >> 16, quiet = whole >> 16 | 0x40u;
  bits = static_cast<uint16_t>(v != v ? quiet : rounded);
}
BOTH Fp16::Fp16(float v) {
  auto half = static_cast<_Float16>(v);
  memcpy(&bits, &half, sizeof bits);
}
BOTH Fp16::operator float() const {
  _Float16 half;
  memcpy(&half, &bits, sizeof half);
  return static_cast<float>(half);
}

#endif

// Calls f with a value of the type that a constant of the header names.
template <class F>
void forStorage(int type, const char* where, const F& f) {
  switch (type) {
    case CD_FLOAT32: return f(float());
    case CD_BFLOAT16: return f(Bf16());
    case CD_FLOAT16: return f(Fp16());
    default: fail(CD_INVALID, "%s: storage %d is not known", where, type);
  }
}

// A pointer of the header as one to the type of t.
template <class T>
const T* as(const void* p, T) { return static_cast<const T*>(p); }
template <class T>
T* as(void* p, T) { return static_cast<T*>(p); }

// Four neighbours, moved in one access of 16 or 8 bytes.
struct alignas(8) Four16 {
  uint16_t v[4];
};

BOTH Quad quadAt(const float* p) { return *reinterpret_cast<const Quad*>(p); }
BOTH void putQuad(float* p, const Quad& q) { *reinterpret_cast<Quad*>(p) = q; }

template <class T>
BOTH Quad quadAt(const T* p) {
  Four16 four = *reinterpret_cast<const Four16*>(p);
  Quad q;
  for (int k = 0; k < 4; k++) {
    T v;
    v.bits = four.v[k];
    q.v[k] = v;
  }
  return q;
}

template <class T>
BOTH void putQuad(T* p, const Quad& q) {
  Four16 four;
  for (int k = 0; k < 4; k++) four.v[k] = T(q.v[k]).bits;
  *reinterpret_cast<Four16*>(p) = four;
}

// Whether quads at p can be moved so.
template <class T>
bool alignedQuads(const T* p) { return aligned(p, 4 * sizeof(T)); }

}  // namespace candela
