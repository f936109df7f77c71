// Batch normalisation of x[m,channels]. Sums over m are taken slice by slice, the slices are joined in their order: the bits
// do not depend on threads.
#pragma once

#include "sum.cuh"

namespace candela {

// Rows of a slice: with 64 channels it stays in a first-level cache between the passes over it.
constexpr int64_t kSlice = 128;

BOTH int64_t slicesOf(int64_t m) { return (m + kSlice - 1) / kSlice; }

// Rows of a slice that has room for all but the last.
BOTH int64_t sliceEnd(int64_t slice, int64_t m) { return (slice + 1) * kSlice < m ? (slice + 1) * kSlice : m; }

// partial[slices,2,channels] = mean of the slice, sum of squares around it.
struct SliceStatistics {
  int64_t m, channels;
  const float* __restrict__ x;
  float* __restrict__ partial;

  BOTH void operator()(const Span& s) const {
    float mean[kSpan], square[kSpan];
    int64_t first = s.row * kSlice, end = sliceEnd(s.row, m), n = s.size();
    float size = static_cast<float>(end - first);
    const float* in = x + s.begin;
    for (int64_t c = 0; c < n; c++) mean[c] = square[c] = 0.0f;
    for (int64_t r = first; r < end; r++) {
      INDEPENDENT for (int64_t c = 0; c < n; c++) mean[c] += in[r * channels + c];
    }
    INDEPENDENT for (int64_t c = 0; c < n; c++) mean[c] /= size;
    for (int64_t r = first; r < end; r++) {
      INDEPENDENT for (int64_t c = 0; c < n; c++) {
        float v = in[r * channels + c] - mean[c];
        square[c] += v * v;
      }
    }
    float* out = partial + 2 * s.row * channels + s.begin;
    INDEPENDENT for (int64_t c = 0; c < n; c++) {
      out[c] = mean[c];
      out[channels + c] = square[c];
    }
  }
};

// One channel: joins its slices, moves the running statistics.
struct JoinStatistics {
  int64_t m, channels;
  float epsilon, momentum;
  const float* partial;
  float* average;
  float* variance;
  float* stats;

  BOTH void operator()(int64_t c) const {
    int64_t slices = slicesOf(m);
    double size = static_cast<double>(m), mean = 0, square = 0;
    for (int64_t s = 0; s < slices; s++) {
      mean += static_cast<double>(partial[2 * s * channels + c]) * static_cast<double>(sliceEnd(s, m) - s * kSlice);
    }
    mean /= size;
    for (int64_t s = 0; s < slices; s++) {
      double off = static_cast<double>(partial[2 * s * channels + c]) - mean;
      square += static_cast<double>(partial[(2 * s + 1) * channels + c]) +
                off * off * static_cast<double>(sliceEnd(s, m) - s * kSlice);
    }
    stats[c] = static_cast<float>(mean);
    stats[channels + c] = static_cast<float>(1.0 / sqrt(square / size + static_cast<double>(epsilon)));
    float unbiased = static_cast<float>(square / (m > 1 ? size - 1 : 1.0));
    average[c] += momentum * (static_cast<float>(mean) - average[c]);
    variance[c] += momentum * (unbiased - variance[c]);
  }
};

struct RunningStatistics {
  int64_t channels;
  float epsilon;
  const float* average;
  const float* variance;
  float* stats;

  BOTH void operator()(int64_t c) const {
    stats[c] = average[c];
    stats[channels + c] = 1.0f / sqrtf(variance[c] + epsilon);
  }
};

struct BatchNormalise {
  int64_t m, channels;
  bool relu;
  const float* x;
  const float* scale;
  const float* shift;
  const float* residual;
  const float* stats;
  float* y;

