// Convolutions of stride 1 that add to another gradient and pass an activation's gate.
#include "convolve.cuh"

#include "check.cuh"
#include "launch.cuh"

#ifdef __CUDACC__
#include "convolve_cuda.cuh"
#endif

using namespace candela;

namespace {

struct PlainConvolve {
  Convolution k;
  Ending ending;
  const float* __restrict__ x;
  const float* __restrict__ weights;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    int64_t pixel = i / k.oc, row = pixel / k.ow;
    int64_t top = row % k.oh - k.top, left = pixel % k.ow - k.left;
    const float* image = x + row / k.oh * k.h * k.w * k.wide;
    const float* of = weights + i % k.oc * k.depth();
    float sum = 0.0f;
    for (int64_t a = 0; a < k.kh; a++) {
      if (top + a < 0 || top + a >= k.h) continue;
      for (int64_t b = 0; b < k.kw; b++) {
        if (left + b < 0 || left + b >= k.w) continue;
        const float* in = image + ((top + a) * k.w + left + b) * k.wide;
        const float* factor = of + (a * k.kw + b) * k.c;
        for (int64_t c = 0; c < k.c; c++) sum += in[c] * factor[c];
      }
    }
    y[i] = ending.of(sum, ending.accumulate ? y[i] : 0.0f, ending.gated ? ending.gate[i] : 0.0f);
  }
};

#ifndef __CUDACC__
// Only a card has tensor cores; what they would be given must be right here too.
bool convolveInTiles(cd_stream*, const Convolution&, const Tiling&, const Ending&, const float*, const float*, int32_t*,
                     float*, float*) {
  return false;
}
#endif

Convolution convolution(const Check& check, int64_t rows, const int* shape, int64_t wide) {
  check.data(shape, "shape");
  Convolution k(rows, shape, wide);
  constexpr int64_t kMost = 1 << 24;
  for (int n : {k.c, k.kh, k.kw}) check.range(n, 1, kMost, "c, kh and kw");
  for (int n : {k.h, k.w, k.oc, k.oh, k.ow}) check.range(n, 0, kMost, "h, w, oc, oh and ow");
  for (int n : {k.top, k.left}) check.range(n, 0, kMost, "padTop and padLeft");
  check.range(wide, k.c, UINT32_MAX, "wide");
  check.counts({rows, k.h, k.w, wide});
  check.counts({rows, k.oh, k.ow, k.oc});
  check.counts({k.oc, k.kh, k.kw, k.c});
  return k;
}

void fits(const Check& check, const Convolution& k, const Tiling& tiling, const float* x, const float* weights,
          const Ending& ending, const int32_t* counters, const float* scratch, const float* y) {
  if (tiling.scratch(k) < 0) {
    fail(CD_INVALID,
         "%s: tiles need c, oc and wide that are multiples of 4, kh and kw of at most 16, and a step for each part of a "
         "sum; ask cd_convolve_scratch which variants do a shape",
         check.where);
  }
  if (!aligned(x) || !aligned(weights) || !aligned(y) || (ending.gated && !aligned(ending.gate))) {
    fail(CD_INVALID, "%s: tiles need pointers that are aligned to 16 bytes; use variant -1", check.where);
  }
  if (tiling.splits == 1) return;
  check.data(counters, "counters");
  check.data(scratch, "scratch");
  if (!aligned(scratch)) fail(CD_INVALID, "%s: scratch must be aligned to 16 bytes", check.where);
}

}  // namespace

int cd_convolve_scratch(cd_stream* stream, int64_t rows, const int* shape, int64_t wide, int64_t* bytes) {
  return entry([&] {
    Check check(stream, "convolve_scratch");
    Convolution k = convolution(check, rows, shape, wide);
    check.data(bytes, "bytes");
    for (int v = 0; v < CD_CONVOLVE_VARIANTS; v++) bytes[v] = Tiling(k, v).scratch(k);
  });
}

int cd_convolve(cd_stream* stream, int variant, int kind, float alpha, float beta, int accumulate, int64_t rows,
                const int* shape, int64_t wide, const float* x, const float* weights, const float* gate, int32_t* counters,
                float* scratch, float* y) {
  return entry([&] {
    Check check(stream, "convolve");
    check.range(variant, -1, CD_CONVOLVE_VARIANTS - 1, "variant");
    bool gated = kind != CD_ACTIVATION_NONE;
    Ending ending{GateRange(gated ? kind : CD_ACTIVATION_RELU, alpha, beta, check.where), gated, accumulate != 0, gate};
    Convolution k = convolution(check, rows, shape, wide);
    if (k.pixels() == 0 || k.oc == 0) return;
    check.data(x, "x");
    check.data(weights, "weights");
    if (gated) check.data(gate, "gate");
    check.data(y, "y");
    if (variant >= 0) {
      Tiling tiling(k, variant);
      fits(check, k, tiling, x, weights, ending, counters, scratch, y);
      if (convolveInTiles(stream, k, tiling, ending, x, weights, counters, scratch, y)) return;
    }
    forEach(stream, k.pixels() * k.oc, PlainConvolve{k, ending, x, weights, y}, k.depth());
  });
}
