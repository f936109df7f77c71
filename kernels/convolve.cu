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
    int64_t pixel = i / k.oc, row = pixel / k.ow, down = row % k.oh, across = pixel % k.ow;
    int64_t top = down * k.strideH - k.top, left = across * k.strideW - k.left;
    const float* image = x + row / k.oh * k.h * k.w * k.wide;
    const float* of = weights + k.firstWeight + i % k.oc * k.depth();
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
    int64_t at = k.placeOf(row / k.oh, down, across) * k.yWide + i % k.oc;
    float b = ending.bias != nullptr ? ending.bias[i % k.oc] : 0.0f, a = ending.add != nullptr ? ending.add[at] : 0.0f;
    y[at] = ending.gated() ? ending.of<true>(sum, b, a, ending.gate[at]) : ending.of<false>(sum, b, a, 0.0f);
  }
};

#ifndef __CUDACC__
// Only a card has tensor cores; what they would be given must be right here too.
bool convolveInTiles(cd_stream*, const Convolutions&, const Tiling&, const Ending&, const float*, const float*, float*) {
  return false;
}
#endif

// c and oc of the sizes of pixels that are told.
void checkShape(const Check& check, int64_t rows, const int* shape, int64_t wide, int64_t c, int64_t yWide, int64_t oc) {
  constexpr int64_t kMost = 1 << 24;
  for (int at : {2, 4, 5, 6, 7}) check.range(shape[at], 1, kMost, "c, kh, kw and strides");
  for (int at : {0, 1, 3, 10, 11}) check.range(shape[at], 0, kMost, "h, w, oc, oh and ow");
  for (int at : {8, 9}) check.range(shape[at], 0, kMost, "padTop and padLeft");
  check.range(wide, c, UINT32_MAX, "wide");
  check.range(yWide, oc, UINT32_MAX, "yWide");
  check.counts({rows, shape[0], shape[1], wide});
  check.counts({rows, shape[10], shape[11], yWide});
  check.counts({shape[3], shape[4], shape[5], shape[2]});
}

Convolutions forward(const Check& check, int64_t rows, const int* shape, int64_t wide, int64_t yWide) {
  check.data(shape, "shape");
  checkShape(check, rows, shape, wide, shape[2], yWide, shape[3]);
  return Convolutions::forward(rows, shape, wide, yWide);
}

Convolutions transposed(const Check& check, int64_t rows, const int* shape, int64_t gWide) {
  check.data(shape, "shape");
  checkShape(check, rows, shape, shape[2], shape[2], gWide, shape[3]);
  check.range(int64_t{shape[6]} * shape[7], 1, Convolutions::kMost, "strideH * strideW");
  return Convolutions::transposed(rows, shape, gWide);
}

void fits(const Check& check, const Convolutions& all, int variant, const float* x, const float* weights, const Ending& ending,
          const float* y) {
  if (blocksOf(all, variant) == 0) {
    fail(CD_INVALID,
         "%s: tiles need c, oc, wide and yWide that are multiples of 4, kh and kw of at most 16 and a step for each part of a "
         "sum; ask cd_convolve_blocks which variants do a shape",
         check.where);
  }
  for (const float* p : {x, weights, y, ending.bias, ending.add, ending.gate}) {
    if (!aligned(p)) fail(CD_INVALID, "%s: tiles need pointers that are aligned to 16 bytes; use variant -1", check.where);
  }
}

void convolve(const Check& check, cd_stream* stream, int variant, const Convolutions& all, const float* x, const float* weights,
              const Ending& ending, float* y) {
  check.range(variant, -1, CD_CONVOLVE_VARIANTS - 1, "variant");
  if (all.largest().pixels() == 0 || all.largest().oc == 0) return;
  check.data(x, "x");
  check.data(weights, "weights");
  check.data(y, "y");
  if (variant >= 0) {
    fits(check, all, variant, x, weights, ending, y);
    if (convolveInTiles(stream, all, Tiling(all.largest(), variant), ending, x, weights, y)) return;
  }
  for (int i = 0; i < all.count; i++) {
    const Convolution& k = all.of[i];
    forEach(stream, k.pixels() * k.oc, PlainConvolve{k, ending, x, weights, y}, k.depth() + 1);
  }
}

void tell(const Check& check, const Convolutions& all, int64_t* blocks) {
  check.data(blocks, "blocks");
  for (int v = 0; v < CD_CONVOLVE_VARIANTS; v++) blocks[v] = blocksOf(all, v);
}

}  // namespace

int cd_convolve_blocks(cd_stream* stream, int64_t rows, const int* shape, int64_t wide, int64_t yWide, int64_t* blocks) {
  return entry([&] {
    Check check(stream, "convolve_blocks");
    tell(check, forward(check, rows, shape, wide, yWide), blocks);
  });
}

int cd_convolve(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape, int64_t wide,
                int64_t yWide, const float* x, const float* weights, const float* bias, const float* add, const float* gate,
                float* y) {
  return entry([&] {
    Check check(stream, "convolve");
    Ending end(kind, alpha, beta, bias, add, gate, check.where);
    convolve(check, stream, variant, forward(check, rows, shape, wide, yWide), x, weights, end, y);
  });
}

int cd_convolve_transposed_blocks(cd_stream* stream, int64_t rows, const int* shape, int64_t gWide, int64_t* blocks) {
  return entry([&] {
    Check check(stream, "convolve_transposed_blocks");
    tell(check, transposed(check, rows, shape, gWide), blocks);
  });
}

int cd_convolve_transposed(cd_stream* stream, int variant, int kind, float alpha, float beta, int64_t rows, const int* shape,
                           int64_t gWide, const float* g, const float* weights, const float* add, const float* gate, float* dx) {
  return entry([&] {
    Check check(stream, "convolve_transposed");
    Ending end(kind, alpha, beta, nullptr, add, gate, check.where);
    if (kind != CD_ACTIVATION_NONE) check.data(gate, "gate");
    convolve(check, stream, variant, transposed(check, rows, shape, gWide), g, weights, end, dx);
  });
}
