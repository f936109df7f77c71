// CUDA only. The blur of blur.cu with neighbours kept in registers and shared memory; all bits are those of the shared
// bodies: pixels outside count as 0, and 0 added to a sum that began with 0 leaves it alone.
#pragma once

#include "vector.cuh"

namespace candela {

// Neighbouring results of a thread: each pixel and each weight that it reads serves all of them.
constexpr int kEach = 8;

// Longest radius for which weights and lines fit into 48 KiB.
constexpr int64_t kMostRadius = 448;

// Sum of the weights whose pixels lie inside, for position i of 0 … n - 1.
__device__ __forceinline__ float totalWeight(const float* weight, int64_t i, int64_t n, int radius) {
  int from = i < radius ? static_cast<int>(radius - i) : 0;
  int to = n - 1 - i < radius ? static_cast<int>(n - 1 - i) + radius : 2 * radius;
  float total = 0.0f;
  for (int t = from; t <= to; t++) total += weight[t];
  return total;
}

// Floats that the weights take: the compiler reads several at once, beyond the last.
inline __host__ __device__ int weightFloats(int radius) { return (2 * radius / kEach + 1) * kEach; }

// The weights into shared memory, zeros behind them.
__device__ __forceinline__ void loadWeights(const float* weight, int radius, int thread, int threads, float* into) {
  for (int t = thread; t < weightFloats(radius); t += threads) into[t] = t <= 2 * radius ? weight[t] : 0.0f;
}

// sum[k] += weight[t] * value(k + t), over t in order; value(p) is asked once for each p.
template <class Value>
__device__ __forceinline__ void convolve(const float* weight, int radius, float (&sum)[kEach], const Value& value) {
  float now[kEach], next[kEach];
#pragma unroll
  for (int k = 0; k < kEach; k++) {
    sum[k] = 0.0f;
    now[k] = value(0, k);
  }
  for (int first = 0; first <= 2 * radius; first += kEach) {
#pragma unroll
    for (int k = 0; k < kEach; k++) next[k] = value(first + kEach, k);
#pragma unroll
    for (int t = 0; t < kEach; t++) {
      if (first + t > 2 * radius) break;
      float w = weight[first + t];
#pragma unroll
      for (int k = 0; k < kEach; k++) sum[k] += w * (k + t < kEach ? now[k + t] : next[k + t - kEach]);
    }
#pragma unroll
    for (int k = 0; k < kEach; k++) now[k] = next[k];
  }
}

// A block's columns and rows of kEach.
constexpr int kStripWide = 32;
constexpr int kStripTall = 8;

// Moves 8 planes h w bytes; a pixel is read by (kEach + 2 radius) / kEach threads, out of the caches but once.
__global__ void __launch_bounds__(kStripWide* kStripTall)
    blurDown(int64_t planes, int64_t h, int64_t w, int radius, const float* __restrict__ weight,
             const float* __restrict__ x, float* __restrict__ y) {
  extern __shared__ __align__(16) float weights[];
  __shared__ float total[kStripTall * kEach];
  int thread = static_cast<int>(threadIdx.y * kStripWide + threadIdx.x);
  loadWeights(weight, radius, thread, kStripWide * kStripTall, weights);
  __syncthreads();
  int64_t top = static_cast<int64_t>(blockIdx.y) * (kStripTall * kEach);
  if (thread < kStripTall * kEach && top + thread < h) total[thread] = totalWeight(weights, top + thread, h, radius);
  __syncthreads();
  int64_t row = top + threadIdx.y * kEach, column = static_cast<int64_t>(blockIdx.x) * kStripWide + threadIdx.x;
  if (row >= h || column >= w) return;
  for (int64_t plane = blockIdx.z; plane < planes; plane += gridDim.z) {
    const float* in = x + plane * h * w + column;
    float sum[kEach];
    convolve(weights, radius, sum, [&](int first, int k) {
      int64_t r = row - radius + first + k;
      return r >= 0 && r < h ? __ldg(in + r * w) : 0.0f;
    });
    float* out = y + plane * h * w + column;
#pragma unroll
    for (int k = 0; k < kEach; k++) {
      if (row + k < h) out[(row + k) * w] = sum[k] / total[threadIdx.y * kEach + k];
    }
  }
}

// A warp's columns, and a block's lines.
constexpr int kLine = 32 * kEach;
constexpr int kLines = 8;

// Where a line's position lies in shared memory: threads kEach apart read different banks.
__device__ __forceinline__ int bank(int p) { return p + p / kEach; }

// Floats of a line of kLine columns and their neighbours, as convolve() asks for them.
inline __host__ __device__ int lineFloats(int radius) {
  int p = kLine + (2 * radius / kEach + 1) * kEach;
  return p + p / kEach;
}

// Moves 8 lines w bytes.
__global__ void __launch_bounds__(32 * kLines)
    blurAcross(int64_t lines, int64_t w, int radius, const float* __restrict__ weight, const float* __restrict__ x,
               float* __restrict__ y) {
  extern __shared__ __align__(16) float weights[];
  __shared__ float total[kLine];
  int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y), thread = warp * 32 + lane;
  loadWeights(weight, radius, thread, 32 * kLines, weights);
  __syncthreads();
  int64_t left = static_cast<int64_t>(blockIdx.x) * kLine;
  if (left + thread < w) total[thread] = totalWeight(weights, left + thread, w, radius);
  __syncthreads();
  float* line = weights + weightFloats(radius) + warp * lineFloats(radius);
  int reach = kLine + (2 * radius / kEach + 1) * kEach;
  int64_t step = static_cast<int64_t>(gridDim.y) * kLines;
  for (int64_t r = static_cast<int64_t>(blockIdx.y) * kLines + warp; r < lines; r += step) {
    const float* in = x + r * w;
    for (int p = lane; p < reach; p += 32) {
      int64_t column = left - radius + p;
      line[bank(p)] = column >= 0 && column < w ? __ldg(in + column) : 0.0f;
    }
    __syncwarp();
    float sum[kEach];
    convolve(weights, radius, sum, [&](int first, int k) { return line[(kEach + 1) * (lane + first / kEach) + k]; });
    __syncwarp();
#pragma unroll
    for (int k = 0; k < kEach; k++) line[(kEach + 1) * lane + k] = sum[k];
    __syncwarp();
#pragma unroll
    for (int k = 0; k < kEach; k++) {
      int p = lane + 32 * k;
      if (left + p < w) y[r * w + left + p] = line[bank(p)] / total[p];
    }
    __syncwarp();
  }
}

