// A convolution with what follows it, and the ways in which a card may cut it into tiles.
#pragma once

#include "gate.cuh"

namespace candela {

struct Convolution {
  // wide, yWide: elements from a pixel to the next of x and of y.
  int64_t rows, wide, yWide;
  int h, w, c, oc, kh, kw, strideH, strideW, top, left, oh, ow;

  Convolution(int64_t rows, const int* shape, int64_t wide, int64_t yWide)
      : rows(rows), wide(wide), yWide(yWide), h(shape[0]), w(shape[1]), c(shape[2]), oc(shape[3]), kh(shape[4]), kw(shape[5]),
        strideH(shape[6]), strideW(shape[7]), top(shape[8]), left(shape[9]), oh(shape[10]), ow(shape[11]) {}

  BOTH int64_t pixels() const { return rows * oh * ow; }
  // Weights of an output channel.
  BOTH int64_t depth() const { return int64_t{1} * kh * kw * c; }
};

// What becomes of the sums; null where there is none.
struct Ending {
  GateRange range;
  bool active;
  const float* __restrict__ bias;
  // May be y.
  const float* add;
  const float* __restrict__ gate;

  // b, a, g: what stands at the place in bias, add and gate.
  BOTH float of(float sum, float b, float a, float g) const {
    float v = bias != nullptr ? sum + b : sum;
    if (add != nullptr) v = a + v;
    if (!active) return v;
    return gate != nullptr ? range.through(v, range.passes(g)) : range.after(v);
  }
};

struct Tile {
  int pixels, channels;
};

constexpr Tile kTiles[] = {{128, 128}, {128, 64}, {64, 64}, {64, 32}, {32, 64}};
constexpr int kTileKinds = 5;

// Most blocks that share a sum are 2^(kSplitKinds - 1): so many may form a cluster on every card that has them.
constexpr int kSplitKinds = 4, kMostSplits = 8;
static_assert(CD_CONVOLVE_VARIANTS == kTileKinds * kSplitKinds && kMostSplits == 1 << (kSplitKinds - 1));

// Channels of one step, all of one tap.
constexpr int kDeep = 32;

// How a variant does it.
struct Tiling {
  int kind, splits;
  int64_t down, across;

  Tiling(const Convolution& k, int variant) : kind(variant / kSplitKinds), splits(1 << variant % kSplitKinds) {
    down = (k.pixels() + kTiles[kind].pixels - 1) / kTiles[kind].pixels;
    across = (int64_t{k.oc} + kTiles[kind].channels - 1) / kTiles[kind].channels;
  }

  // 0 where the shape is none for the kernel: its indices of pixels and of weights have 32 bits, its masks 16 for the taps
  // down and across.
  int64_t blocks(const Convolution& k) const {
    constexpr int64_t kMost = 1 << 30, kWidest = 1 << 28;
    int64_t steps = int64_t{1} * k.kh * k.kw * ((k.c + kDeep - 1) / kDeep);
    bool fits = k.c % 4 == 0 && k.oc % 4 == 0 && k.wide % 4 == 0 && k.yWide % 4 == 0 && k.wide <= kWidest && k.kh <= 16 &&
                k.kw <= 16 && k.pixels() <= kMost && k.rows * k.h * k.w <= kMost && k.depth() * k.oc <= kMost &&
                down * across <= kMost && splits <= steps &&
                (int64_t{k.top} + k.kh + int64_t{k.oh} * k.strideH) * k.w <= kMost && int64_t{k.ow} * k.strideW <= kMost;
    return fits ? down * across * splits : 0;
  }
};

}  // namespace candela
