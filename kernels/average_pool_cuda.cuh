// CUDA only: means of windows by patches of pixels, as in pool_patch_cuda.cuh, and of whole images.
#pragma once

#include "pool_patch_cuda.cuh"

namespace candela {

// y of H x W windows, K x K at stride S.
template <int K, int S, int H, int W, class T>
__global__ void __launch_bounds__(kBlock) averagePoolPatch(Patches patches, SmallWindow k, SmallDivisor divisor,
                                                           const T* __restrict__ x, T* __restrict__ y) {
  constexpr int kRows = S * (H - 1) + K, kColumns = S * (W - 1) + K;
  PoolPlace at(patches.tiles);
  if (!at.inside) return;
  int row = H * S * at.row - k.top, column = W * S * at.column - k.left;
  const T* image = x + blockIdx.z * k.in() + at.channel;
  Quad sum[H][W] = {};
#pragma unroll
  for (int i = 0; i < kRows; i++) {
    bool inRow = isWithin(row + i, k.h);
    int line = within(row + i, k.h) * k.w;
#pragma unroll
    for (int j = 0; j < kColumns; j++) {
      bool valid = inRow && isWithin(column + j, k.w);
      Quad v = quadAt(image + (line + within(column + j, k.w)) * k.c);
#pragma unroll
      for (int c = 0; c < 4; c++) {
        // The sums begin as 0 and are never -0, so that a 0 more changes nothing.
        float here = valid ? v.v[c] : 0.0f;
#pragma unroll
        for (int n = 0; n < H; n++) {
          if (i < S * n || i >= S * n + K) continue;
#pragma unroll
          for (int m = 0; m < W; m++) {
            if (j >= S * m && j < S * m + K) sum[n][m].v[c] += here;
          }
        }
      }
    }
  }
#pragma unroll
  for (int n = 0; n < H; n++) {
#pragma unroll
    for (int m = 0; m < W; m++) {
      int down = H * at.row + n, across = W * at.column + m;
      if (down >= k.oh || across >= k.ow) continue;
      Quotients by(divisor.of(k, row + S * n, column + S * m));
      T* to = y + blockIdx.z * k.out() + (int64_t{1} * down * k.ow + across) * k.c + at.channel;
      putQuad(to, by.by == 0.0f ? sum[n][m] : by(sum[n][m]));
    }
  }
}

// The gradient of one pixel from all windows that hold it.
template <bool kAdd, class T>
__device__ __forceinline__ Quad averageGather(const SmallWindow& k, const SmallDivisor& divisor, int row, int column,
                                              const T* __restrict__ dy, const T* dx) {
  int atRow = row + k.top, atColumn = column + k.left;
  int row0 = atRow < 0 ? -1 : min(static_cast<int>(k.byStrideH(atRow)), k.oh - 1);
  int column0 = atColumn < 0 ? -1 : min(static_cast<int>(k.byStrideW(atColumn)), k.ow - 1);
  Quad sum{};
  if (kAdd) sum = quadAt(dx + (row * k.w + column) * k.c);
#pragma unroll 1
  for (int across = row0; across >= k.firstRow(atRow); across--) {
    float rows = divisor.rows(k, across * k.sh - k.top);
#pragma unroll 1
    for (int along = column0; along >= k.firstColumn(atColumn); along--) {
      Quotients by(divisor.of(rows, divisor.columns(k, along * k.sw - k.left)));
      Quad up = by(quadAt(dy + (across * k.ow + along) * k.c));
#pragma unroll
      for (int c = 0; c < 4; c++) sum.v[c] += up.v[c];
    }
  }
  return sum;
}

// That of all pixels of a patch.
template <int H, int W, bool kAdd, class T>
__device__ __forceinline__ void averageGatherPatch(const SmallWindow& k, const SmallDivisor& divisor, int row, int column,
                                                const T* __restrict__ dy, T* dx) {
#pragma unroll 1
  for (int i = 0; i < H * W; i++) {
    int y = row + i / W, x = column + i % W;
    if (!isWithin(y, k.h) || !isWithin(x, k.w)) continue;
    putQuad(dx + (y * k.w + x) * k.c, averageGather<kAdd>(k, divisor, y, x, dy, dx));
  }
}

// dx of H x W pixels from all windows, K x K at stride S, that hold one of them, in the order of maxPoolPatch.
template <int K, int S, int H, int W, bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) averagePoolBackwardPatch(Patches patches, SmallWindow k, SmallDivisor divisor,
                                                                   const T* __restrict__ dy, T* __restrict__ dx) {
  constexpr int kBefore = (K - 1) / S, kRows = (H - 1) / S + kBefore + 1, kColumns = (W - 1) / S + kBefore + 1;
  PoolPlace at(patches.tiles);
  if (!at.inside) return;
  int row = H * at.row - patches.row, column = W * at.column - patches.column;
  int above = H / S * at.row + patches.windowRow - kBefore, before = W / S * at.column + patches.windowColumn - kBefore;
  T* down = dx + blockIdx.z * k.in() + at.channel;
  const T* up = dy + blockIdx.z * k.out() + at.channel;
  Quad sum[H][W] = {};
  bool unsafe = false;
  if (kAdd) {
#pragma unroll
    for (int y = 0; y < H; y++) {
#pragma unroll
      for (int x = 0; x < W; x++) {
        sum[y][x] = quadAt(down + (within(row + y, k.h) * k.w + within(column + x, k.w)) * k.c);
      }
    }
  }
#pragma unroll
  for (int i = kRows - 1; i >= 0; i--) {
    bool inRow = isWithin(above + i, k.oh);
    int over = within(above + i, k.oh);
    float rows = divisor.rows(k, over * S - k.top);
    Quad g[kColumns];
#pragma unroll
    for (int j = 0; j < kColumns; j++) g[j] = quadAt(up + (over * k.ow + within(before + j, k.ow)) * k.c);
#pragma unroll
    for (int j = kColumns - 1; j >= 0; j--) {
      bool valid = inRow && isWithin(before + j, k.ow);
      Quotients by(divisor.of(rows, divisor.columns(k, within(before + j, k.ow) * S - k.left)));
      // A sum that began as 0 is never -0, and a 0 of either sign changes nothing; else adding -0 is nothing.
      if (!kAdd && !valid) by.reciprocal = 0.0f;
      Quad each = by.template near<kAdd>(g[j], unsafe);
#pragma unroll
      for (int c = 0; c < 4; c++) {
        float here = !kAdd || valid ? each.v[c] : -0.0f;
#pragma unroll
        for (int y = 0; y < H; y++) {
          int tapRow = y - S * (i - kBefore);
          if (tapRow < 0 || tapRow >= K) continue;
#pragma unroll
          for (int x = 0; x < W; x++) {
            int tapColumn = x - S * (j - kBefore);
            if (tapColumn >= 0 && tapColumn < K) sum[y][x].v[c] += here;
          }
        }
      }
    }
  }
  float all = 0.0f;
#pragma unroll
  for (int i = 0; i < H * W * 4; i++) all += fabsf(sum[i / 4 / W][i / 4 % W].v[i % 4]);
  if (unsafe | !(all < INFINITY)) {
    averageGatherPatch<H, W, kAdd>(k, divisor, row, column, up, down);
    return;
  }
#pragma unroll
  for (int y = 0; y < H; y++) {
#pragma unroll
    for (int x = 0; x < W; x++) {
      if (isWithin(row + y, k.h) && isWithin(column + x, k.w)) {
        putQuad(down + ((row + y) * k.w + column + x) * k.c, sum[y][x]);
      }
    }
  }
}

