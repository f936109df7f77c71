// Convolutions of few channels, as a network's first layer is, with bias and activation.
#include "convolve_few.cuh"

#include <string.h>

#include "check.cuh"
#include "launch.cuh"

#ifdef __CUDACC__
#include "convolve_few_cuda.cuh"
#endif

using namespace candela;

namespace {

// A float with 11 significant bits, the nearest, ties to even; infinities and NaN stay what they are.
BOTH float shortened(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  if ((bits & 0x7f800000u) == 0x7f800000u) return v;
  bits = (bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu;
  memcpy(&v, &bits, sizeof bits);
  return v;
}

struct ArrangeFew {
  FewConvolution k;
  const float* __restrict__ weights;
  float* __restrict__ arranged;

  BOTH void operator()(int64_t i) const {
    FewWeight of = FewWeight::at(k, i);
    int row = static_cast<int>(of.step / k.rowSteps()), at = static_cast<int>(of.step % k.rowSteps()) * 8 + of.column;
    float v = 0.0f;
    if (of.channel < k.oc && at < k.depth()) {
      v = shortened(weights[((int64_t{of.channel} * k.c + at % k.c) * k.kh + row) * k.kw + at / k.c]);
    }
    arranged[i] = v;
  }
};

struct PlainFew {
  FewConvolution k;
  FewEnding ending;
  const float* __restrict__ x;
  const float* __restrict__ arranged;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    int64_t pixel = i / k.oc, row = pixel / k.ow;
    int channel = static_cast<int>(i % k.oc);
    int64_t top = row % k.oh * k.down - k.top, left = pixel % k.ow * k.across - k.left;
    const float* image = x + row / k.oh * k.h * k.w * k.c;
    float sum = 0.0f;
    for (int a = 0; a < k.kh; a++) {
      if (top + a < 0 || top + a >= k.h) continue;
      const float* in = image + (top + a) * k.w * k.c;
      for (int at = 0; at < k.depth(); at++) {
        int64_t from = left * k.c + at;
        if (from < 0 || from >= int64_t{k.w} * k.c) continue;
        sum += in[from] * arranged[FewWeight::place(k, channel, a, at)];
      }
    }
    y[pixel * k.wide + channel] = ending.of<false>(sum, ending.bias ? ending.bias[channel] : 0.0f);
  }
};

#ifndef __CUDACC__
// Only a card has tensor cores; what they would be given must be right here too.
bool convolveFewInTiles(cd_stream*, const FewConvolution&, int, const FewTiling&, const FewEnding&, const float*,
                        const float*, float*) {
  return false;
}
#endif

FewConvolution convolution(const Check& check, int64_t rows, const int* shape, int64_t wide) {
  check.data(shape, "shape");
  FewConvolution k(rows, shape, wide);
  constexpr int64_t kMost = 1 << 24;
  check.range(k.c, 1, 4, "c");
  for (int n : {k.kh, k.kw}) check.range(n, 1, 16, "kh and kw");
  for (int n : {k.down, k.across}) check.range(n, 1, 4, "strideH and strideW");
  for (int n : {k.h, k.w, k.oc, k.oh, k.ow}) check.range(n, 0, kMost, "h, w, oc, oh and ow");
  for (int n : {k.top, k.left}) check.range(n, 0, kMost, "padTop and padLeft");
  check.range(wide, k.oc, UINT32_MAX, "wide");
  check.counts({rows, k.h, k.w, k.c});
  check.counts({rows, k.oh, k.ow, wide});
  return k;
}

}  // namespace

int cd_convolve_few_shared(cd_stream* stream, int64_t rows, const int* shape, int64_t wide, int64_t* bytes) {
  return entry([&] {
    Check check(stream, "convolve_few_shared");
    FewConvolution k = convolution(check, rows, shape, wide);
    check.data(bytes, "bytes");
    for (int v = 0; v < CD_CONVOLVE_FEW_VARIANTS; v++) bytes[v] = FewTiling(k, v).shared(k);
  });
}

int cd_convolve_few_weights(cd_stream* stream, const int* shape, const float* weights, float* arranged) {
  return entry([&] {
    Check check(stream, "convolve_few_weights");
    check.data(shape, "shape");
    FewConvolution k = convolution(check, 0, shape, shape[3]);
    if (k.oc == 0) return;
    check.data(weights, "weights");
    check.data(arranged, "arranged");
    forEach(stream, k.arranged(), ArrangeFew{k, weights, arranged}, 8);
  });
}

int cd_convolve_few(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape,
                    int64_t wide, const float* x, const float* arranged, const float* bias, float* y) {
  return entry([&] {
    Check check(stream, "convolve_few");
    check.range(variant, -1, CD_CONVOLVE_FEW_VARIANTS - 1, "variant");
    FewEnding ending(kind, alpha, beta, bias, check.where);
    FewConvolution k = convolution(check, rows, shape, wide);
    if (k.pixels() == 0 || k.oc == 0) return;
    check.data(x, "x");
    check.data(arranged, "arranged");
    check.optional(bias, "bias");
    check.data(y, "y");
    if (variant >= 0) {
      FewTiling tiling(k, variant);
      if (tiling.shared(k) < 0) {
        fail(CD_INVALID,
             "%s: tiles need oc and wide that are multiples of 4 and at most 227 KiB of shared memory; ask "
             "cd_convolve_few_shared which variants do a shape",
             check.where);
      }
      if (!aligned(arranged) || !aligned(y) || (bias && !aligned(bias))) {
        fail(CD_INVALID, "%s: tiles need arranged, bias and y that are aligned to 16 bytes; use variant -1", check.where);
      }
      if (convolveFewInTiles(stream, k, variant, tiling, ending, x, arranged, y)) return;
    }
    forEach(stream, k.pixels() * k.oc, PlainFew{k, ending, x, arranged, y}, int64_t{k.kh} * k.depth());
  });
}
