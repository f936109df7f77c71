// CUDA only: layer normalisation of rows that are held in registers.
#pragma once

#include "rows_cuda.cuh"

namespace candela {

// Moves 8 bytes an element.
struct HeldLayerNorm {
  int64_t n;
  float epsilon;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  float* stats;

  template <int T, int Q, int W>
  __device__ void operator()(int64_t r, const Held<T, Q, W>& row) const {
    Quad v[Q];
    row.load(x + r * n, 0.0f, v);
    float size = static_cast<float>(n);
    float mean = row.sum([&](int q, int j) { return v[q].v[j]; }) / size;
    float square = row.sum([&](int q, int j) { return (v[q].v[j] - mean) * (v[q].v[j] - mean); });
    float inverse = 1.0f / sqrtf(square / size + epsilon);
    row.each(v, [&](int q, int j) { return (v[q].v[j] - mean) * inverse; });
    Quad by[Q];
    if (scale != nullptr) {
      row.load(scale, 1.0f, by);
      row.each(v, [&](int q, int j) { return v[q].v[j] * by[q].v[j]; });
    }
    if (shift != nullptr) {
      row.load(shift, 0.0f, by);
      row.each(v, [&](int q, int j) { return v[q].v[j] + by[q].v[j]; });
    }
    row.store(y + r * n, v);
    if (stats != nullptr && row.rank() == 0) {
      stats[2 * r] = mean;
      stats[2 * r + 1] = inverse;
    }
  }
};

// Moves 12 bytes an element, 16 where it accumulates.
struct HeldLayerNormBackward {
  bool accumulate;
  int64_t n;
  const float* x;
  const float* scale;
  const float* stats;
  const float* dy;
  float* dx;

  template <int T, int Q, int W>
  __device__ void operator()(int64_t r, const Held<T, Q, W>& row) const {
    Quad v[Q], up[Q];
    row.load(x + r * n, 0.0f, v);
    row.load(dy + r * n, 0.0f, up);
    float mean = stats[2 * r], inverse = stats[2 * r + 1], size = static_cast<float>(n);
    if (scale != nullptr) {
      Quad by[Q];
      row.load(scale, 1.0f, by);
      row.each(up, [&](int q, int j) { return up[q].v[j] * by[q].v[j]; });
    }
    row.each(v, [&](int q, int j) { return (v[q].v[j] - mean) * inverse; });
    float u = row.sum([&](int q, int j) { return up[q].v[j]; }) / size;
    float uv = row.sum([&](int q, int j) { return up[q].v[j] * v[q].v[j]; }) / size;
    row.each(up, [&](int q, int j) { return inverse * (up[q].v[j] - u - v[q].v[j] * uv); });
    row.put(dx + r * n, up, accumulate);
  }
};

}  // namespace candela
