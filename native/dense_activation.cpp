// Activations behind dense operators, and the bits that their gradient needs.
#include <immintrin.h>

#include <cmath>
#include <limits>

#include "dense.h"

namespace candela {
namespace {

// Reading y again for its bits costs a tenth of a 1x1 convolution with 4-wide instructions, half of that with 8-wide.
bool hasWide() { return __builtin_cpu_supports("avx2") != 0; }

// Both give how many elements they have done: the largest multiple of 8.
__attribute__((target("avx2"))) int64_t packWide(const Activation& a, int64_t n, const float* y, uint8_t* bits) {
  __m256 lo = _mm256_set1_ps(a.lo);
  __m256 hi = _mm256_set1_ps(a.hi);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m256 v = _mm256_loadu_ps(y + i);
    __m256 inside = _mm256_and_ps(_mm256_cmp_ps(v, lo, _CMP_GT_OQ), _mm256_cmp_ps(v, hi, _CMP_LT_OQ));
    bits[i / 8] = static_cast<uint8_t>(_mm256_movemask_ps(inside));
  }
  return i;
}

__attribute__((target("avx2"))) int64_t maskWide(const Activation& a, int64_t n, const uint8_t* bits, const float* dy,
                                                 float* g) {
  __m256i lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  __m256 slope = _mm256_set1_ps(a.slope);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m256i byte = _mm256_and_si256(_mm256_set1_epi32(bits[i / 8]), lanes);
    __m256 chosen = _mm256_castsi256_ps(_mm256_cmpeq_epi32(byte, lanes));
    __m256 v = _mm256_loadu_ps(dy + i);
    __m256 other = a.slope == 0 ? _mm256_setzero_ps() : _mm256_mul_ps(v, slope);
    _mm256_storeu_ps(g + i, _mm256_blendv_ps(other, v, chosen));
  }
  return i;
}

}  // namespace

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
  int64_t done = hasWide() ? packWide(*this, n, y, bits) : 0;
  for (int64_t i = done; i < n; i += 8) {
    unsigned byte = 0;
    for (int64_t j = i; j < i + 8 && j < n; j++) byte |= static_cast<unsigned>(y[j] > lo && y[j] < hi) << (j - i);
    bits[i / 8] = static_cast<uint8_t>(byte);
  }
}

void Activation::mask(int64_t n, const uint8_t* bits, const float* dy, float* g) const {
  int64_t done = hasWide() ? maskWide(*this, n, bits, dy, g) : 0;
  for (int64_t i = done; i < n; i++) {
    bool chosen = (bits[i / 8] >> (i % 8) & 1) != 0;
    g[i] = chosen ? dy[i] : slope == 0 ? 0 : slope * dy[i];
  }
}

}  // namespace candela
