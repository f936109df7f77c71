// CUDA only: pooling by four channels a thread, for windows without gaps. The threads of a block are a tile of channels,
// columns and rows, so that what neighbouring windows share is read from the first-level cache; no thread divides by a
// number that the host does not know.
#pragma once

#include <stdlib.h>

#include <type_traits>

#include "functions.cuh"
#include "wide.cuh"
#include "window.cuh"

namespace candela {

// Threads over [images,rows,columns,quads of channels].
struct PoolTiles {
  dim3 grid, block;
  Divide chunks;
  int rows, columns, quads;

  PoolTiles(int64_t images, int rows, int columns, int64_t c)
      : rows(rows), columns(columns), quads(static_cast<int>(c / 4)) {
    // 256 bytes of channels and 4 x 4 pixels, or more of one where there is less of another.
    block = dim3(power(quads, 16), 1, 1);
    block.y = power(columns, block.x == 16 ? 4 : 8);
    block.z = power(rows, kBlock / (block.x * block.y) < 8 ? kBlock / (block.x * block.y) : 8);
    block.x = power(quads, kBlock / (block.y * block.z));
    chunks = Divide((quads + block.x - 1) / block.x);
    grid = dim3((quads + block.x - 1) / block.x * ((columns + block.y - 1) / block.y), (rows + block.z - 1) / block.z,
                static_cast<unsigned>(images));
  }

  // Least power of two that is at least n, at most `most`.
  static unsigned power(int n, unsigned most) {
    unsigned p = 1;
    while (p < most && p < static_cast<unsigned>(n)) p *= 2;
    return p;
  }
};

// What a thread of them works on.
struct PoolPlace {
  int row, column, channel;
  bool inside;

  __device__ __forceinline__ explicit PoolPlace(const PoolTiles& tiles) {
    uint32_t chunk = blockIdx.x, across = tiles.chunks.split(chunk);
    int quad = chunk * blockDim.x + threadIdx.x;
    column = across * blockDim.y + threadIdx.y;
    row = blockIdx.y * blockDim.z + threadIdx.z;
    channel = 4 * quad;
    inside = quad < tiles.quads && column < tiles.columns && row < tiles.rows;
  }
};

// A Window in 32 bits. Offsets are those inside an image.
struct SmallWindow {
  int h, w, c, kh, kw, sh, sw, top, left, oh, ow;
  Divide byStrideH, byStrideW;

  explicit SmallWindow(const Window& k)
      : h(static_cast<int>(k.h)), w(static_cast<int>(k.w)), c(static_cast<int>(k.c)), kh(k.kh), kw(k.kw), sh(k.sh),
        sw(k.sw), top(k.top), left(k.left), oh(k.oh), ow(k.ow), byStrideH(k.sh), byStrideW(k.sw) {}