// Pixels of one window that a thread writes.
constexpr int kSpread = 4;

// dx of images that one window holds.
template <bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) averageSpread(SmallWindow k, SmallDivisor divisor, const T* __restrict__ dy,
                                                        T* __restrict__ dx) {
  int channel = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  if (channel >= k.c) return;
  Quotients by(divisor.of(k, -k.top, -k.left));
  Quad g = by(quadAt(dy + blockIdx.z * k.out() + channel));
  T* down = dx + blockIdx.z * k.in() + channel;
  int first = blockIdx.y * blockDim.y * kSpread + threadIdx.y;
  Quad sum[kSpread] = {};
#pragma unroll
  for (int e = 0; e < kSpread; e++) {
    if (kAdd) sum[e] = quadAt(down + within(first + e * static_cast<int>(blockDim.y), k.h * k.w) * k.c);
  }
#pragma unroll
  for (int e = 0; e < kSpread; e++) {
    int pixel = first + e * blockDim.y;
#pragma unroll
    for (int c = 0; c < 4; c++) sum[e].v[c] += g.v[c];
    if (pixel < k.h * k.w) putQuad(down + pixel * k.c, sum[e]);
  }
}

// All below: false, and nothing done, where the window is none of theirs.
template <class T>
bool averagePoolPatches(cd_stream* stream, int64_t images, const Window& k, const SmallDivisor& divisor, const T* x, T* y) {
  if (!isSquare(k, 3, 1)) return false;
  Patches p = Patches::over(images, k, 2, 2);
  averagePoolPatch<3, 1, 2, 2><<<p.tiles.grid, p.tiles.block, 0, queueOf(stream)>>>(p, SmallWindow(k), divisor, x, y);
  checkLaunch();
  return true;
}