// False, and nothing done, for sizes that these are not made for.
inline bool blurInShared(cd_stream* stream, int64_t planes, int64_t h, int64_t w, int64_t radius, const float* weight,
                         const float* x, float* scratch, float* y) {
  int64_t wide = (w + kStripWide - 1) / kStripWide, tall = (h + kStripTall * kEach - 1) / (kStripTall * kEach);
  if (radius > kMostRadius || tall > kDown || wide > kAcross) return false;
  auto queue = queueOf(stream);
  auto reach = static_cast<int>(radius);
  unsigned bytes = 4 * weightFloats(reach);
  dim3 strips(static_cast<unsigned>(wide), static_cast<unsigned>(tall),
              static_cast<unsigned>(planes < kDown ? planes : kDown));
  blurDown<<<strips, dim3(kStripWide, kStripTall), bytes, queue>>>(planes, h, w, reach, weight, x, scratch);
  checkLaunch();
  int64_t lines = planes * h, down = (lines + kLines - 1) / kLines;
  dim3 grid(static_cast<unsigned>((w + kLine - 1) / kLine), static_cast<unsigned>(down < kDown ? down : kDown));
  bytes += 4 * kLines * lineFloats(reach);
  blurAcross<<<grid, dim3(32, kLines), bytes, queue>>>(lines, w, reach, weight, scratch, y);
  checkLaunch();
  return true;
}

}  // namespace candela