  __device__ __forceinline__ int64_t in() const { return int64_t{1} * h * w * c; }
  __device__ __forceinline__ int64_t out() const { return int64_t{1} * oh * ow * c; }
};

// Whether the kernels below can do it.
inline bool poolsByQuads(const Window& k, int64_t images) {
  constexpr int64_t kMost = 1 << 20, kImage = int64_t{1} << 31;
  return k.c % 4 == 0 && k.dh == 1 && k.dw == 1 && images <= 65535 && k.h > 0 && k.w > 0 &&
         k.oh > 0 && k.ow > 0 && k.h <= 65535 && k.oh <= 65535 && k.w <= kMost && k.ow <= kMost && k.kh <= 256 &&
         k.kw <= 256 && k.sh <= 256 && k.sw <= 256 && abs(k.top) <= kMost && abs(k.left) <= kMost &&
         k.h * k.w * k.c < kImage && int64_t{1} * k.oh * k.ow * k.c < kImage;
}

// y = max of the window, which = index of the first; KH, KW 0: known at run time only.
template <int KH, int KW, bool kWhich, class T>
__global__ void __launch_bounds__(kBlock) maxPoolQuads(PoolTiles tiles, SmallWindow k, const T* __restrict__ x,
                                                       T* __restrict__ y, uint8_t* __restrict__ which) {
  PoolPlace at(tiles);
  if (!at.inside) return;
  int kh = KH > 0 ? KH : k.kh, kw = KW > 0 ? KW : k.kw;
  int row = at.row * k.sh - k.top, column = at.column * k.sw - k.left;
  const T* image = x + blockIdx.z * k.in() + at.channel;
  // The first tap inside the image: what stays where all of the window is -infinity.
  int i0 = row < 0 ? -row : 0, j0 = column < 0 ? -column : 0;
  bool some = i0 < kh && row + i0 < k.h && j0 < kw && column + j0 < k.w;
  int tap = some ? i0 * kw + j0 : 0;
  float best[4];
  int taps[4];
#pragma unroll
  for (int c = 0; c < 4; c++) best[c] = -INFINITY, taps[c] = tap;
#pragma unroll
  for (int i = 0; i < kh; i++) {
    bool inRow = static_cast<unsigned>(row + i) < static_cast<unsigned>(k.h);
    const T* line = image + int64_t{1} * (inRow ? row + i : 0) * k.w * k.c;
#pragma unroll
    for (int j = 0; j < kw; j++) {
      bool valid = inRow && static_cast<unsigned>(column + j) < static_cast<unsigned>(k.w);
      // -infinity takes nothing's place.
      Quad v{{-INFINITY, -INFINITY, -INFINITY, -INFINITY}};
      if (valid) v = quadAt(line + (column + j) * k.c);
#pragma unroll
      for (int c = 0; c < 4; c++) {
        bool more = larger(v.v[c], best[c]);
        best[c] = more ? v.v[c] : best[c];
        if (kWhich) taps[c] = more ? i * kw + j : taps[c];
      }
    }
  }
  int64_t to = blockIdx.z * k.out() + (int64_t{1} * at.row * k.ow + at.column) * k.c + at.channel;
  putQuad(y + to, {{best[0], best[1], best[2], best[3]}});
  if (kWhich) {
    uint32_t packed = static_cast<uint32_t>(taps[0]) | static_cast<uint32_t>(taps[1]) << 8 |
                      static_cast<uint32_t>(taps[2]) << 16 | static_cast<uint32_t>(taps[3]) << 24;
    *reinterpret_cast<uint32_t*>(which + to) = packed;
  }
}

enum class PoolGather { MAX, MAX_ADD, UNPOOL };

// dx of an input pixel from the windows that hold it, NH x NW of them at most (0: any number), in the order of their taps.
template <int NH, int NW, PoolGather gather, class T>
__global__ void __launch_bounds__(kBlock) maxPoolGather(PoolTiles tiles, SmallWindow k,
                                                        const uint8_t* __restrict__ which, const T* __restrict__ dy,
                                                        T* __restrict__ dx) {
  PoolPlace at(tiles);
  if (!at.inside) return;
  int row = at.row + k.top, column = at.column + k.left;
  int row0 = row < 0 ? -1 : min(static_cast<int>(k.byStrideH(row)), k.oh - 1);
  int column0 = column < 0 ? -1 : min(static_cast<int>(k.byStrideW(column)), k.ow - 1);
  int64_t to = blockIdx.z * k.in() + (int64_t{1} * at.row * k.w + at.column) * k.c + at.channel;
  int64_t image = blockIdx.z * k.out() + at.channel;
  int nh = NH > 0 ? NH : (k.kh - 1) / k.sh + 1, nw = NW > 0 ? NW : (k.kw - 1) / k.sw + 1;
  Quad sum{};
  if (gather == PoolGather::MAX_ADD) sum = quadAt(dx + to);
  bool found[4] = {};
#pragma unroll
  for (int i = 0; i < nh; i++) {
    int across = row0 - i, tapRow = row - across * k.sh;
    bool inRow = across >= 0 && tapRow < k.kh;
#pragma unroll
    for (int j = 0; j < nw; j++) {
      int along = column0 - j, tapColumn = column - along * k.sw;
      bool valid = inRow && along >= 0 && tapColumn < k.kw;
      int64_t from = image + (int64_t{1} * (valid ? across : 0) * k.ow + (valid ? along : 0)) * k.c;
      uint32_t taps = 0;
      Quad up{};
      if (valid) {
        taps = *reinterpret_cast<const uint32_t*>(which + from);
        up = quadAt(dy + from);
      }
      uint32_t tap = tapRow * k.kw + tapColumn;
#pragma unroll
      for (int c = 0; c < 4; c++) {
        bool here = valid && (taps >> 8 * c & 255) == tap;
        if (gather == PoolGather::UNPOOL) {
          sum.v[c] = here && !found[c] ? up.v[c] : sum.v[c];
          found[c] |= here;
        } else {
          // Adding zero is not nothing: -0 + 0 is 0.
          float next = sum.v[c] + chosen(here, up.v[c]);
          sum.v[c] = valid ? next : sum.v[c];
        }
      }
    }
  }
  putQuad(dx + to, sum);
}

// Positions that a mean counts; see Divisor.
struct SmallDivisor {
  int leastRow, endRow, leastColumn, endColumn, power;

