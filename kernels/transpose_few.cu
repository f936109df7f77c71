// The transpose of a convolution of few input channels: the gradient at a network's input.
#include "transpose_few.cuh"

#include "check.cuh"
#include "launch.cuh"
#include "sum.cuh"

#ifdef __CUDACC__
#include "transpose_few_cuda.cuh"
#endif

using namespace candela;

namespace {

struct Arrange {
  Few f;
  const float* __restrict__ weights;
  float* __restrict__ y;

  BOTH void operator()(int64_t at) const {
    int64_t fragment = at / kFragment;
    int within = static_cast<int>(at % kFragment), n = within / 8, o = within / 2 % 4 + within % 2 * 4;
    n += static_cast<int>(fragment % f.fragments) * 8;
    fragment /= f.fragments;
    int j = static_cast<int>(fragment % f.reach);
    fragment /= f.reach;
    int i = static_cast<int>(fragment % f.across.reach);
    fragment /= f.across.reach;
    o += static_cast<int>(fragment % f.deep) * 8;
    n += static_cast<int>(fragment / f.deep) * 8 * f.fragments;
    int place = n / f.c;
    int a = f.down.stride * j + place / f.across.stride - f.down.late;
    int b = f.across.stride * i + place % f.across.stride - f.across.late;
    bool some = o < f.oc && place < f.down.stride * f.across.stride && a >= 0 && a < f.down.taps && b >= 0 && b < f.across.taps;
    y[at] = some ? weights[((int64_t{o} * f.c + n % f.c) * f.down.taps + a) * f.across.taps + b] : 0.0f;
  }
};

struct PlainTranspose {
  Few f;
  bool accumulate;
  const float* __restrict__ g;
  const float* __restrict__ weights;
  float* __restrict__ dx;

  BOTH void operator()(int64_t at) const {
    int64_t pixel = at / f.c, row = pixel / f.across.size;
    int y = static_cast<int>(row % f.down.size) + f.down.before, x = static_cast<int>(pixel % f.across.size) + f.across.before;
    int tall = y % f.down.stride, broad = x % f.across.stride;
    int n = (tall * f.across.stride + broad) * f.c + static_cast<int>(at % f.c);
    const float* image = g + row / f.down.size * f.down.out * f.across.out * f.oc;
    float sum = 0.0f;
    for (int j = 0; j < f.down.reach; j++) {
      if (!used(f.down, y / f.down.stride - j, f.down.stride * j + tall)) continue;
      for (int i = 0; i < f.across.reach; i++) {
        if (!used(f.across, x / f.across.stride - i, f.across.stride * i + broad)) continue;
        const float* in = image + (int64_t{y / f.down.stride - j} * f.across.out + x / f.across.stride - i) * f.oc;
        for (int o = 0; o < f.oc; o++) sum += in[o] * weights[f.at(n, o, j, i)];
      }
    }
    put(dx + at, sum, accumulate);
  }

  BOTH static bool used(const FewAxis& a, int output, int tap) {
    return output >= 0 && output < a.out && tap >= a.late && tap < a.late + a.taps;
  }
};

#ifndef __CUDACC__
// Only a card has tensor cores.
bool transposeInTiles(cd_stream*, const Few&, bool, const float*, const float*, float*) { return false; }
#endif

Few few(const Check& check, int64_t rows, const int* shape) {
  check.data(shape, "shape");
  constexpr int kMost = 1 << 24;
  for (int i : {0, 1, 10, 11}) check.range(shape[i], 0, kMost, "h, w, oh and ow");
  check.range(shape[2], 1, 4, "c");
  check.range(shape[3], 1, kMost, "oc");
  for (int i : {4, 5}) check.range(shape[i], 1, 16, "kh and kw");
  for (int i : {6, 7}) check.range(shape[i], 1, 4, "strideH and strideW");
  for (int i : {8, 9}) check.range(shape[i], 0, kMost, "padTop and padLeft");
  check.counts({rows, shape[0], shape[1], shape[2]});
  check.counts({rows, shape[10], shape[11], shape[3]});
  return Few(rows, shape);
}

}  // namespace

int cd_transpose_few_size(cd_stream* stream, const int* shape, int64_t* floats) {
  return entry([&] {
    Check check(stream, "transpose_few_size");
    Few f = few(check, 1, shape);
    check.data(floats, "floats");
    *floats = f.floats();
  });
}

int cd_transpose_few_arrange(cd_stream* stream, const int* shape, const float* weights, float* arranged) {
  return entry([&] {
    Check check(stream, "transpose_few_arrange");
    Few f = few(check, 1, shape);
    check.data(weights, "weights");
    check.data(arranged, "arranged");
    forEach(stream, f.floats(), Arrange{f, weights, arranged});
  });
}

int cd_transpose_few(cd_stream* stream, int accumulate, int64_t rows, const int* shape, const float* g,
                     const float* arranged, float* dx) {
  return entry([&] {
    Check check(stream, "transpose_few");
    Few f = few(check, rows, shape);
    int64_t n = rows * f.down.size * f.across.size * f.c;
    if (n == 0) return;
    if (f.down.out > 0 && f.across.out > 0) check.data(g, "g");
    check.data(arranged, "arranged");
    check.data(dx, "dx");
    if (transposeInTiles(stream, f, accumulate != 0, g, arranged, dx)) return;
    forEach(stream, n, PlainTranspose{f, accumulate != 0, g, arranged, dx}, int64_t{f.oc} * f.down.reach * f.across.reach);
  });
}
