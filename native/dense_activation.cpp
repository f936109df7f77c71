// Activations behind dense operators, and the bits that their gradient needs.
#include <xmmintrin.h>

#include <cmath>
#include <limits>

#include "dense.h"

namespace candela {

Activation Activation::of(int kind, float alpha, float beta, const char* where) {
  checkRange(kind, CD_ACTIVATION_NONE, CD_ACTIVATION_LEAKY, where, "activation");
  float infinity = std::numeric_limits<float>::infinity();
  if (kind == CD_ACTIVATION_CLIP) {
    if (!(alpha <= beta)) {
      fail(CD_INVALID, "%s: clip needs alpha <= beta, has %g and %g", where, static_cast<double>(alpha),
           static_cast<double>(beta));
    }
    return {kind, alpha, beta, 0};
  }
  if (kind == CD_ACTIVATION_LEAKY && !(alpha >= 0 && alpha < infinity)) {
    fail(CD_INVALID, "%s: leaky slope alpha must be 0 or more, is %g", where, static_cast<double>(alpha));
  }
  return {kind, 0, infinity, kind == CD_ACTIVATION_LEAKY ? alpha : 0};
}

void Activation::append(dnnl::post_ops& steps) const {
  if (kind == CD_ACTIVATION_CLIP) {
    steps.append_eltwise(dnnl::algorithm::eltwise_clip, lo, hi);
  } else if (kind != CD_ACTIVATION_NONE) {
    steps.append_eltwise(dnnl::algorithm::eltwise_relu, slope, 0);
  }
}

void Activation::apply(int64_t n, float* y) const {
  if (kind == CD_ACTIVATION_CLIP) {
    for (int64_t i = 0; i < n; i++) y[i] = y[i] < lo ? lo : y[i] > hi ? hi : y[i];
  } else if (kind != CD_ACTIVATION_NONE) {
    for (int64_t i = 0; i < n; i++) y[i] = y[i] < 0 ? (slope == 0 ? 0 : slope * y[i]) : y[i];
  }
}

void Activation::pack(int64_t n, const float* y, uint8_t* bits) const {
  __m128 low = _mm_set1_ps(lo);
  __m128 high = _mm_set1_ps(hi);
  auto four = [&](int64_t i) {
    __m128 v = _mm_loadu_ps(y + i);
    return _mm_movemask_ps(_mm_and_ps(_mm_cmpgt_ps(v, low), _mm_cmplt_ps(v, high)));
  };
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) bits[i / 8] = static_cast<uint8_t>(four(i) | four(i + 4) << 4);
  if (i < n) {
    unsigned last = 0;
    for (int64_t j = i; j < n; j++) last |= static_cast<unsigned>(y[j] > lo && y[j] < hi) << (j - i);
    bits[i / 8] = static_cast<uint8_t>(last);
  }
}

void Activation::mask(int64_t n, const uint8_t* bits, const float* dy, float* g) const {
  struct Table {
    alignas(16) uint32_t lanes[16][4];
    constexpr Table() : lanes{} {
      for (unsigned m = 0; m < 16; m++) {
        for (unsigned j = 0; j < 4; j++) lanes[m][j] = (m >> j & 1) != 0 ? 0xffffffffu : 0;
      }
    }
  };
  static constexpr Table table;
  __m128 rest = _mm_set1_ps(slope);
  auto four = [&](int64_t i, unsigned m) {
    __m128 chosen = _mm_load_ps(reinterpret_cast<const float*>(table.lanes[m]));
    __m128 v = _mm_loadu_ps(dy + i);
    __m128 kept = _mm_and_ps(chosen, v);
    if (slope != 0) kept = _mm_or_ps(kept, _mm_andnot_ps(chosen, _mm_mul_ps(v, rest)));
    _mm_storeu_ps(g + i, kept);
  };
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    unsigned byte = bits[i / 8];
    four(i, byte & 15);
    four(i + 4, byte >> 4);
  }
  for (; i < n; i++) {
    bool chosen = (bits[i / 8] >> (i % 8) & 1) != 0;
    g[i] = chosen ? dy[i] : slope == 0 ? 0 : slope * dy[i];
  }
}

}  // namespace candela
