// CUDA only: fold by tiles of pixels. Of one row of windows after another, what belongs to the tile comes to shared
// memory as it lies, and each thread picks the taps of its pixels there: read from memory, neighbouring pixels' taps would
// each cost an access of their own.
#pragma once

#include "launch.cuh"
#include "storage.cuh"

namespace candela {

// Pixels of a tile; a thread has every fourth row of it.
constexpr int kFoldWide = 64, kFoldTall = 8, kFoldLines = 4, kFoldChannels = 4;
// Shared memory that every card gives without being asked.
constexpr int64_t kFoldBytes = 48 << 10;

struct FoldShape {
  int h, w, c, columns, kh, kw, sh, sw, top, left, oh, ow;
  Divide byStrideH, byStrideW;

  // First and last window that may hold one of n pixels from `at` of the padded image on.
  __device__ __forceinline__ static int first(int at, int taps, int stride, const Divide& byStride) {
    return at < taps ? 0 : static_cast<int>(byStride(at - taps + stride));
  }
  __device__ __forceinline__ static int last(int at, int n, int windows, const Divide& byStride) {
    return min(windows - 1, static_cast<int>(byStride(at + n - 1)));
  }

  // Windows of a row that a tile may need.
  int span() const { return (kFoldWide - 1) / sw + (kw - 1) / sw + 2; }
  // What of a window a tile may need, in elements.
  int piece() const { return (kFoldTall < kh ? kFoldTall : kh) * kw * c | 1; }
  int64_t bytes() const { return int64_t{4} * span() * piece(); }
};

template <bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) foldTile(FoldShape k, const T* __restrict__ p, T* __restrict__ dx) {
  extern __shared__ __align__(16) float pieces[];
  // Loads on their way at once: all windows of a tile of ResNet's first convolution.
  constexpr int kRows = kFoldTall / kFoldLines, kAhead = 5;
  int y0 = blockIdx.y * kFoldTall, x0 = blockIdx.x * kFoldWide, y = y0 + threadIdx.y, x = x0 + threadIdx.x;
  int left = FoldShape::first(x0 + k.left, k.kw, k.sw, k.byStrideW);
  int right = FoldShape::last(x0 + k.left, kFoldWide, k.ow, k.byStrideW);
  int upper = FoldShape::first(y0 + k.top, k.kh, k.sh, k.byStrideH);
  const T* image = p + static_cast<int64_t>(blockIdx.z) * k.oh * k.ow * k.columns;
  // The last window that may hold the pixel, and its tap there.
  int window = static_cast<int>(k.byStrideW(x + k.left)), tap = x + k.left - window * k.sw;
  int warp = (threadIdx.y * kFoldWide + threadIdx.x) / 32, lane = threadIdx.x % 32, warps = kBlock / 32;
  float sum[kRows][kFoldChannels] = {};
  // Taps in the order of the kernel: windows from the last on.
  for (int row = FoldShape::last(y0 + k.top, kFoldTall, k.oh, k.byStrideH); row >= upper; row--) {
    int above = y0 + k.top - row * k.sh, from = max(above, 0), end = min(above + kFoldTall, k.kh);
    int n = (end - from) * k.kw * k.c, wide = n | 1;
    const T* line = image + static_cast<int64_t>(row) * k.ow * k.columns + from * k.kw * k.c;
    __syncthreads();
    for (int some = left + warp; some <= right; some += kAhead * warps) {
      for (int i = lane; i < n; i += 32) {
        float v[kAhead];
#pragma unroll
        for (int e = 0; e < kAhead; e++) {
          int at = some + e * warps;
          if (at <= right) v[e] = line[static_cast<int64_t>(at) * k.columns + i];
        }
#pragma unroll
        for (int e = 0; e < kAhead; e++) {
          int at = some + e * warps;
          if (at <= right) pieces[(at - left) * wide + i] = v[e];
        }
      }
    }
    __syncthreads();
#pragma unroll
    for (int r = 0; r < kRows; r++) {
      int a = above + static_cast<int>(threadIdx.y) + kFoldLines * r;
      if (a < 0 || a >= k.kh) continue;
      for (int b = tap, at = window; b < k.kw && at >= left; b += k.sw, at--) {
        if (at > right) continue;
        const float* taps = pieces + (at - left) * wide + ((a - from) * k.kw + b) * k.c;
#pragma unroll
        for (int c = 0; c < kFoldChannels; c++) {
          if (c < k.c) sum[r][c] += taps[c];
        }
      }
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; r++) {
    int at = y + kFoldLines * r;
    if (at >= k.h || x >= k.w) continue;
    T* out = dx + ((static_cast<int64_t>(blockIdx.z) * k.h + at) * k.w + x) * k.c;
#pragma unroll
    for (int c = 0; c < kFoldChannels; c++) {
      if (c < k.c) out[c] = kAdd ? out[c] + sum[r][c] : sum[r][c];
    }
  }
}

// False, and nothing done, where windows have gaps or a tile's do not fit.
template <class T>
bool foldByTiles(cd_stream* stream, bool accumulate, int64_t images, int h, int w, int c, const int* window,
                 int columns, const T* p, T* dx) {
  constexpr int kMost = 1 << 20;
  FoldShape k{h,         w,         c,         columns,   window[0], window[1], window[2],         window[3],
              window[6], window[7], window[8], window[9], Divide(window[2]), Divide(window[3])};
  bool plain = window[4] == 1 && window[5] == 1 && h < kMost && w < kMost && k.kh <= 64 && k.kw <= 64 && k.sh <= 64 &&
               k.sw <= 64 && k.top < kMost && k.left < kMost && k.oh > 0 && k.ow > 0 && k.oh < kMost && k.ow < kMost;
  int64_t down = (h + kFoldTall - 1) / kFoldTall;
  if (!plain || images > 65535 || down > 65535 || k.bytes() > kFoldBytes) return false;
  dim3 grid(static_cast<unsigned>((w + kFoldWide - 1) / kFoldWide), static_cast<unsigned>(down),
            static_cast<unsigned>(images));
  dim3 block(kFoldWide, kFoldLines);
  if (accumulate) {
    foldTile<true><<<grid, block, k.bytes(), queueOf(stream)>>>(k, p, dx);
  } else {
    foldTile<false><<<grid, block, k.bytes(), queueOf(stream)>>>(k, p, dx);
  }
  checkLaunch();
  return true;
}

}  // namespace candela
