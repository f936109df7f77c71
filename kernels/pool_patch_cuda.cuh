// CUDA only: pooling by patches of pixels, four channels of each, a thread, for the common windows, whose sides are known to
// the compiler. Whatever of a patch shares a window (or a pixel) reads it once; all taps are constants; offsets inside an
// image have 32 bits.
#pragma once

#include "pool_tiles_cuda.cuh"

namespace candela {

// Patches of H x W pixels. The first begins so many pixels before the image that a window begins at each.
struct Patches {
  PoolTiles tiles;
  int row, column;              // pixels before the image
  int windowRow, windowColumn;  // of the window that begins where the first patch does

  // Over the pixels that windows are taken from.
  static Patches under(int64_t images, const Window& k, int height, int width) {
    int row = rest(k.top, k.sh), column = rest(k.left, k.sw);
    return {PoolTiles(images, count(static_cast<int>(k.h) + row, height), count(static_cast<int>(k.w) + column, width), k.c),
            row, column, (k.top - row) / k.sh, (k.left - column) / k.sw};
  }

  // Over the windows themselves.
  static Patches over(int64_t images, const Window& k, int height, int width) {
    return {PoolTiles(images, count(k.oh, height), count(k.ow, width), k.c), 0, 0, 0, 0};
  }

  static int rest(int a, int by) { return (a % by + by) % by; }
  static int count(int n, int each) { return (n + each - 1) / each; }
};

__device__ __forceinline__ int within(int i, int n) { return min(max(i, 0), n - 1); }
__device__ __forceinline__ bool isWithin(int i, int n) { return static_cast<unsigned>(i) < static_cast<unsigned>(n); }

enum class PoolGather { MAX, MAX_ADD, UNPOOL };

// dx of H x W pixels from all windows, K x K at stride S, that hold one of them. Windows come last first, so that a pixel
// meets them in the order of their taps; UNPOOL takes them the other way, each in place of those before.
template <int K, int S, int H, int W, PoolGather gather, class T>
__global__ void __launch_bounds__(kBlock) maxPoolPatch(Patches patches, SmallWindow k, const uint8_t* __restrict__ which,
                                                       const T* __restrict__ dy, T* __restrict__ dx) {
  constexpr int kBefore = (K - 1) / S, kRows = (H - 1) / S + kBefore + 1, kColumns = (W - 1) / S + kBefore + 1;
  PoolPlace at(patches.tiles);
  if (!at.inside) return;
  int row = H * at.row - patches.row, column = W * at.column - patches.column;
  int above = H / S * at.row + patches.windowRow - kBefore, before = W / S * at.column + patches.windowColumn - kBefore;
  T* down = dx + blockIdx.z * k.in() + at.channel;
  const T* up = dy + blockIdx.z * k.out() + at.channel;
  const uint8_t* index = which + blockIdx.z * k.out() + at.channel;
  Quad sum[H][W] = {};
  if (gather == PoolGather::MAX_ADD) {
#pragma unroll
    for (int y = 0; y < H; y++) {
#pragma unroll
      for (int x = 0; x < W; x++) {
        sum[y][x] = quadAt(down + (within(row + y, k.h) * k.w + within(column + x, k.w)) * k.c);
      }
    }
  }
#pragma unroll
  for (int n = 0; n < kRows; n++) {
    constexpr bool kForward = gather == PoolGather::UNPOOL;
    int i = kForward ? n : kRows - 1 - n;
    bool inRow = isWithin(above + i, k.oh);
    int line = within(above + i, k.oh) * k.ow;
    Quad g[kColumns];
    uint32_t taps[kColumns];
    float none[kColumns];
#pragma unroll
    for (int j = 0; j < kColumns; j++) {
      int from = (line + within(before + j, k.ow)) * k.c;
      bool valid = inRow && isWithin(before + j, k.ow);
      g[j] = quadAt(up + from);
      uint32_t four = *reinterpret_cast<const uint32_t*>(index + from);
      // No tap has this number.
      taps[j] = valid ? four : 0xffffffffu;
      // Adding zero is not nothing: -0 + 0 is 0. Adding -0 is.
      none[j] = valid ? 0.0f : -0.0f;
    }
#pragma unroll
    for (int m = 0; m < kColumns; m++) {
      int j = kForward ? m : kColumns - 1 - m;
#pragma unroll
      for (int c = 0; c < 4; c++) {
        uint32_t tap = taps[j] >> 8 * c & 255;
#pragma unroll
        for (int y = 0; y < H; y++) {
          int tapRow = y - S * (i - kBefore);
          if (tapRow < 0 || tapRow >= K) continue;
#pragma unroll
          for (int x = 0; x < W; x++) {
            int tapColumn = x - S * (j - kBefore);
            if (tapColumn < 0 || tapColumn >= K) continue;
            bool here = tap == static_cast<uint32_t>(tapRow * K + tapColumn);
            float& s = sum[y][x].v[c];
            if (gather == PoolGather::UNPOOL) {
              s = here ? g[j].v[c] : s;
            } else if (gather == PoolGather::MAX_ADD) {
              s += here ? g[j].v[c] : none[j];
            } else {
              // A sum that began as 0 is never -0.
              s = here ? s + g[j].v[c] : s;
            }
          }
        }
      }
    }
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

// A value and the code of its place, 3 row + column, which is that of its tap but for the window's own.
struct Most {
  float v;
  int code;

  // The first of the greatest, a before b.
  __device__ __forceinline__ static Most of(const Most& a, const Most& b) {
    bool more = larger(b.v, a.v);
    return {more ? b.v : a.v, more ? b.code : a.code};
  }
};

// y and which of 2 x 2 windows, 3 x 3 at stride 1. Pixels outside count as the nearest inside, which changes no maximum and
// not where it is found first.
template <bool kWhich, class T>
__global__ void __launch_bounds__(kBlock) maxPoolFour(Patches patches, SmallWindow k, const T* __restrict__ x,
                                                      T* __restrict__ y, uint8_t* __restrict__ which) {
  constexpr int kSide = 4;
  PoolPlace at(patches.tiles);
  if (!at.inside) return;
  int row = 2 * at.row - k.top, column = 2 * at.column - k.left;
  const T* image = x + blockIdx.z * k.in() + at.channel;
  Most best[2][2][4];
#pragma unroll
  for (int i = 0; i < kSide; i++) {
    int line = within(row + i, k.h);
    Quad v[kSide];
    int code[kSide];
#pragma unroll
    for (int j = 0; j < kSide; j++) {
      int across = within(column + j, k.w);
      v[j] = quadAt(image + (line * k.w + across) * k.c);
      code[j] = 3 * (line - row) + across - column;
    }
#pragma unroll
    for (int c = 0; c < 4; c++) {
      Most middle = Most::of({v[1].v[c], code[1]}, {v[2].v[c], code[2]});
      Most three[2] = {Most::of({v[0].v[c], code[0]}, middle), Most::of(middle, {v[3].v[c], code[3]})};
#pragma unroll
      for (int m = 0; m < 2; m++) {
        // Windows of the upper row hold lines 0 to 2, of the lower 1 to 3.
        if (i < 3) best[0][m][c] = i == 0 ? three[m] : Most::of(best[0][m][c], three[m]);
        if (i > 0) best[1][m][c] = i == 1 ? three[m] : Most::of(best[1][m][c], three[m]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
#pragma unroll
    for (int j = 0; j < 2; j++) {
      int down = 2 * at.row + i, across = 2 * at.column + j;
      if (down >= k.oh || across >= k.ow) continue;
      bool some = row + i < k.h && row + i + 3 > 0 && column + j < k.w && column + j + 3 > 0;
      int64_t to = blockIdx.z * k.out() + (int64_t{1} * down * k.ow + across) * k.c + at.channel;
      Quad out;
      uint32_t taps = 0;
#pragma unroll
      for (int c = 0; c < 4; c++) {
        out.v[c] = some ? best[i][j][c].v : -INFINITY;
        taps |= static_cast<uint32_t>(best[i][j][c].code - (3 * i + j)) << 8 * c;
      }
      putQuad(y + to, out);
      if (kWhich) *reinterpret_cast<uint32_t*>(which + to) = some ? taps : 0;
    }
  }
}

// Whether all windows are side x side pixels, stride apart.
inline bool isSquare(const Window& k, int side, int stride) {
  return k.kh == side && k.kw == side && k.sh == stride && k.sw == stride;
}

// All below: false, and nothing done, where the window is none of theirs.
template <int K, int S, int H, int W, PoolGather gather, class T>
bool byMaxPatches(cd_stream* stream, int64_t images, const Window& k, const uint8_t* which, const T* dy, T* dx) {
  if (!isSquare(k, K, S)) return false;
  Patches p = Patches::under(images, k, H, W);
  maxPoolPatch<K, S, H, W, gather><<<p.tiles.grid, p.tiles.block, 0, queueOf(stream)>>>(p, SmallWindow(k), which, dy, dx);
  checkLaunch();
  return true;
}

template <PoolGather gather, class T>
bool maxPoolGatherPatches(cd_stream* stream, int64_t images, const Window& k, const uint8_t* which, const T* dy, T* dx) {
  return byMaxPatches<3, 2, 4, 2, gather>(stream, images, k, which, dy, dx) ||
         byMaxPatches<3, 1, 2, 2, gather>(stream, images, k, which, dy, dx) ||
         byMaxPatches<2, 2, 4, 2, gather>(stream, images, k, which, dy, dx);
}

template <class T>
bool maxPoolPatches(cd_stream* stream, int64_t images, const Window& k, const T* x, T* y, uint8_t* which) {
  if (!isSquare(k, 3, 1)) return false;
  Patches p = Patches::over(images, k, 2, 2);
  if (which != nullptr) {
    maxPoolFour<true><<<p.tiles.grid, p.tiles.block, 0, queueOf(stream)>>>(p, SmallWindow(k), x, y, which);
  } else {
    maxPoolFour<false><<<p.tiles.grid, p.tiles.block, 0, queueOf(stream)>>>(p, SmallWindow(k), x, y, which);
  }
  checkLaunch();
  return true;
}

}  // namespace candela