  BOTH void operator()(const Span& s) const {
    float mean[kSpan], factor[kSpan], offset[kSpan];
    int64_t n = s.size();
    for (int64_t c = 0; c < n; c++) {
      mean[c] = stats[s.begin + c];
      factor[c] = stats[channels + s.begin + c] * scale[s.begin + c];
      offset[c] = shift[s.begin + c];
    }
    for (int64_t r = s.row * kSlice; r < sliceEnd(s.row, m); r++) {
      int64_t at = r * channels + s.begin;
      INDEPENDENT for (int64_t c = 0; c < n; c++) {
        float v = (x[at + c] - mean[c]) * factor[c] + offset[c];
        if (residual != nullptr) v += residual[at + c];
        y[at + c] = relu && v < 0.0f ? 0.0f : v;
      }
    }
  }
};

// partial[slices,2,channels] = sums of g and of g * (x - mean) / deviation.
struct SliceGradients {
  int64_t m, channels;
  bool relu;
  const float* __restrict__ x;
  const float* __restrict__ y;
  const float* __restrict__ stats;
  const float* __restrict__ dy;
  float* __restrict__ partial;

  BOTH void operator()(const Span& s) const {
    float mean[kSpan], inverse[kSpan], sum[kSpan], product[kSpan];
    int64_t n = s.size();
    for (int64_t c = 0; c < n; c++) {
      mean[c] = stats[s.begin + c];
      inverse[c] = stats[channels + s.begin + c];
      sum[c] = product[c] = 0.0f;
    }
    for (int64_t r = s.row * kSlice; r < sliceEnd(s.row, m); r++) {
      int64_t at = r * channels + s.begin;
      INDEPENDENT for (int64_t c = 0; c < n; c++) {
        float g = relu && !(y[at + c] > 0.0f) ? 0.0f : dy[at + c];
        sum[c] += g;
        product[c] += g * (x[at + c] - mean[c]);
      }
    }
    float* out = partial + 2 * s.row * channels + s.begin;
    INDEPENDENT for (int64_t c = 0; c < n; c++) {
      out[c] = sum[c];
      out[channels + c] = product[c] * inverse[c];
    }
  }
};

// One channel: sums[2,channels] over its slices, dshift and dscale.
struct JoinGradients {
  int64_t m, channels;
  int accumulate;
  const float* partial;
  float* sums;
  float* dscale;
  float* dshift;

  BOTH void operator()(int64_t c) const {
    double sum = 0, product = 0;
    for (int64_t s = 0; s < slicesOf(m); s++) {
      sum += static_cast<double>(partial[2 * s * channels + c]);
      product += static_cast<double>(partial[(2 * s + 1) * channels + c]);
    }
    sums[c] = static_cast<float>(sum);
    sums[channels + c] = static_cast<float>(product);
    if (dscale != nullptr) put(dscale + c, static_cast<float>(product), (accumulate & 4) != 0);
    if (dshift != nullptr) put(dshift + c, static_cast<float>(sum), (accumulate & 8) != 0);
  }
};

// dx = scale / deviation * (g - mean(g) - v * mean(g v)) with v = (x - mean) / deviation; with running statistics (sums
// NULL) scale / deviation * g.
struct BatchNormGradient {
  int64_t m, channels;
  bool relu;
  int accumulate;
  const float* x;
  const float* y;
  const float* scale;
  const float* stats;
  const float* sums;
  const float* dy;
  float* dx;
  float* dresidual;

  BOTH void operator()(const Span& s) const {
    float mean[kSpan], factor[kSpan], first[kSpan], second[kSpan];
    int64_t n = s.size();
    float size = static_cast<float>(m);
    for (int64_t c = 0; c < n; c++) {
      float inverse = stats[channels + s.begin + c];
      mean[c] = stats[s.begin + c];
      factor[c] = scale[s.begin + c] * inverse;
      first[c] = sums == nullptr ? 0.0f : sums[s.begin + c] / size;
      second[c] = sums == nullptr ? 0.0f : sums[channels + s.begin + c] / size * inverse;
    }
    for (int64_t r = s.row * kSlice; r < sliceEnd(s.row, m); r++) {
      int64_t at = r * channels + s.begin;
      INDEPENDENT for (int64_t c = 0; c < n; c++) {
        float g = relu && !(y[at + c] > 0.0f) ? 0.0f : dy[at + c];
        if (dx != nullptr) {
          float v = factor[c] * (g - first[c] - (x[at + c] - mean[c]) * second[c]);
          put(dx + at + c, v, (accumulate & 1) != 0);
        }
        if (dresidual != nullptr) put(dresidual + at + c, g, (accumulate & 2) != 0);
      }
    }
  }
};

}  // namespace candela