  SmallDivisor(const Window& k, int padBottom, int padRight, bool padding, int power)
      : leastRow(padding ? -k.top : 0), endRow(static_cast<int>(k.h) + (padding ? padBottom : 0)),
        leastColumn(padding ? -k.left : 0), endColumn(static_cast<int>(k.w) + (padding ? padRight : 0)), power(power) {}

  // row, column: where the window begins.
  __device__ __forceinline__ float of(const SmallWindow& k, int row, int column) const {
    int rows = min(row + k.kh, endRow) - max(row, leastRow);
    int columns = min(column + k.kw, endColumn) - max(column, leastColumn);
    float count = static_cast<float>(max(rows, 0) * max(columns, 0));
    return power == 1 || count == 0.0f ? count : power == 0 ? 1.0f : count * count;
  }
};

template <int KH, int KW, class T>
__global__ void __launch_bounds__(kBlock) averagePoolQuads(PoolTiles tiles, SmallWindow k, SmallDivisor divisor,
                                                           const T* __restrict__ x, T* __restrict__ y) {
  PoolPlace at(tiles);
  if (!at.inside) return;
  int kh = KH > 0 ? KH : k.kh, kw = KW > 0 ? KW : k.kw;
  int row = at.row * k.sh - k.top, column = at.column * k.sw - k.left;
  const T* image = x + blockIdx.z * k.in() + at.channel;
  Quad sum{};
#pragma unroll
  for (int i = 0; i < kh; i++) {
    bool inRow = static_cast<unsigned>(row + i) < static_cast<unsigned>(k.h);
    const T* line = image + int64_t{1} * (inRow ? row + i : 0) * k.w * k.c;
#pragma unroll
    for (int j = 0; j < kw; j++) {
      bool valid = inRow && static_cast<unsigned>(column + j) < static_cast<unsigned>(k.w);
      Quad v{};
      if (valid) v = quadAt(line + (column + j) * k.c);
      // The sum begins as 0 and is never -0, so that a 0 more changes nothing.
#pragma unroll
      for (int c = 0; c < 4; c++) sum.v[c] += v.v[c];
    }
  }
  float count = divisor.of(k, row, column);
  if (count != 0.0f) {
#pragma unroll
    for (int c = 0; c < 4; c++) sum.v[c] /= count;
  }
  putQuad(y + blockIdx.z * k.out() + (int64_t{1} * at.row * k.ow + at.column) * k.c + at.channel, sum);
}

template <int NH, int NW, bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) averagePoolGather(PoolTiles tiles, SmallWindow k, SmallDivisor divisor,
                                                            const T* __restrict__ dy, T* __restrict__ dx) {
  PoolPlace at(tiles);
  if (!at.inside) return;
  int row = at.row + k.top, column = at.column + k.left;
  int row0 = row < 0 ? -1 : min(static_cast<int>(k.byStrideH(row)), k.oh - 1);
  int column0 = column < 0 ? -1 : min(static_cast<int>(k.byStrideW(column)), k.ow - 1);
  int64_t to = blockIdx.z * k.in() + (int64_t{1} * at.row * k.w + at.column) * k.c + at.channel;
  const T* image = dy + blockIdx.z * k.out() + at.channel;
  int nh = NH > 0 ? NH : (k.kh - 1) / k.sh + 1, nw = NW > 0 ? NW : (k.kw - 1) / k.sw + 1;
  Quad sum{};
  if (kAdd) sum = quadAt(dx + to);
#pragma unroll
  for (int i = 0; i < nh; i++) {
    int across = row0 - i;
    bool inRow = across >= 0 && row - across * k.sh < k.kh;
#pragma unroll
    for (int j = 0; j < nw; j++) {
      int along = column0 - j;
      if (!inRow || along < 0 || column - along * k.sw >= k.kw) continue;
      Quad up = quadAt(image + (int64_t{1} * across * k.ow + along) * k.c);
      float count = divisor.of(k, across * k.sh - k.top, along * k.sw - k.left);
#pragma unroll
      for (int c = 0; c < 4; c++) sum.v[c] += up.v[c] / count;
    }
  }
  putQuad(dx + to, sum);
}

