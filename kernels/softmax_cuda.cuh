// CUDA only: softmax over rows that are held in registers.
#pragma once

#include "functions.cuh"
#include "rows_cuda.cuh"

namespace candela {

// Moves 8 bytes an element.
struct HeldSoftmax {
  bool log;
  int64_t n;
  const float* x;
  float* y;

  template <int T, int Q, int W>
  __device__ void operator()(int64_t r, const Held<T, Q, W>& row) const {
    Quad v[Q];
    row.load(x + r * n, -INFINITY, v);
    float top = row.max(v);
    if (log) {
      float whole = logf(row.sum([&](int q, int j) { return expOf(v[q].v[j] - top); }));
      row.each(v, [&](int q, int j) { return v[q].v[j] - top - whole; });
    } else {
      row.each(v, [&](int q, int j) { return expOf(v[q].v[j] - top); });
      float total = row.sum([&](int q, int j) { return v[q].v[j]; });
      row.each(v, [&](int q, int j) { return v[q].v[j] / total; });
    }
    row.store(y + r * n, v);
  }
};

// Moves 12 bytes an element, 16 where it accumulates.
struct HeldSoftmaxBackward {
  bool log, accumulate;
  int64_t n;
  const float* y;
  const float* dy;
  float* dx;

  template <int T, int Q, int W>
  __device__ void operator()(int64_t r, const Held<T, Q, W>& row) const {
    Quad out[Q], up[Q];
    row.load(y + r * n, 0.0f, out);
    row.load(dy + r * n, 0.0f, up);
    if (log) {
      float total = row.sum([&](int q, int j) { return up[q].v[j]; });
      row.each(up, [&](int q, int j) { return up[q].v[j] - expOf(out[q].v[j]) * total; });
    } else {
      float total = row.sum([&](int q, int j) { return up[q].v[j] * out[q].v[j]; });
      row.each(up, [&](int q, int j) { return out[q].v[j] * (up[q].v[j] - total); });
    }
    row.put(dx + r * n, up, accumulate);
  }
};

}  // namespace candela
