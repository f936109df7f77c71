// CUDA only. The sums of resample.cu; all bits are those of the shared bodies.
#pragma once

#include "divide.cuh"
#include "vector.cuh"

namespace candela {

// Moves 4 outer inner (nIn + nOut) bytes and, to add, 4 outer nOut inner more; what several results read comes from the
// caches. Rows are [outer,nOut], i lies in inner.
struct ResampleBatch {
  bool accumulate;
  Divide perSlab;
  int64_t nIn, inner;
  const int32_t* __restrict__ first;
  const int32_t* __restrict__ index;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  float* __restrict__ y;

  template <int kWide>
  __device__ int columns(int64_t) const {
    return 0;
  }

  template <int kWide>
  __device__ void row(int, int64_t r, int64_t i) const {
    auto j = static_cast<uint32_t>(r);
    const float* slab = x + perSlab.split(j) * nIn * inner + i;
    Floats<kWide> sum = {};
    int32_t end = __ldg(first + j + 1);
#pragma unroll 4
    for (int32_t t = __ldg(first + j); t < end; t++) {
      Floats<kWide> in = load<kWide>(slab + __ldg(index + t) * inner);
      float w = __ldg(weight + t);
#pragma unroll
      for (int k = 0; k < kWide; k++) sum.at[k] += w * in.at[k];
    }
    float* out = y + r * inner + i;
    if (accumulate) {
#pragma unroll
      for (int k = 0; k < kWide; k++) sum.at[k] = out[k] + sum.at[k];
    }
    store<kWide>(out, sum);
  }
};

// Rows whose results a thread computes together: each tap is read once for them.
constexpr int kTogether = 8;

// Moves 4 outer (nIn + nOut) bytes and, to add, 4 outer nOut more. Rows count kTogether of outer, i lies in nOut.
struct ResampleRowBatch {
  bool accumulate;
  int64_t outer, nIn, nOut;
  const int32_t* __restrict__ first;
  const int32_t* __restrict__ index;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  float* __restrict__ y;

  struct Taps {
    int32_t begin, end;
  };

  template <int kWide>
  __device__ Taps columns(int64_t i) const {
    return {__ldg(first + i), __ldg(first + i + 1)};
  }

  template <int kWide>
  __device__ void row(const Taps& taps, int64_t r, int64_t i) const {
    int64_t top = r * kTogether;
    const float* in = x + top * nIn;
    float sum[kTogether] = {};
    for (int32_t t = taps.begin; t < taps.end; t++) {
      int32_t at = __ldg(index + t);
      float w = __ldg(weight + t);
#pragma unroll
      for (int k = 0; k < kTogether; k++) {
        if (top + k < outer) sum[k] += w * __ldg(in + k * nIn + at);
      }
    }
    float* out = y + top * nOut + i;
#pragma unroll
    for (int k = 0; k < kTogether; k++) {
      if (top + k < outer) out[k * nOut] = accumulate ? out[k * nOut] + sum[k] : sum[k];
    }
  }
};

}  // namespace candela