template <int K, int S, int H, int W, bool kAdd, class T>
bool byAveragePatches(cd_stream* stream, int64_t images, const Window& k, const SmallDivisor& divisor, const T* dy, T* dx) {
  if (!isSquare(k, K, S)) return false;
  Patches p = Patches::under(images, k, H, W);
  averagePoolBackwardPatch<K, S, H, W, kAdd>
      <<<p.tiles.grid, p.tiles.block, 0, queueOf(stream)>>>(p, SmallWindow(k), divisor, dy, dx);
  checkLaunch();
  return true;
}

template <bool kAdd, class T>
bool spreads(cd_stream* stream, int64_t images, const Window& k, const SmallDivisor& divisor, const T* dy, T* dx) {
  bool one = k.oh == 1 && k.ow == 1 && k.top >= 0 && k.left >= 0 && k.kh - k.top >= k.h && k.kw - k.left >= k.w;
  int64_t quads = k.c / 4, pixels = k.h * k.w;
  dim3 block(PoolTiles::power(static_cast<int>(quads), 32));
  block.y = PoolTiles::power(static_cast<int>(pixels < kBlock ? pixels : kBlock), kBlock / block.x);
  int64_t down = (pixels + block.y * kSpread - 1) / (block.y * kSpread);
  if (!one || down > 65535) return false;
  dim3 grid(static_cast<unsigned>((quads + block.x - 1) / block.x), static_cast<unsigned>(down), static_cast<unsigned>(images));
  averageSpread<kAdd><<<grid, block, 0, queueOf(stream)>>>(SmallWindow(k), divisor, dy, dx);
  checkLaunch();
  return true;
}

template <bool kAdd, class T>
bool averagePoolBackwardPatches(cd_stream* stream, int64_t images, const Window& k, const SmallDivisor& divisor, const T* dy,
                                T* dx) {
  return spreads<kAdd>(stream, images, k, divisor, dy, dx) ||
         byAveragePatches<3, 2, 4, 2, kAdd>(stream, images, k, divisor, dy, dx) ||
         byAveragePatches<3, 1, 4, 2, kAdd>(stream, images, k, divisor, dy, dx) ||
         byAveragePatches<2, 2, 4, 2, kAdd>(stream, images, k, divisor, dy, dx);
}

}  // namespace candela
