// CUDA only: elementwise work by quads of 16 bytes, 8 where values are stored in 16 bits. A thread takes its quads of elements out of every operand before it stores the
// first, so that several loads are in flight and an operand may be the result itself.
#pragma once

#include <type_traits>

#include "divide.cuh"
#include "launch.cuh"
#include "nest.cuh"
#include "storage.cuh"

namespace candela {

constexpr int64_t kMostBlocks = (int64_t{1} << 31) - 1;

// K operands that are read.
template <int K, class T = float>
struct Inputs {
  const T* p[K > 0 ? K : 1];
};

// y[n] (+)= f(operands[n]). Moves sizeof(T) bytes an element for each operand, for the result, and with kAdd once more for
// that.
template <int K, bool kAdd, class T, class F>
__global__ void __launch_bounds__(kBlock) overQuads(int64_t n, Inputs<K, T> in, T* y, F f) {
  constexpr int kEach = K + kAdd > 1 ? 2 : 4, kHeld = K > 0 ? K : 1;
  int64_t quads = n / 4, first = static_cast<int64_t>(blockIdx.x) * (kBlock * kEach) + threadIdx.x;
  Quad held[kEach][kHeld], old[kEach];
#pragma unroll
  for (int e = 0; e < kEach; e++) {
    int64_t i = first + e * kBlock;
    if (i >= quads) continue;
#pragma unroll
    for (int k = 0; k < K; k++) held[e][k] = quadAt(in.p[k] + 4 * i);
    if (kAdd) old[e] = quadAt(y + 4 * i);
  }
#pragma unroll
  for (int e = 0; e < kEach; e++) {
    int64_t i = first + e * kBlock;
    if (i >= quads) continue;
    Quad out;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      float v[kHeld];
#pragma unroll
      for (int k = 0; k < K; k++) v[k] = held[e][k].v[j];
      out.v[j] = kAdd ? old[e].v[j] + f(v) : f(v);
    }
    putQuad(y + 4 * i, out);
  }
  // The last n % 4.
  if (blockIdx.x == 0 && threadIdx.x < n % 4) {
    int64_t i = 4 * quads + threadIdx.x;
    float v[kHeld];
#pragma unroll
    for (int k = 0; k < K; k++) v[k] = in.p[k][i];
    y[i] = kAdd ? y[i] + f(v) : f(v);
  }
}

// y[n] = f(operands[n]), with kAdd added to y. False, and nothing done, where a pointer is not aligned to quads.
template <int K, bool kAdd = false, class T, class F>
bool byQuads(cd_stream* stream, int64_t n, const Inputs<K, std::type_identity_t<T>>& in, T* y, const F& f) {
  bool fits = alignedQuads(y);
  for (int k = 0; k < K; k++) fits = fits && alignedQuads(in.p[k]);
  int each = kBlock * (K + kAdd > 1 ? 2 : 4);
  int64_t wanted = (n / 4 + each - 1) / each;
  if (!fits || n <= 0 || wanted > kMostBlocks) return false;
  unsigned count = wanted > 0 ? static_cast<unsigned>(wanted) : 1;
  overQuads<K, kAdd, T, F><<<count, kBlock, 0, queueOf(stream)>>>(n, in, y, f);
  checkLaunch();
  return true;
}

template <int K, class T, class F>
bool byQuads(cd_stream* stream, int64_t n, bool accumulate, const Inputs<K, std::type_identity_t<T>>& in, T* y,
             const F& f) {
  return accumulate ? byQuads<K, true>(stream, n, in, y, f) : byQuads<K>(stream, n, in, y, f);
}

// Where the quad i of K operands lies, the loops made flat by a Nest; an operand repeated along the innermost gives one
// number for all four.
template <int K>
struct Places {
  int outer;
  Divide dims[kRank];
  int64_t strides[K][kRank];
  bool along[K];

