// CUDA only: what becomes of the sums of convolve_cuda.cuh.
#pragma once

#include "convolve_job_cuda.cuh"
#include "grid_cuda.cuh"
#include "tensor_cuda.cuh"

namespace candela {

// A block's own rows of its tile: all, or those of its part.
struct Own {
  int firstPixel, rows, firstChannel;
};

// What end() will read starts on its way into the second-level cache.
template <class T>
__device__ __forceinline__ void foreseeEnd(const ConvolveJob& job, const ConvolveLayer& layer, const Own& own) {
  constexpr int kLines = T::kChannels / 32;
  if (job.ending.add == nullptr && job.ending.gate == nullptr) return;
#pragma unroll 1
  for (int i = threadIdx.x; i < own.rows * kLines; i += T::kThreads) {
    int row = own.firstPixel + i / kLines, channel = own.firstChannel + i % kLines * 32;
    if (row >= layer.pixels || channel >= job.oc) continue;
    int64_t at = job.placeOf(layer, row) + channel;
    if (job.ending.add != nullptr) fetchLine(job.ending.add + at);
    if (job.ending.gate != nullptr) fetchLine(job.ending.gate + at);
  }
}

__device__ __forceinline__ float4 quadOf(const float* from, bool some) {
  return some ? *reinterpret_cast<const float4*>(from) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
}

// The sum of all parts at this place, in their order; all are on their way at once.
__device__ __forceinline__ float4 sumOf(const float4* place, int splits) {
  float4 v[kMostSplits];
#pragma unroll
  for (int p = 0; p < kMostSplits; p++) {
    if (p < splits) v[p] = readOf(p, place);
  }
  float4 sum = v[0];
#pragma unroll
  for (int p = 1; p < kMostSplits; p++) {
    if (p < splits) sum = make_float4(sum.x + v[p].x, sum.y + v[p].y, sum.z + v[p].z, sum.w + v[p].w);
  }
  return sum;
}

// Out of shared memory, 16 bytes at a time; what add and gate hold is read several rows ahead.
template <class T, bool kShared, bool kGated>
__device__ __forceinline__ void endRows(const ConvolveJob& job, const ConvolveLayer& layer, const float* rows,
                                        const Own& own, int splits) {
  constexpr int kQuads = T::kChannels / 4, kStep = T::kThreads / kQuads, kAhead = kShared ? 1 : 8;
  const Ending& ending = job.ending;
  int first = threadIdx.x / kQuads, channel = own.firstChannel + threadIdx.x % kQuads * 4;
  if (channel >= job.oc) return;
  int left = layer.pixels - own.firstPixel, pixels = left < own.rows ? left : own.rows;
  const float* from = rows + threadIdx.x % kQuads * 4;
  float4 bias = quadOf(ending.bias + channel, ending.bias != nullptr);
#pragma unroll 1
  for (int row = first; row < pixels; row += kStep * kAhead) {
    int64_t at[kAhead];
    float4 old[kAhead], gate[kAhead];
#pragma unroll
    for (int a = 0; a < kAhead; a++) {
      bool some = row + kStep * a < pixels;
      at[a] = some ? job.placeOf(layer, own.firstPixel + row + kStep * a) + channel : 0;
      old[a] = quadOf(ending.add + at[a], some && ending.add != nullptr);
      gate[a] = quadOf(ending.gate + at[a], some && kGated);
    }
#pragma unroll
    for (int a = 0; a < kAhead; a++) {
      int now = row + kStep * a;
      if (now >= pixels) continue;
      auto sums = reinterpret_cast<const float4*>(from + now * T::kRow);
      float4 v = kShared ? sumOf(sums, splits) : *sums;
      v.x = ending.of<kGated>(v.x, bias.x, old[a].x, gate[a].x);
      v.y = ending.of<kGated>(v.y, bias.y, old[a].y, gate[a].y);
      v.z = ending.of<kGated>(v.z, bias.z, old[a].z, gate[a].z);
      v.w = ending.of<kGated>(v.w, bias.w, old[a].w, gate[a].w);
      *reinterpret_cast<float4*>(job.y + at[a]) = v;
    }
  }
}

template <class T, bool kShared>
__device__ __forceinline__ void end(const ConvolveJob& job, const ConvolveLayer& layer, const float* rows, const Own& own,
                                    int splits) {
  if (job.ending.gated()) {
    endRows<T, kShared, true>(job, layer, rows, own, splits);
  } else {
    endRows<T, kShared, false>(job, layer, rows, own, splits);
  }
}

}  // namespace candela
