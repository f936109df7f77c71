// CUDA only. Steps of attack.cu: by 16 bytes where no length is asked for, else a block for each row.
#pragma once

#include "vector.cuh"

namespace candela {

// Moves 16 rows n bytes. pixels is a multiple of kWide: neighbours are of one channel. The bits are those of the shared
// body.
template <class Body>
struct AttackBatch {
  Body body;

  template <int kWide>
  __device__ int64_t columns(int64_t i) const {
    return i / body.pixels;
  }

  template <int kWide>
  __device__ void row(int64_t channel, int64_t r, int64_t i) const {
    int64_t at = r * body.channels * body.pixels + i;
    Floats<kWide> from = load<kWide>(body.x + at), d = load<kWide>(body.direction + at), v;
    if constexpr (kWide == 4) {
      // y is written: not through the read-only cache
      float4 old = *reinterpret_cast<const float4*>(body.y + at);
      v = {{old.x, old.y, old.z, old.w}};
    } else {
      v = {{body.y[at]}};
    }
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = body.projected(from.at[k], v.at[k], d.at[k], channel, 1.0f, 1.0f);
    store<kWide>(body.y + at, v);
  }
};

constexpr int kCrew = 1024;

// The sum over the block, the same in all its threads: lanes by a tree, then warps by a tree.
__device__ __forceinline__ float sumOfCrew(float v) {
  __shared__ float part[kCrew / 32];
  int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  v = Lanes().sum(v);
  __syncthreads();
  if (lane == 0) part[warp] = v;
  __syncthreads();
  return Lanes().sum(part[lane]);
}

// Moves 16 rows n bytes, and 8 or 12 rows n from the caches for each length. A length's squares are added up in another
// order than in the shared body, 1024 chains for its 32: shorter ones, a smaller rounding error.
template <class Body>
__global__ void __launch_bounds__(kCrew) attackRows(int64_t rows, Body body) {
  int64_t pixels = body.pixels, n = body.channels * pixels;
  for (int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const float* from = body.x + r * n;
    const float* d = body.direction + r * n;
    float* to = body.y + r * n;
    float length = 1.0f;
    if (body.unit()) {
      float sum = 0.0f;
      for (int64_t c = 0; c < body.channels; c++) {
        float scale = body.deviation[c];
#pragma unroll 8
        for (int64_t i = c * pixels + threadIdx.x; i < (c + 1) * pixels; i += kCrew) {
          float v = __ldg(d + i) / scale;
          sum += v * v;
        }
      }
      float square = sumOfCrew(sum);
      length = square > 0.0f ? sqrtf(square) : 1.0f;
    }
    float square = 0.0f;
    if (body.round()) {
      float sum = 0.0f;
      for (int64_t c = 0; c < body.channels; c++) {
#pragma unroll 4
        for (int64_t i = c * pixels + threadIdx.x; i < (c + 1) * pixels; i += kCrew) {
          float v = body.moved(to[i], __ldg(d + i), body.deviation[c], length) - __ldg(from + i) * body.deviation[c];
          sum += v * v;
        }
      }
      square = sumOfCrew(sum);
    }
    float shrink = body.shrinkOf(square);
    for (int64_t c = 0; c < body.channels; c++) {
#pragma unroll 4
      for (int64_t i = c * pixels + threadIdx.x; i < (c + 1) * pixels; i += kCrew) {
        to[i] = body.projected(__ldg(from + i), to[i], __ldg(d + i), c, length, shrink);
      }
    }
  }
}

}  // namespace candela
