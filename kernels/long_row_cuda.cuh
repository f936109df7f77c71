// CUDA only: sums of few long rows, a block a row.
#pragma once

#include "wide.cuh"

namespace candela {

constexpr int kLongBlock = 1024;

// y[rows] = sum of x[rows,n] / divisor, W elements an access. Moves 4 bytes an element of x.
template <int W>
__global__ void __launch_bounds__(kLongBlock) sumLongRows(int64_t n, float divisor, const float* __restrict__ x,
                                                         float* __restrict__ y) {
  __shared__ float parts[kLongBlock];
  const float* in = x + static_cast<int64_t>(blockIdx.x) * n;
  float s[4] = {};
#pragma unroll 4
  for (int64_t i = W * static_cast<int64_t>(threadIdx.x); i < n; i += W * kLongBlock) {
    if (W == 4) {
      Quad q = quadAt(in + i);
#pragma unroll
      for (int j = 0; j < 4; j++) s[j] += q.v[j];
    } else {
      s[0] += in[i];
    }
  }
  parts[threadIdx.x] = (s[0] + s[1]) + (s[2] + s[3]);
  for (int half = kLongBlock / 2; half > 0; half /= 2) {
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < half) parts[threadIdx.x] += parts[threadIdx.x + half];
  }
  if (threadIdx.x == 0) y[blockIdx.x] = parts[0] / divisor;
}

// False, and nothing done, where a warp a row keeps the card busy.
inline bool longRows(cd_stream* stream, int64_t rows, int64_t n, float divisor, const float* x, float* y) {
  constexpr int64_t kFew = 8 * 132;
  if (rows >= kFew || n < kLongBlock) return false;
  auto kernel = n % 4 == 0 && aligned(x) ? sumLongRows<4> : sumLongRows<1>;
  kernel<<<static_cast<unsigned>(rows), kLongBlock, 0, queueOf(stream)>>>(n, divisor, x, y);
  checkLaunch();
  return true;
}

}  // namespace candela
