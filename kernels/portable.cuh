// What g++ and nvcc spell differently, and what all kernels share.
#pragma once

#include <math.h>
#include <stdint.h>

// BOTH: part of a body. INDEPENDENT: no step of the loop reads what another step writes. UNROLL: so many steps are written
// out.
#ifdef __CUDACC__
#define BOTH __host__ __device__ __forceinline__
#define INDEPENDENT
#else
#define BOTH inline __attribute__((always_inline))
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#if defined(__CUDACC__) || defined(__FMA__)
#define FUSED(a, b, c) fmaf(a, b, c)
#else
#define FUSED(a, b, c) ((a) * (b) + (c))
#endif

#if defined(__CUDA_ARCH__)
#define UNROLL(n) _Pragma("unroll")
#elif defined(__CUDACC__)
#define UNROLL(n)
#else
#define UNROLL(n) PRAGMA_OF(GCC unroll n)
#define PRAGMA_OF(text) _Pragma(#text)
#endif

namespace candela {

// a * b + c, rounded once where the processor can; only those from before 2013 cannot.
BOTH float multiplyAdd(float a, float b, float c) { return FUSED(a, b, c); }

// Four neighbours, moved in one access.
struct alignas(16) Quad {
  float v[4];
};

inline bool aligned(const void* p, uintptr_t bytes = alignof(Quad)) { return reinterpret_cast<uintptr_t>(p) % bytes == 0; }

}  // namespace candela