  explicit Places(const Nest<K>& nest) : outer(nest.rank - 1) {
    dims[outer] = Divide(nest.inner() / 4);
    for (int d = 0; d < outer; d++) dims[d] = Divide(nest.dims[d]);
    for (int k = 0; k < K; k++) {
      along[k] = nest.stride(k) == 1;
      for (int d = 0; d < outer; d++) strides[k][d] = nest.strides[k][d];
    }
  }

  __device__ __forceinline__ void of(uint32_t i, int64_t (&at)[K]) const {
    uint32_t row = dims[outer].split(i);
#pragma unroll
    for (int k = 0; k < K; k++) at[k] = along[k] ? 4 * static_cast<int64_t>(i) : 0;
    for (int d = outer - 1; d >= 0; d--) {
      uint32_t here = row;
      row = dims[d].split(here);
#pragma unroll
      for (int k = 0; k < K; k++) at[k] += here * strides[k][d];
    }
  }
};

// As overQuads, the operands and, last, the result each at places of their own.
template <int K, bool kAdd, class T, class F>
__global__ void __launch_bounds__(kBlock) overPlaces(uint32_t quads, Places<K + 1> places, Inputs<K, T> in, T* y, F f) {
  constexpr int kEach = 2;
  uint32_t first = blockIdx.x * (kBlock * kEach) + threadIdx.x;
  Quad held[kEach][K], old[kEach];
  int64_t to[kEach];
#pragma unroll
  for (int e = 0; e < kEach; e++) {
    uint32_t i = first + e * kBlock;
    if (i >= quads) continue;
    int64_t at[K + 1];
    places.of(i, at);
#pragma unroll
    for (int k = 0; k < K; k++) {
      if (places.along[k]) {
        held[e][k] = quadAt(in.p[k] + at[k]);
      } else {
        float v = in.p[k][at[k]];
        held[e][k] = {{v, v, v, v}};
      }
    }
    to[e] = at[K];
    if (kAdd) old[e] = quadAt(y + at[K]);
  }
#pragma unroll
  for (int e = 0; e < kEach; e++) {
    if (first + e * kBlock >= quads) continue;
    Quad out;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      float v[K];
#pragma unroll
      for (int k = 0; k < K; k++) v[k] = held[e][k].v[j];
      out.v[j] = kAdd ? old[e].v[j] + f(v) : f(v);
    }
    putQuad(y + to[e], out);
  }
}

// y = f(operands), with kAdd added to y; each seen through the nest, y through its last operand. False, and nothing done,
// where the innermost loop does not consist of quads that are aligned in every operand.
template <int K, bool kAdd = false, class T, class F>
bool byPlaces(cd_stream* stream, const Nest<K + 1>& nest, const Inputs<K, std::type_identity_t<T>>& in, T* y,
              const F& f) {
  int64_t n = nest.count();
  bool flat = nest.rank == 1;
  for (int k = 0; k <= K; k++) flat = flat && nest.stride(k) == 1;
  if (flat) return byQuads<K, kAdd>(stream, n, in, y, f);
  if (n <= 0 || n >= kDivisible || nest.inner() % 4 != 0 || nest.stride(K) != 1) return false;
  for (int k = 0; k <= K; k++) {
    if (nest.stride(k) == 0) continue;
    if (nest.stride(k) != 1 || !alignedQuads(k < K ? in.p[k] : y)) return false;
    for (int d = 0; d < nest.rank - 1; d++) {
      if (nest.strides[k][d] % 4 != 0) return false;
    }
  }
  auto quads = static_cast<uint32_t>(n / 4);
  unsigned count = (quads + 2 * kBlock - 1) / (2 * kBlock);
  overPlaces<K, kAdd, T, F><<<count, kBlock, 0, queueOf(stream)>>>(quads, Places<K + 1>(nest), in, y, f);
  checkLaunch();
  return true;
}

template <int K, class T, class F>
bool byPlaces(cd_stream* stream, const Nest<K + 1>& nest, bool accumulate, const Inputs<K, std::type_identity_t<T>>& in,
              T* y, const F& f) {
  return accumulate ? byPlaces<K, true>(stream, nest, in, y, f) : byPlaces<K>(stream, nest, in, y, f);
}

}  // namespace candela
