// Local response normalisation over channels: the bodies, for norm.cu.
#pragma once

#include "sum.cuh"

namespace candela {

// Largest window over channels.
constexpr int64_t kWindow = 63;

// Where the window of channel c begins and ends, as ONNX defines it.
struct Reach {
  int64_t below, above;
  explicit Reach(int64_t size) : below((size - 1) / 2), above(size - 1 - (size - 1) / 2) {}
};

// t^-beta; 3/4 is what AlexNet and GoogLeNet use.
BOTH float powerOf(float t, float beta) {
  return beta == 0.75f ? 1.0f / (sqrtf(t) * sqrtf(sqrtf(t))) : powf(t, -beta);
}

struct Lrn {
  int64_t channels;
  Reach reach;
  float factor, beta, bias;

  // scale[i] = bias + factor * sum of squares around channel first + i, for i < m.
  BOTH void scales(const float* in, int64_t first, int64_t m, float* scale) const {
    for (int64_t i = 0; i < m; i++) scale[i] = 0.0f;
    for (int64_t d = -reach.below; d <= reach.above; d++) {
      int64_t begin = first + d < 0 ? -(first + d) : 0;
      int64_t end = first + d + m > channels ? channels - first - d : m;
      INDEPENDENT for (int64_t i = begin; i < end; i++) scale[i] += in[first + i + d] * in[first + i + d];
    }
    for (int64_t i = 0; i < m; i++) scale[i] = bias + factor * scale[i];
  }
};

struct LrnForward {
  Lrn lrn;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float scale[kSpan];
    const float* in = x + s.row * lrn.channels;
    float* out = y + s.row * lrn.channels;
    lrn.scales(in, s.begin, s.size(), scale);
    if (lrn.beta == 0.75f) {
      INDEPENDENT for (int64_t c = s.begin; c < s.end; c++) out[c] = in[c] * powerOf(scale[c - s.begin], 0.75f);
    } else {
      for (int64_t c = s.begin; c < s.end; c++) out[c] = in[c] * powerOf(scale[c - s.begin], lrn.beta);
    }
  }
};

// dx = dy * scale^-beta - 2 * factor * beta * x * (sum of dy * y / scale over the channels whose window holds this one).
struct LrnBackward {
  Lrn lrn;
  bool accumulate;
  const float* __restrict__ x;
  const float* __restrict__ y;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    float scale[kSpan + kWindow], ratio[kSpan + kWindow], sum[kSpan];
    int64_t base = s.row * lrn.channels, m = s.size();
    const float* in = x + base;
    const float* out = y + base;
    const float* up = dy + base;
    int64_t first = s.begin - lrn.reach.above > 0 ? s.begin - lrn.reach.above : 0;
    int64_t end = s.end + lrn.reach.below < lrn.channels ? s.end + lrn.reach.below : lrn.channels;
    lrn.scales(in, first, end - first, scale);
    INDEPENDENT for (int64_t j = first; j < end; j++) ratio[j - first] = up[j] * out[j] / scale[j - first];
    for (int64_t i = 0; i < m; i++) sum[i] = 0.0f;
    for (int64_t d = -lrn.reach.above; d <= lrn.reach.below; d++) {
      int64_t from = s.begin + d < 0 ? -d : s.begin;
      int64_t to = s.end + d > lrn.channels ? lrn.channels - d : s.end;
      INDEPENDENT for (int64_t c = from; c < to; c++) sum[c - s.begin] += ratio[c + d - first];
    }
    float twice = 2.0f * lrn.factor * lrn.beta;
    for (int64_t c = s.begin; c < s.end; c++) {
      float direct = up[c] * powerOf(scale[c - first], lrn.beta);
      put(dx + base + c, direct - twice * in[c] * sum[c - s.begin], accumulate);
    }
  }
};

}  // namespace candela
