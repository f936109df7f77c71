// CUDA only: pooling by four channels of one pixel a thread, for windows without gaps.
#pragma once

#include <type_traits>

#include "average_pool_cuda.cuh"

namespace candela {

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
  int nh = NH > 0 ? NH : row0 + 1 - k.firstRow(row), nw = NW > 0 ? NW : column0 + 1 - k.firstColumn(column);
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
  Quotients by(divisor.of(k, row, column));
  if (by.by != 0.0f) sum = by(sum);
  putQuad(y + blockIdx.z * k.out() + (int64_t{1} * at.row * k.ow + at.column) * k.c + at.channel, sum);
}

template <bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) averagePoolGather(PoolTiles tiles, SmallWindow k, SmallDivisor divisor,
                                                            const T* __restrict__ dy, T* __restrict__ dx) {
  PoolPlace at(tiles);
  if (!at.inside) return;
  T* down = dx + blockIdx.z * k.in() + at.channel;
  const T* up = dy + blockIdx.z * k.out() + at.channel;
  putQuad(down + (at.row * k.w + at.column) * k.c, averageGather<kAdd>(k, divisor, at.row, at.column, up, down));
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
  if (maxPoolPatches(stream, images, k, x, y, which)) return true;
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
  if (maxPoolGatherPatches<gather>(stream, images, k, which, dy, dx)) return true;
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
  if (averagePoolPatches(stream, images, k, divisor, x, y)) return true;
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
  if (accumulate ? averagePoolBackwardPatches<true>(stream, images, k, divisor, dy, dx)
                 : averagePoolBackwardPatches<false>(stream, images, k, divisor, dy, dx)) {
    return true;
  }
  PoolTiles tiles(images, static_cast<int>(k.h), static_cast<int>(k.w), k.c);
  SmallWindow small(k);
  if (accumulate) {
    averagePoolGather<true><<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, divisor, dy, dx);
  } else {
    averagePoolGather<false><<<tiles.grid, tiles.block, 0, queueOf(stream)>>>(tiles, small, divisor, dy, dx);
  }
  checkLaunch();
  return true;
}

}  // namespace candela
