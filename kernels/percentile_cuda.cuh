// CUDA only: percentiles of rows, a block a row. Three keys are tried in one pass, so that 17 passes do.
#pragma once

#include "wide.cuh"

namespace candela {

constexpr int kPercentileBlock = 1024;

// Sum over the block, in every thread.
__device__ __forceinline__ uint32_t countedByAll(uint32_t v, uint32_t* parts) {
  for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xffffffffu, v, step);
  // What an earlier call left there has been read.
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
  __syncthreads();
  v = parts[threadIdx.x % 32];
  for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xffffffffu, v, step);
  return v;
}

// Smallest over the block, in every thread.
__device__ __forceinline__ int32_t leastOfAll(int32_t v, int32_t* parts) {
  for (int step = 16; step > 0; step >>= 1) {
    int32_t other = __shfl_xor_sync(0xffffffffu, v, step);
    v = other < v ? other : v;
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
  __syncthreads();
  v = parts[threadIdx.x % 32];
  for (int step = 16; step > 0; step >>= 1) {
    int32_t other = __shfl_xor_sync(0xffffffffu, v, step);
    v = other < v ? other : v;
  }
  return v;
}

// Keys::of gives integers in the order of the floats, Keys::value the float back; n at most 2^30.
template <class Keys>
__global__ void __launch_bounds__(kPercentileBlock) percentileRows(int n, int64_t rank, float fraction,
                                                                  const float* __restrict__ x, float* __restrict__ y) {
  __shared__ uint32_t parts[kPercentileBlock / 32];
  __shared__ int32_t keys[kPercentileBlock / 32];
  const float* row = x + static_cast<int64_t>(blockIdx.x) * n;
  int64_t least = -(int64_t{1} << 31), most = (int64_t{1} << 31) - 1;
  // All threads know the same counts and leave together.
  while (least < most) {
    int64_t span = most - least, first = least + span / 4, second = least + span / 2, third = least + span * 3 / 4;
    uint32_t upToFirst = 0, upToSecond = 0, upToThird = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < n; i += kPercentileBlock) {
      int32_t key = Keys::of(row[i]);
      upToFirst += key <= first ? 1 : 0;
      upToSecond += key <= second ? 1 : 0;
      upToThird += key <= third ? 1 : 0;
    }
    upToFirst = countedByAll(upToFirst, parts);
    upToSecond = countedByAll(upToSecond, parts);
    upToThird = countedByAll(upToThird, parts);
    if (upToFirst > rank) {
      most = first;
    } else if (upToSecond > rank) {
      least = first + 1;
      most = second;
    } else if (upToThird > rank) {
      least = second + 1;
      most = third;
    } else {
      least = third + 1;
    }
  }
  auto found = static_cast<int32_t>(least);
  float value = Keys::value(found), next = value;
  if (fraction > 0.0f) {
    uint32_t count = 0;
    int32_t above = INT32_MAX;
    for (int i = threadIdx.x; i < n; i += kPercentileBlock) {
      int32_t key = Keys::of(row[i]);
      count += key <= found ? 1 : 0;
      above = key > found && key < above ? key : above;
    }
    count = countedByAll(count, parts);
    above = leastOfAll(above, keys);
    if (count == rank + 1) next = Keys::value(above);
  }
  if (threadIdx.x == 0) y[blockIdx.x] = next > value ? value + fraction * (next - value) : value;
}

// False, and nothing done, for rows that a warp each serves as well.
template <class Keys>
bool percentileShared(cd_stream* stream, int64_t rows, int64_t n, int64_t rank, float fraction, const float* x, float* y) {
  if (n < kPercentileBlock || n > kDivisible / 2 || rows > kMostBlocks) return false;
  percentileRows<Keys><<<static_cast<unsigned>(rows), kPercentileBlock, 0, queueOf(stream)>>>(static_cast<int>(n), rank,
                                                                                            fraction, x, y);
  checkLaunch();
  return true;
}

}  // namespace candela
