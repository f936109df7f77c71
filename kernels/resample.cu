// Sparse weighted sums along one axis: resizing, padding, and their transposes.
#include "check.cuh"
#include "sum.cuh"

#ifdef __CUDACC__
#include "resample_cuda.cuh"
#endif

using namespace candela;

namespace {

struct Resample {
  bool accumulate;
  int64_t nIn, nOut, inner;
  const int32_t* __restrict__ first;
  const int32_t* __restrict__ index;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  float* __restrict__ y;

  // Rows are [outer,nOut].
  BOTH void operator()(const Span& s) const {
    float sum[kSpan];
    int64_t m = s.size(), j = s.row % nOut;
    const float* slab = x + s.row / nOut * nIn * inner + s.begin;
    for (int64_t i = 0; i < m; i++) sum[i] = 0.0f;
    for (int32_t t = first[j]; t < first[j + 1]; t++) {
      const float* in = slab + index[t] * inner;
      float w = weight[t];
      for (int64_t i = 0; i < m; i++) sum[i] += w * in[i];
    }
    float* out = y + s.row * inner + s.begin;
    INDEPENDENT for (int64_t i = 0; i < m; i++) put(out + i, sum[i], accumulate);
  }
};

// inner = 1: rows are outer, a span lies along nOut.
struct ResampleRow {
  bool accumulate;
  int64_t nIn, nOut;
  const int32_t* __restrict__ first;
  const int32_t* __restrict__ index;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    const float* in = x + s.row * nIn;
    for (int64_t j = s.begin; j < s.end; j++) {
      float sum = 0.0f;
      for (int32_t t = first[j]; t < first[j + 1]; t++) sum += weight[t] * in[index[t]];
      put(y + s.row * nOut + j, sum, accumulate);
    }
  }
};

#ifdef __CUDACC__

// On a card these go before the templates of the same name.
void forEachSpan(cd_stream* stream, int64_t rows, int64_t inner, const Resample& b, int64_t cost) {
  if (rows >= kDivisible) {
    candela::forEachSpan(stream, rows, inner, b, cost);
    return;
  }
  ResampleBatch op{b.accumulate, Divide(b.nOut), b.nIn, inner, b.first, b.index, b.weight, b.x, b.y};
  forEachBatch(stream, rows, inner, wide(inner, b.x, b.y), op);
}

void forEachSpan(cd_stream* stream, int64_t outer, int64_t nOut, const ResampleRow& b, int64_t) {
  ResampleRowBatch op{b.accumulate, outer, b.nIn, nOut, b.first, b.index, b.weight, b.x, b.y};
  forEachRowOf<1>(stream, (outer + kTogether - 1) / kTogether, nOut, op);
}

#endif

}  // namespace

int cd_resample(cd_stream* stream, int accumulate, int64_t outer, int64_t nIn, int64_t nOut, int64_t inner,
                const int32_t* first, const int32_t* index, const float* weight, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "resample");
    check.counts({outer, nIn, inner});
    if (check.counts({outer, nOut, inner}) == 0) return;
    check.data(first, "first");
    check.optional(index, "index");
    check.optional(weight, "weight");
    check.optional(x, "x");
    check.data(y, "y");
    bool add = accumulate != 0;
    if (inner == 1) {
      forEachSpan(stream, outer, nOut, ResampleRow{add, nIn, nOut, first, index, weight, x, y}, 4);
    } else {
      forEachSpan(stream, outer * nOut, inner, Resample{add, nIn, nOut, inner, first, index, weight, x, y}, 4);
    }
  });
}
