// CUDA only: local response normalisation over the window of five channels that AlexNet and GoogLeNet use, by four
// channels a thread, the neighbours' values out of the first-level cache. The sums are those of the bodies in lrn.cuh, in
// their order; what lies outside the channels counts as 0, which no sum of them notices.
#pragma once

#include "lrn.cuh"
#include "wide.cuh"

namespace candela {

// Channels on each side of one, in forward and in backward windows.
constexpr int kLrnReach = 2;

struct LrnQuads {
  uint32_t quads;
  Divide row;
  int perRow;
  float factor, beta, bias;
};

// Twelve values of p: the quad at, the one before and the one behind.
__device__ __forceinline__ void threeQuads(const float* p, bool before, bool behind, float (&v)[12]) {
  Quad zero{}, low = before ? quadAt(p - 4) : zero, here = quadAt(p), high = behind ? quadAt(p + 4) : zero;
#pragma unroll
  for (int j = 0; j < 4; j++) v[j] = low.v[j], v[4 + j] = here.v[j], v[8 + j] = high.v[j];
}

__device__ __forceinline__ float lrnScale(const LrnQuads& lrn, const float (&in)[12], int c) {
  float sum = 0.0f;
#pragma unroll
  for (int d = -kLrnReach; d <= kLrnReach; d++) sum += in[c + d] * in[c + d];
  return lrn.bias + lrn.factor * sum;
}

template <bool kThreeQuarters>
__global__ void __launch_bounds__(kBlock) lrnQuads(LrnQuads lrn, const float* __restrict__ x, float* __restrict__ y) {
  uint32_t i = blockIdx.x * kBlock + threadIdx.x, at = i;
  if (i >= lrn.quads) return;
  lrn.row.split(at);
  float in[12];
  threeQuads(x + int64_t{4} * i, at > 0, static_cast<int>(at) + 1 < lrn.perRow, in);
  Quad out;
#pragma unroll
  for (int c = 4; c < 8; c++) out.v[c - 4] = in[c] * powerOf(lrnScale(lrn, in, c), kThreeQuarters ? 0.75f : lrn.beta);
  putQuad(y + int64_t{4} * i, out);
}

template <bool kThreeQuarters, bool kAdd>
__global__ void __launch_bounds__(kBlock) lrnBackwardQuads(LrnQuads lrn, const float* __restrict__ x,
                                                           const float* __restrict__ y, const float* __restrict__ dy,
                                                           float* __restrict__ dx) {
  uint32_t i = blockIdx.x * kBlock + threadIdx.x, at = i;
  if (i >= lrn.quads) return;
  lrn.row.split(at);
  bool before = at > 0, behind = static_cast<int>(at) + 1 < lrn.perRow;
  int64_t base = int64_t{4} * i;
  float in[12], out[12], up[12], scale[12], ratio[12];
  threeQuads(x + base, before, behind, in);
  threeQuads(y + base, before, behind, out);
  threeQuads(dy + base, before, behind, up);
#pragma unroll
  for (int c = 4 - kLrnReach; c < 8 + kLrnReach; c++) {
    scale[c] = lrnScale(lrn, in, c);
    bool inside = (c >= 4 || before) && (c < 8 || behind);
    ratio[c] = inside ? up[c] * out[c] / scale[c] : 0.0f;
  }
  float twice = 2.0f * lrn.factor * lrn.beta;
  Quad result;
#pragma unroll
  for (int c = 4; c < 8; c++) {
    float sum = 0.0f;
#pragma unroll
    for (int d = -kLrnReach; d <= kLrnReach; d++) sum += ratio[c + d];
    float direct = up[c] * powerOf(scale[c], kThreeQuarters ? 0.75f : lrn.beta);
    result.v[c - 4] = direct - twice * in[c] * sum;
  }
  if (kAdd) {
    Quad old = quadAt(dx + base);
#pragma unroll
    for (int j = 0; j < 4; j++) result.v[j] = old.v[j] + result.v[j];
  }
  putQuad(dx + base, result);
}

inline bool lrnByQuads(int64_t pixels, const Lrn& lrn) {
  return lrn.reach.below == kLrnReach && lrn.reach.above == kLrnReach && lrn.channels % 4 == 0 &&
         pixels * lrn.channels / 4 < kDivisible;
}

inline LrnQuads quadsOf(int64_t pixels, const Lrn& lrn) {
  int64_t perRow = lrn.channels / 4;
  return {static_cast<uint32_t>(pixels * perRow), Divide(perRow), static_cast<int>(perRow), lrn.factor, lrn.beta, lrn.bias};
}

// Both: false, and nothing done, where sizes or alignment do not fit.
inline bool lrnWide(cd_stream* stream, int64_t pixels, const Lrn& lrn, const float* x, float* y) {
  if (!lrnByQuads(pixels, lrn) || !aligned(x) || !aligned(y)) return false;
  LrnQuads all = quadsOf(pixels, lrn);
  auto kernel = lrn.beta == 0.75f ? lrnQuads<true> : lrnQuads<false>;
  kernel<<<(all.quads + kBlock - 1) / kBlock, kBlock, 0, queueOf(stream)>>>(all, x, y);
  checkLaunch();
  return true;
}

inline bool lrnBackwardWide(cd_stream* stream, int64_t pixels, const Lrn& lrn, bool accumulate, const float* x,
                            const float* y, const float* dy, float* dx) {
  if (!lrnByQuads(pixels, lrn) || !aligned(x) || !aligned(y) || !aligned(dy) || !aligned(dx)) return false;
  LrnQuads all = quadsOf(pixels, lrn);
  auto kernel = lrn.beta == 0.75f ? (accumulate ? lrnBackwardQuads<true, true> : lrnBackwardQuads<true, false>)
                                  : (accumulate ? lrnBackwardQuads<false, true> : lrnBackwardQuads<false, false>);
  kernel<<<(all.quads + kBlock - 1) / kBlock, kBlock, 0, queueOf(stream)>>>(all, x, y, dy, dx);
  checkLaunch();
  return true;
}

}  // namespace candela
