// A convolution with what follows it, and the ways in which a card may cut it into tiles.
#pragma once

#include "gate.cuh"

namespace candela {

// Channels of one step of a sum, all of one tap.
constexpr int kDeep = 32;

// y = the convolution of x; y's pixels may have others between them.
struct Convolution {
  // wide, yWide: elements from a pixel to the next of x and of y.
  int64_t rows, wide, yWide;
  int h, w, c, oc, kh, kw, strideH, strideW, top, left, oh, ow;
  // An image of y; where in it the first pixel stands, and how far the next are.
  int yh, yw, yTop, yLeft, yStepH, yStepW;
  // Before its own in the weights.
  int64_t firstWeight;

  BOTH int64_t pixels() const { return rows * oh * ow; }
  // Weights of an output channel.
  BOTH int64_t depth() const { return int64_t{1} * kh * kw * c; }
  BOTH int stepsOfTap() const { return (c + kDeep - 1) / kDeep; }
  BOTH int64_t steps() const { return int64_t{1} * kh * kw * stepsOfTap(); }
  // Pixels of y before one of an image.
  BOTH int64_t placeOf(int64_t image, int64_t down, int64_t across) const {
    return (image * yh + down * yStepH + yTop) * yw + across * yStepW + yLeft;
  }
};

// One dimension of a phase: those pixels of x whose windows' taps are the same every `stride`.
struct Phase {
  int taps, before, size;

  // Pixel stride * i + at of x is the sum over j < taps of g[i + j - before] * weights[first - stride * j], first being the
  // last tap that reaches it.
  Phase(int at, int stride, int kernel, int padding, int whole) {
    int least = (at + padding) % stride;
    taps = least < kernel ? (kernel - least + stride - 1) / stride : 0;
    before = taps - 1 - (at + padding) / stride;
    size = (whole - at + stride - 1) / stride;
  }
};

// One convolution; or those that together are the transpose of one, each with stride 1: a phase of its pixels x.
struct Convolutions {
  static constexpr int kMost = 4;
  int count;
  Convolution of[kMost];

  // shape is that of cd_convolve.
  static Convolutions forward(int64_t rows, const int* shape, int64_t wide, int64_t yWide) {
    Convolutions one{1, {}};
    one.of[0] = {rows,     wide,     yWide,    shape[0], shape[1], shape[2], shape[3], shape[4],  shape[5],  shape[6], shape[7],
                 shape[8], shape[9], shape[10], shape[11], shape[10], shape[11], 0,        0,         1,         1,        0};
    return one;
  }

  // shape is that of cd_convolve, with at most kMost pixels in a window of its strides; those without taps have kh = kw = 0.
  static Convolutions transposed(int64_t rows, const int* shape, int64_t wide) {
    int h = shape[0], w = shape[1], c = shape[2], oc = shape[3], sh = shape[6], sw = shape[7];
    Convolutions all{sh * sw, {}};
    int64_t weights = 0;
    for (int i = 0; i < all.count; i++) {
      Phase v(i / sw, sh, shape[4], shape[8], h), u(i % sw, sw, shape[5], shape[9], w);
      bool none = v.taps == 0 || u.taps == 0;
      Convolution& k = all.of[i];
      k = {rows, wide, c, shape[10], shape[11], oc, c, none ? 0 : v.taps, none ? 0 : u.taps, 1, 1, v.before, u.before,
           v.size, u.size, h, w, i / sw, i % sw, sh, sw, weights};
      weights += k.depth() * c;
    }
    return all;
  }

  // The first has as many pixels as any.
  const Convolution& largest() const { return of[0]; }

  int64_t steps() const {
    int64_t most = 0;
    for (int i = 0; i < count; i++) most = of[i].steps() > most ? of[i].steps() : most;
    return most;
  }
};

// What becomes of the sums; null where there is none. Selects, no branches: of them a card would take dozens for each sum.
struct Ending {
  // Without an activation nothing is below lo or above hi.
  float lo = -INFINITY, hi = INFINITY, slope = 0.0f;
  const float* bias;
  // May be y.
  const float* add;
  const float* gate;

  // kind may be CD_ACTIVATION_NONE.
  Ending(int kind, float alpha, float beta, const float* bias, const float* add, const float* gate, const char* where)
      : bias(bias), add(add), gate(kind == CD_ACTIVATION_NONE ? nullptr : gate) {
    if (kind == CD_ACTIVATION_NONE) return;
    GateRange range(kind, alpha, beta, where);
    lo = range.lo;
    hi = range.hi;
    slope = range.slope;
  }

  BOTH bool gated() const { return gate != nullptr; }

  // b, a, g: what stands at the place in bias, add and gate, 0 where there is none; kGated is gated(). Behind a shut gate is
  // 0 whatever the gradient is, NaN too, if there is no slope.
  template <bool kGated>
  BOTH float of(float sum, float b, float a, float g) const {
    float v = a + (sum + b), sloped = slope * v;
    if (kGated) return g > lo && g < hi ? v : slope != 0.0f ? sloped : 0.0f;
    float low = slope != 0.0f ? sloped : lo, kept = v > hi ? hi : v;
    return v < lo ? low : kept;
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

// How a variant does it: tiles down the pixels of the largest and across the channels, their sums in so many parts.
struct Tiling {
  int kind, splits;
  int64_t down, across;

  Tiling(const Convolution& largest, int variant) : kind(variant / kSplitKinds), splits(1 << variant % kSplitKinds) {
    down = (largest.pixels() + kTiles[kind].pixels - 1) / kTiles[kind].pixels;
    across = (int64_t{largest.oc} + kTiles[kind].channels - 1) / kTiles[kind].channels;
  }
};

// The kernel's indices of pixels and of weights have 32 bits, and so have the bytes from a step to the next; its masks have
// 16 for the taps down and across.
inline bool fitsTiles(const Convolution& k) {
  constexpr int64_t kMost = 1 << 30, kWidest = 1 << 28;
  int64_t last = int64_t{k.oh} * k.strideH + k.kh + (k.top < 0 ? -k.top : k.top);
  return k.c % 4 == 0 && k.oc % 4 == 0 && k.wide % 4 == 0 && k.yWide % 4 == 0 && k.kh <= 16 && k.kw <= 16 &&
         k.wide <= kWidest && int64_t{k.kh} * (k.w > k.kw ? k.w : k.kw) * k.wide <= kWidest && k.depth() <= kWidest &&
         k.pixels() <= kMost && k.rows * k.h * k.w <= kMost && k.depth() * k.oc <= kMost && last <= kMost / (k.w > 0 ? k.w : 1) &&
         int64_t{k.ow} * k.strideW <= kMost;
}

// Blocks of a variant, 0 where it cannot.
inline int64_t blocksOf(const Convolutions& all, int variant) {
  Tiling tiling(all.largest(), variant);
  for (int i = 0; i < all.count; i++) {
    if (!fitsTiles(all.of[i])) return 0;
  }
  int64_t tiles = tiling.down * tiling.across;
  return tiling.splits <= all.steps() && tiles <= 1 << 30 ? all.count * tiles * tiling.splits : 0;
}

}  // namespace candela
