// A convolution of few channels, the order of its weights, and the ways in which a card may cut it into tiles.
#pragma once

#include "gate.cuh"

namespace candela {

struct FewConvolution {
  int64_t rows, wide;
  int h, w, c, oc, kh, kw, down, across, top, left, oh, ow;

  FewConvolution(int64_t rows, const int* shape, int64_t wide)
      : rows(rows), wide(wide), h(shape[0]), w(shape[1]), c(shape[2]), oc(shape[3]), kh(shape[4]), kw(shape[5]),
        down(shape[6]), across(shape[7]), top(shape[8]), left(shape[9]), oh(shape[10]), ow(shape[11]) {}

  BOTH int64_t pixels() const { return rows * oh * ow; }
  // Weights of an output channel in a row of the kernel: they, and what they meet in a row of x, are contiguous.
  BOTH int depth() const { return kw * c; }
  // Steps of 8 such weights: of a row of the kernel, of all.
  BOTH int rowSteps() const { return (kw * c + 7) / 8; }
  BOTH int64_t steps() const { return int64_t{kh} * rowSteps(); }
  BOTH int sixteens() const { return (oc + 15) / 16; }
  BOTH int64_t arranged() const { return 128 * steps() * sixteens(); }
};

// Where a weight stands in the order in which the lanes of a warp read them, [steps, sixteens, 32 lanes, 4]: a lane's four
// are its factors of two products of tensor cores, one step of 8 channels each. The steps' columns are dealt out in pairs,
// to lanes k / 2 % 4, so that their counterparts in x are neighbours; the output channels so that a lane's sums of both
// products are of four that are neighbours.
struct FewWeight {
  int64_t step;
  int column, channel;

  // Of an output channel, row of the kernel, and place in that row.
  BOTH static int64_t place(const FewConvolution& k, int channel, int row, int at) {
    int64_t step = int64_t{row} * k.rowSteps() + at / 8;
    int n = channel % 16 / 4 * 2 + channel % 2, lane = n * 4 + at % 8 / 2;
    return ((step * k.sixteens() + channel / 16) * 32 + lane) * 4 + channel / 2 % 2 * 2 + at % 2;
  }

  // What stands at a place.
  BOTH static FewWeight at(const FewConvolution& k, int64_t place) {
    int of = static_cast<int>(place % 4), lane = static_cast<int>(place / 4 % 32), n = lane / 4;
    int sixteen = static_cast<int>(place / 128 % k.sixteens());
    return {place / 128 / k.sixteens(), lane % 4 * 2 + of % 2, sixteen * 16 + n / 2 * 4 + of / 2 * 2 + n % 2};
  }
};

// Rows of kFewAcross output pixels, and channels.
struct FewTile {
  int rows, channels;
};

constexpr int kFewAcross = 16;
constexpr FewTile kFewTiles[] = {{16, 64}, {8, 64}, {4, 64}, {16, 32}, {8, 32}, {4, 32}};
static_assert(sizeof kFewTiles / sizeof *kFewTiles == CD_CONVOLVE_FEW_VARIANTS);

// How a variant does it: a block keeps the weights of some channels, and goes from tile to tile with the patch of x that one
// needs and that of the next.
struct FewTiling {
  int rows, channels;
  // Floats of a row of a patch, those of them that are copied, rows, floats of a patch and of the weights.
  int pitch, copied, patchRows;
  int64_t patch, weights, across, down, tiles;
  int chunks;

  FewTiling(const FewConvolution& k, int variant) : rows(kFewTiles[variant].rows), channels(kFewTiles[variant].channels) {
    int last = (kFewAcross - 1) * k.across * k.c;
    // Even, so that pairs are aligned.
    pitch = (last + 8 * k.rowSteps() + 1) / 2 * 2;
    copied = last + k.depth();
    patchRows = (rows - 1) * k.down + k.kh;
    patch = int64_t{pitch} * patchRows;
    weights = 8 * k.steps() * channels;
    across = (int64_t{k.ow} + kFewAcross - 1) / kFewAcross;
    down = (int64_t{k.oh} + rows - 1) / rows;
    tiles = k.rows * across * down;
    chunks = (k.oc + channels - 1) / channels;
  }

  // Bytes of shared memory of a block, -1 where the shape is none for tiles: the cards that have most give a block 227 KiB.
  int64_t shared(const FewConvolution& k) const {
    constexpr int64_t kMost = 227 << 10, kMostTiles = 1 << 30;
    int64_t bytes = 4 * (weights + 2 * patch);
    bool fits = k.oc % 4 == 0 && k.wide % 4 == 0 && tiles <= kMostTiles && chunks <= 65535;
    return fits && bytes <= kMost ? bytes : -1;
  }
};

// What becomes of the sums; no activation is one without bounds. No branches, of which a card would take many for each sum.
struct FewEnding {
  float lo, hi, slope;
  bool leaky, simple;
  const float* __restrict__ bias;

  FewEnding(int kind, float alpha, float beta, const float* bias, const char* where) : bias(bias) {
    bool active = kind != CD_ACTIVATION_NONE;
    GateRange range(active ? kind : CD_ACTIVATION_RELU, alpha, beta, where);
    lo = active ? range.lo : -INFINITY;
    hi = range.hi;
    slope = range.slope;
    leaky = range.leaky;
    simple = !leaky && hi == INFINITY;
  }

  // kSimple: for those that know no more than lo.
  template <bool kSimple>
  BOTH float of(float sum, float bias) const {
    float v = sum + bias;
    if constexpr (kSimple) return v < lo ? lo : v;
    float sloping = slope * v, low = leaky ? sloping : lo, high = v > hi ? hi : v;
    return v < lo ? low : high;
  }
};

}  // namespace candela
