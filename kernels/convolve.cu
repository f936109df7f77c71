// Convolutions and what follows them: a bias, another sum, an activation or its gate.
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
  float* y;

  BOTH void operator()(int64_t i) const {
    int64_t pixel = i / k.oc, row = pixel / k.ow;
    int64_t top = row % k.oh * k.strideH - k.top, left = pixel % k.ow * k.strideW - k.left;
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
    int64_t at = pixel * k.yWide + i % k.oc;
    y[at] = ending.of(sum, ending.bias != nullptr ? ending.bias[i % k.oc] : 0.0f, ending.add != nullptr ? ending.add[at] : 0.0f,
                      ending.gate != nullptr ? ending.gate[at] : 0.0f);
  }
};

#ifndef __CUDACC__
// Only a card has tensor cores; what they would be given must be right here too.
bool convolveInTiles(cd_stream*, const Convolution&, const Tiling&, const Ending&, const float*, const float*, float*) {
  return false;
}
#endif

Convolution convolution(const Check& check, int64_t rows, const int* shape, int64_t wide, int64_t yWide) {
  check.data(shape, "shape");
  Convolution k(rows, shape, wide, yWide);
  constexpr int64_t kMost = 1 << 24;
  for (int n : {k.c, k.kh, k.kw, k.strideH, k.strideW}) check.range(n, 1, kMost, "c, kh, kw and strides");
  for (int n : {k.h, k.w, k.oc, k.oh, k.ow}) check.range(n, 0, kMost, "h, w, oc, oh and ow");
  for (int n : {k.top, k.left}) check.range(n, 0, kMost, "padTop and padLeft");
  check.range(wide, k.c, UINT32_MAX, "wide");
  check.range(yWide, k.oc, UINT32_MAX, "yWide");
  check.counts({rows, k.h, k.w, wide});
  check.counts({rows, k.oh, k.ow, yWide});
  check.counts({k.oc, k.kh, k.kw, k.c});
  return k;
}

void fits(const Check& check, const Convolution& k, const Tiling& tiling, const float* x, const float* weights,
          const Ending& ending, const float* y) {
  if (tiling.blocks(k) == 0) {
    fail(CD_INVALID,
         "%s: tiles need c, oc, wide and yWide that are multiples of 4, kh and kw of at most 16 and a step for each part of a "
         "sum; ask cd_convolve_blocks which variants do a shape",
         check.where);
  }
  for (const float* p : {x, weights, y, ending.bias, ending.add, ending.gate}) {
    if (!aligned(p)) fail(CD_INVALID, "%s: tiles need pointers that are aligned to 16 bytes; use variant -1", check.where);
  }
}

}  // namespace

int cd_convolve_blocks(cd_stream* stream, int64_t rows, const int* shape, int64_t wide, int64_t yWide, int64_t* blocks) {
  return entry([&] {
    Check check(stream, "convolve_blocks");
    Convolution k = convolution(check, rows, shape, wide, yWide);
    check.data(blocks, "blocks");
    for (int v = 0; v < CD_CONVOLVE_VARIANTS; v++) blocks[v] = Tiling(k, v).blocks(k);
  });
}

int cd_convolve(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape, int64_t wide,
                int64_t yWide, const float* x, const float* weights, const float* bias, const float* add, const float* gate,
                float* y) {
  return entry([&] {
    Check check(stream, "convolve");
    check.range(variant, -1, CD_CONVOLVE_VARIANTS - 1, "variant");
    bool active = kind != CD_ACTIVATION_NONE;
    Ending ending{GateRange(active ? kind : CD_ACTIVATION_RELU, alpha, beta, check.where), active, bias, add,
                  active ? gate : nullptr};
    Convolution k = convolution(check, rows, shape, wide, yWide);
    if (k.pixels() == 0 || k.oc == 0) return;
    check.data(x, "x");
    check.data(weights, "weights");
    check.data(y, "y");
    if (variant >= 0) {
      Tiling tiling(k, variant);
      fits(check, k, tiling, x, weights, ending, y);
      if (convolveInTiles(stream, k, tiling, ending, x, weights, y)) return;
    }
    forEach(stream, k.pixels() * k.oc, PlainConvolve{k, ending, x, weights, y}, k.depth());
  });
}
