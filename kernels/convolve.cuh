// A convolution of stride 1 with what follows it, and the ways in which a card may cut it into tiles.
#pragma once

#include "gate.cuh"

namespace candela {

struct Convolution {
  int64_t rows, wide;
  int h, w, c, oc, kh, kw, top, left, oh, ow;

  Convolution(int64_t rows, const int* shape, int64_t wide)
      : rows(rows), wide(wide), h(shape[0]), w(shape[1]), c(shape[2]), oc(shape[3]), kh(shape[4]), kw(shape[5]),
        top(shape[6]), left(shape[7]), oh(shape[8]), ow(shape[9]) {}

  BOTH int64_t pixels() const { return rows * oh * ow; }
  // Weights of an output channel.
  BOTH int64_t depth() const { return int64_t{1} * kh * kw * c; }
};

// What becomes of the sums.
struct Ending {
  GateRange range;
  bool gated, accumulate;
  const float* __restrict__ gate;

  // y: what was there, read if it is to be added to.
  BOTH float of(float sum, float y, float g) const {
    float v = accumulate ? y + sum : sum;
    return gated ? range.through(v, range.passes(g)) : v;
  }
};

struct Tile {
  int pixels, channels;
};

constexpr Tile kTiles[] = {{128, 128}, {128, 64}, {64, 64}, {64, 32}, {32, 64}};
constexpr int kTileKinds = 5;

// Most blocks that share a sum are 2^(kSplitKinds - 1).
constexpr int kSplitKinds = 4;
static_assert(CD_CONVOLVE_VARIANTS == kTileKinds * kSplitKinds);

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

  // Of the partial sums, whole tiles; -1 where the shape is none for the kernel: its indices of pixels and of weights have
  // 32 bits, its masks 16 for the taps down and across.
  int64_t scratch(const Convolution& k) const {
    constexpr int64_t kMost = 1 << 30, kWidest = 1 << 28;
    int64_t steps = int64_t{1} * k.kh * k.kw * ((k.c + kDeep - 1) / kDeep);
    bool fits = k.c % 4 == 0 && k.oc % 4 == 0 && k.wide % 4 == 0 && k.wide <= kWidest && k.kh <= 16 && k.kw <= 16 && k.pixels() <= kMost &&
                k.rows * k.h * k.w <= kMost && k.depth() * k.oc <= kMost && down * across <= kMost && splits <= steps &&
                (int64_t{k.top} + k.kh + k.oh) * k.w <= kMost && (splits == 1 || down * across <= CD_CONVOLVE_COUNTERS);
    if (!fits) return -1;
    return splits == 1 ? 0 : 4 * down * across * splits * kTiles[kind].pixels * kTiles[kind].channels;
  }
};

}  // namespace candela