// Calls f(KH, KW) with the sides as constants where they are common, else with 0, 0.
template <class F>
void forSides(int kh, int kw, const F& f) {
  if (kh == 3 && kw == 3) {
    f(std::integral_constant<int, 3>(), std::integral_constant<int, 3>());
  } else if (kh == 2 && kw == 2) {
    f(std::integral_constant<int, 2>(), std::integral_constant<int, 2>());
  } else if (kh == 1 && kw == 1) {
    f(std::integral_constant<int, 1>(), std::integral_constant<int, 1>());
  } else {
    f(std::integral_constant<int, 0>(), std::integral_constant<int, 0>());
  }
}

// All below: false, and nothing done, where sizes or alignment do not fit.
template <class T>
bool maxPoolWide(cd_stream* stream, int64_t images, const Window& k, const T* x, T* y, uint8_t* which) {
  if (!poolsByQuads(k, images) || !alignedQuads(x) || !alignedQuads(y) || !aligned(which, 4)) {
    return false;
  }
  PoolTiles tiles(images, k.oh, k.ow, k.c);
  SmallWindow small(k);
  forSides(k.kh, k.kw, [&](auto kh, auto kw) {
    constexpr int KH = decltype(kh)::value, KW = decltype(kw)::value;
    if (which != nullptr) {
      maxPoolQuads<KH, KW, true><<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, x, y, which);
    } else {
      maxPoolQuads<KH, KW, false><<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, x, y, which);
    }
  });
  checkLaunch();
  return true;
}

template <PoolGather gather, class T>
bool maxPoolGatherWide(cd_stream* stream, int64_t images, const Window& k, const uint8_t* which, const T* dy, T* dx) {
  if (!poolsByQuads(k, images) || !alignedQuads(dy) || !alignedQuads(dx) || !aligned(which, 4)) {
    return false;
  }
  PoolTiles tiles(images, static_cast<int>(k.h), static_cast<int>(k.w), k.c);
  SmallWindow small(k);
  forSides((k.kh - 1) / k.sh + 1, (k.kw - 1) / k.sw + 1, [&](auto nh, auto nw) {
    maxPoolGather<decltype(nh)::value, decltype(nw)::value, gather>
        <<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, which, dy, dx);
  });
  checkLaunch();
  return true;
}

template <class T>
bool averagePoolWide(cd_stream* stream, int64_t images, const Window& k, const SmallDivisor& divisor, const T* x, T* y) {
  // So few threads, each with a long window, do better one by one.
  if (images * k.oh * k.ow * k.c / 4 < kBlocks && k.kh * k.kw > 16) return false;
  if (!poolsByQuads(k, images) || !alignedQuads(x) || !alignedQuads(y)) return false;
  PoolTiles tiles(images, k.oh, k.ow, k.c);
  SmallWindow small(k);
  forSides(k.kh, k.kw, [&](auto kh, auto kw) {
    averagePoolQuads<decltype(kh)::value, decltype(kw)::value>
        <<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, divisor, x, y);
  });
  checkLaunch();
  return true;
}

template <class T>
bool averagePoolBackwardWide(cd_stream* stream, int64_t images, const Window& k, const SmallDivisor& divisor,
                             bool accumulate, const T* dy, T* dx) {
  if (!poolsByQuads(k, images) || !alignedQuads(dy) || !alignedQuads(dx)) return false;
  PoolTiles tiles(images, static_cast<int>(k.h), static_cast<int>(k.w), k.c);
  SmallWindow small(k);
  forSides((k.kh - 1) / k.sh + 1, (k.kw - 1) / k.sw + 1, [&](auto nh, auto nw) {
    constexpr int NH = decltype(nh)::value, NW = decltype(nw)::value;
    if (accumulate) {
      averagePoolGather<NH, NW, true><<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, divisor, dy, dx);
    } else {
      averagePoolGather<NH, NW, false><<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, divisor, dy, dx);
    }
  });
  checkLaunch();
  return true;
}

}  // namespace candela
