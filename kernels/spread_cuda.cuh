// CUDA only: shares of dy[outer,inner] for all of dx[outer,n,inner], each divided once for several elements: a division
// takes longer than a store.
#pragma once

#include "wide.cuh"

namespace candela {

// Rows of n that a thread writes, or quads where inner is 1.
constexpr int kShares = 8, kQuads = 4;

template <bool kAdd>
__global__ void __launch_bounds__(kBlock) spreadOverRows(int n, int inner, float divisor, const float* __restrict__ dy,
                                                         float* dx) {
  int column = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= inner) return;
  Quad share = quadAt(dy + static_cast<int64_t>(blockIdx.z) * inner + column), held[kShares];
#pragma unroll
  for (int c = 0; c < 4; c++) share.v[c] /= divisor;
  float* out = dx + static_cast<int64_t>(blockIdx.z) * n * inner + column;
  int first = blockIdx.y * (blockDim.y * kShares) + threadIdx.y;
#pragma unroll
  for (int e = 0; e < kShares; e++) {
    int row = first + e * static_cast<int>(blockDim.y);
    if (kAdd && row < n) held[e] = quadAt(out + row * inner);
  }
#pragma unroll
  for (int e = 0; e < kShares; e++) {
    int row = first + e * static_cast<int>(blockDim.y);
    if (row >= n) break;
    Quad v = share;
#pragma unroll
    for (int c = 0; c < 4; c++) v.v[c] = kAdd ? held[e].v[c] + v.v[c] : v.v[c];
    putQuad(out + row * inner, v);
  }
}

template <bool kAdd>
__global__ void __launch_bounds__(kBlock) spreadAlongRow(uint32_t quads, Divide row, float divisor,
                                                         const float* __restrict__ dy, float* dx) {
  uint32_t first = blockIdx.x * (kBlock * kQuads) + threadIdx.x;
  float share[kQuads];
  Quad held[kQuads];
#pragma unroll
  for (int e = 0; e < kQuads; e++) {
    uint32_t i = first + e * kBlock;
    if (i >= quads) continue;
    share[e] = dy[row(i)];
    if (kAdd) held[e] = quadAt(dx + 4 * static_cast<int64_t>(i));
  }
#pragma unroll
  for (int e = 0; e < kQuads; e++) {
    uint32_t i = first + e * kBlock;
    if (i >= quads) break;
    float v = share[e] / divisor;
    Quad out;
#pragma unroll
    for (int c = 0; c < 4; c++) out.v[c] = kAdd ? held[e].v[c] + v : v;
    putQuad(dx + 4 * static_cast<int64_t>(i), out);
  }
}

// False, and nothing done, where rows are not of quads or sizes do not fit.
template <bool kAdd>
bool spread(cd_stream* stream, int64_t outer, int64_t n, int64_t inner, float divisor, const float* dy, float* dx) {
  if (inner == 1) {
    // A block has that many quads, at most.
    constexpr int64_t kMost = kDivisible - kBlock * kQuads;
    if (n % 4 != 0 || !alignedQuads(dx) || n / 4 >= kMost || outer >= kMost / (n / 4)) return false;
    auto quads = static_cast<uint32_t>(outer * (n / 4));
    unsigned blocks = (quads + kBlock * kQuads - 1) / (kBlock * kQuads);
    spreadAlongRow<kAdd><<<blocks, kBlock, 0, queueOf(stream)>>>(quads, Divide(n / 4), divisor, dy, dx);
    checkLaunch();
    return true;
  }
  if (inner % 4 != 0 || !alignedQuads(dy) || !alignedQuads(dx) || n >= kDivisible / inner) return false;
  dim3 block(1);
  while (block.x < inner / 4 && block.x < kBlock / 2) block.x *= 2;
  block.y = kBlock / block.x;
  int64_t down = (n + block.y * kShares - 1) / (block.y * kShares);
  if (outer > 65535 || down > 65535) return false;
  dim3 grid(static_cast<unsigned>((inner / 4 + block.x - 1) / block.x), static_cast<unsigned>(down),
            static_cast<unsigned>(outer));
  auto rows = static_cast<int>(n), columns = static_cast<int>(inner);
  spreadOverRows<kAdd><<<grid, block, 0, queueOf(stream)>>>(rows, columns, divisor, dy, dx);
  checkLaunch();
  return true;
}

}  // namespace candela
