// CUDA only: the sums of a tile of convolve_cuda.cuh, and how a step's products are added to them.
#pragma once

#include <type_traits>

#include "convolve_job_cuda.cuh"
#include "tensor_cuda.cuh"
#include "warpgroup_cuda.cuh"

namespace candela {

// 16 rows of sums into shared memory.
template <class T, int kAcross>
__device__ __forceinline__ void standRows(const float (&at)[kAcross][4], float* rows) {
  int lane = threadIdx.x % 32;
  float* first = rows + lane / 4 * T::kRow + lane % 4 * 2;
#pragma unroll
  for (int j = 0; j < kAcross; j++) {
    *reinterpret_cast<float2*>(first + 8 * j) = make_float2(at[j][0], at[j][1]);
    *reinterpret_cast<float2*>(first + 8 * j + 8 * T::kRow) = make_float2(at[j][2], at[j][3]);
  }
}

// The sums of a thread: of its warp's part those that the layout of mma gives it.
template <class T>
struct WarpSums {
  float at[T::kDown][T::kAcross][4] = {};

  // Before the barrier behind which a stage is there, and behind it.
  __device__ __forceinline__ void ready() {}
  __device__ __forceinline__ void begin(const float*) {}

  // Adds the stage's products.
  __device__ __forceinline__ void finish(const float* stage) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    uint32_t a[2][T::kDown][4], b[2][T::kAcross][2];
    // The rows whose addresses this lane gives: of four 8 x 4 matrices the first two are one above the other in a, beside
    // each other in b.
    const float* pixels = stage + (T::firstPixel(warp) + lane % 16) * kDeep;
    const float* channels = stage + (T::kPixels + T::firstChannel(warp) + lane % 8 + lane / 16 * 8) * kDeep;
    fetch(a[0], b[0], pixels, channels, 0, lane);
#pragma unroll
    for (int k = 0; k < kDeep / 8; k++) {
      int now = k % 2;
      // The next factors are on their way while these are multiplied.
      if (k + 1 < kDeep / 8) fetch(a[1 - now], b[1 - now], pixels, channels, k + 1, lane);
      round(a[now], b[now]);
#pragma unroll
      for (int i = 0; i < T::kDown; i++) {
#pragma unroll
        for (int j = 0; j < T::kAcross; j++) multiplyAdd(at[i][j], a[now][i], b[now][j]);
      }
    }
  }

  // Factors of channels 8 k … 8 k + 7.
  __device__ __forceinline__ static void fetch(uint32_t (&a)[T::kDown][4], uint32_t (&b)[T::kAcross][2],
                                               const float* pixels, const float* channels, int k, int lane) {
    int swap = lane % 8;
#pragma unroll
    for (int i = 0; i < T::kDown; i++) {
      loadMatrices(pixels + 16 * i * kDeep + 4 * ((2 * k + lane / 16) ^ swap), a[i][0], a[i][1], a[i][2], a[i][3]);
    }
#pragma unroll
    for (int j = 0; j < T::kAcross; j += 2) {
      loadMatrices(channels + 8 * j * kDeep + 4 * ((2 * k + lane / 8 % 2) ^ swap), b[j][0], b[j][1], b[j + 1][0], b[j + 1][1]);
    }
  }

  __device__ __forceinline__ static void round(uint32_t (&a)[T::kDown][4], uint32_t (&b)[T::kAcross][2]) {
#pragma unroll
    for (int i = 0; i < T::kDown; i++) {
#pragma unroll
      for (int e = 0; e < 4; e++) a[i][e] = rounded(a[i][e]);
    }
#pragma unroll
    for (int j = 0; j < T::kAcross; j++) {
#pragma unroll
      for (int e = 0; e < 2; e++) b[j][e] = rounded(b[j][e]);
    }
  }

  // Into shared memory, row by row.
  __device__ __forceinline__ void stand(float* rows) const {
    int warp = threadIdx.x / 32;
    float* first = rows + T::firstPixel(warp) * T::kRow + T::firstChannel(warp);
#pragma unroll
    for (int i = 0; i < T::kDown; i++) standRows<T>(at[i], first + 16 * i * T::kRow);
  }
};

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
// The same where warpgroups make the products, while the next copies start: a warp has 16 pixels and all channels. Pixels
// are rounded in registers; weights are read where they are, and what TF32 lacks is cut off.
template <class T>
struct WarpgroupSums {
  float at[T::kChannels / 8][4] = {};
  // Where in a stage the row begins whose address this lane gives, with its chunk of the first 8 channels.
  int place = held((threadIdx.x / 32 * 16 + threadIdx.x % 16) * kDeep + 4 * (threadIdx.x % 32 / 16 ^ threadIdx.x % 8));

  __device__ __forceinline__ void ready() { showToProducts(); }

  __device__ __forceinline__ void begin(const float* stage) {
    uint64_t weights = rowsAt(stage + T::kPixels * kDeep);
    uint32_t a[kDeep / 8][4];
#pragma unroll
    for (int k = 0; k < kDeep / 8; k++) {
      loadMatrices(stage + (place ^ 8 * k), a[k][0], a[k][1], a[k][2], a[k][3]);
    }
#pragma unroll
    for (int k = 0; k < kDeep / 8; k++) {
#pragma unroll
      for (int e = 0; e < 4; e++) a[k][e] = rounded(a[k][e]);
    }
    beginProducts();
#pragma unroll
    for (int k = 0; k < kDeep / 8; k++) {
#pragma unroll
      for (int j = 0; j < T::kChannels / 64; j++) {
        multiplyAdd(at + 8 * j, a[k], weights + 2 * k + j * (64 * 4 * kDeep / 16));
      }
    }
    commitProducts();
  }

  __device__ __forceinline__ void finish(const float*) { waitForProducts(); }

  __device__ __forceinline__ void stand(float* rows) const {
    standRows<T>(at, rows + threadIdx.x / 32 * 16 * T::kRow);
  }
};

template <class T>
using Sums = std::conditional_t<T::kWarpgroups, WarpgroupSums<T>, WarpSums<T>>;
#else
template <class T>
using Sums = WarpSums<T>;
#endif

}  // namespace candela
