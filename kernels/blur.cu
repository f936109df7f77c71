// Separable smoothing: down, then across.
#include "check.cuh"
#include "launch.cuh"

#ifdef __CUDACC__
#include "blur_cuda.cuh"
#endif

using namespace candela;

namespace {

struct BlurDown {
  int64_t h, w, radius;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  float* __restrict__ y;

  // Rows are [planes,h].
  BOTH void operator()(const Span& s) const {
    int64_t row = s.row % h;
    const float* plane = x + (s.row - row) * w;
    float* out = y + s.row * w;
    int64_t from = row - radius > 0 ? row - radius : 0, to = row + radius < h - 1 ? row + radius : h - 1;
    float total = 0.0f;
    for (int64_t i = s.begin; i < s.end; i++) out[i] = 0.0f;
    for (int64_t r = from; r <= to; r++) {
      float v = weight[r - row + radius];
      total += v;
      INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) out[i] += v * plane[r * w + i];
    }
    for (int64_t i = s.begin; i < s.end; i++) out[i] /= total;
  }
};

struct BlurAcross {
  int64_t w, radius;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  float* __restrict__ y;

  // Rows are [planes,h].
  BOTH void operator()(const Span& s) const {
    float total[kSpan];
    const float* in = x + s.row * w;
    float* out = y + s.row * w;
    for (int64_t i = s.begin; i < s.end; i++) out[i] = total[i - s.begin] = 0.0f;
    for (int64_t d = -radius; d <= radius; d++) {
      int64_t from = s.begin + d < 0 ? -d : s.begin, to = s.end + d > w ? w - d : s.end;
      float v = weight[d + radius];
      INDEPENDENT for (int64_t i = from; i < to; i++) out[i] += v * in[i + d];
      INDEPENDENT for (int64_t i = from; i < to; i++) total[i - s.begin] += v;
    }
    for (int64_t i = s.begin; i < s.end; i++) out[i] /= total[i - s.begin];
  }
};

#ifndef __CUDACC__
// Only a card has one.
bool blurInShared(cd_stream*, int64_t, int64_t, int64_t, int64_t, const float*, const float*, float*, float*) {
  return false;
}
#endif

}  // namespace

int cd_blur(cd_stream* stream, int64_t planes, int64_t h, int64_t w, int64_t radius, const float* weight,
            const float* x, float* scratch, float* y) {
  return entry([&] {
    Check check(stream, "blur");
    check.range(radius, 0, 1 << 24, "radius");
    if (check.counts({planes, h, w}) == 0) return;
    check.data(weight, "weight");
    check.data(x, "x");
    check.data(scratch, "scratch");
    check.data(y, "y");
    if (blurInShared(stream, planes, h, w, radius, weight, x, scratch, y)) return;
    forEachSpan(stream, planes * h, w, BlurDown{h, w, radius, weight, x, scratch}, 2 * radius + 1);
    forEachSpan(stream, planes * h, w, BlurAcross{w, radius, weight, scratch, y}, 2 * radius + 1);
  });
}
