// Sums and maxima over a row, in an order that is the same for every instruction set, thread count and device: 32 lanes,
// lane k takes the elements k, k + 32, …, then a tree joins the lanes.
#pragma once

#include "launch.cuh"

namespace candela {

#ifdef __CUDACC__

template <class At>
BOTH float sumOf(const Lanes& lanes, int64_t n, const At& at) {
  float s = 0;
  for (int64_t i = lanes.rank(); i < n; i += lanes.count()) s += at(i);
  return lanes.sum(s);
}

template <class At>
BOTH float maxOf(const Lanes& lanes, int64_t n, const At& at) {
  float s = -INFINITY;
  for (int64_t i = lanes.rank(); i < n; i += lanes.count()) s = at(i) > s ? at(i) : s;
  return lanes.max(s);
}

#else

// What CUDA's lanes hold, one after another.
struct Held {
  static constexpr int kLanes = 32;
  float s[kLanes] = {};

  template <class At>
  BOTH void add(int64_t n, const At& at) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int k = 0; k < kLanes; k++) s[k] += at(i + k);
    }
    for (int k = 0; i + k < n; k++) s[k] += at(i + k);
  }

  BOTH float joined() {
    for (int step = kLanes / 2; step > 0; step /= 2) {
      for (int k = 0; k < step; k++) s[k] += s[k + step];
    }
    return s[0];
  }
};

template <class At>
BOTH float sumOf(const Lanes&, int64_t n, const At& at) {
  Held held;
  held.add(n, at);
  return held.joined();
}

// As sumOf, of elements that add(begin, count, sums) adds to sums, up to kSpan at a time.
template <class Add>
float sumOfSpans(const Lanes&, int64_t n, const Add& add) {
  static_assert(kSpan % Held::kLanes == 0);
  Held held;
  float values[kSpan];
  for (int64_t begin = 0; begin < n; begin += kSpan) {
    int64_t count = n - begin < kSpan ? n - begin : kSpan;
    for (int64_t k = 0; k < count; k++) values[k] = 0.0f;
    add(begin, count, values);
    held.add(count, [&](int64_t i) { return values[i]; });
  }
  return held.joined();
}

template <class At>
BOTH float maxOf(const Lanes&, int64_t n, const At& at) {
  constexpr int kLanes = 32;
  float s[kLanes];
  for (int k = 0; k < kLanes; k++) s[k] = -INFINITY;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int k = 0; k < kLanes; k++) s[k] = at(i + k) > s[k] ? at(i + k) : s[k];
  }
  for (int k = 0; i + k < n; k++) s[k] = at(i + k) > s[k] ? at(i + k) : s[k];
  for (int step = kLanes / 2; step > 0; step /= 2) {
    for (int k = 0; k < step; k++) s[k] = s[k + step] > s[k] ? s[k + step] : s[k];
  }
  return s[0];
}

#endif

// Rows of a partial sum. Rounding errors grow with the length of a chain of additions: two short ones beat one long.
constexpr int64_t kChain = 128;

// sum[c] = sum over r < rows of at(r, c), for the m columns of a span.
template <class At>
BOTH void sumColumns(int64_t rows, int64_t m, float* sum, const At& at) {
  float part[kSpan];
  for (int64_t c = 0; c < m; c++) sum[c] = 0.0f;
  for (int64_t first = 0; first < rows; first += kChain) {
    int64_t end = first + kChain < rows ? first + kChain : rows;
    for (int64_t c = 0; c < m; c++) part[c] = 0.0f;
    for (int64_t r = first; r < end; r++) {
      for (int64_t c = 0; c < m; c++) part[c] += at(r, c);
    }
    for (int64_t c = 0; c < m; c++) sum[c] += part[c];
  }
}

// *out = value, or += value.
template <class T>
BOTH void put(T* out, float value, bool accumulate) { *out = accumulate ? *out + value : value; }

}  // namespace candela
