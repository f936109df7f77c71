// Reductions of the middle axis of x[outer,n,inner]. inner = 1: the lanes of a row share it; else a body takes a span of
// inner and adds row by row.
#include <string.h>

#include "check.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "columns_cuda.cuh"
#include "long_row_cuda.cuh"
#include "spread_cuda.cuh"
#endif

using namespace candela;

namespace {

struct ProductKind {
  BOTH static float first() { return 1.0f; }
  BOTH static float join(float s, float v) { return s * v; }
};

struct MaxKind {
  BOTH static float first() { return -INFINITY; }
  BOTH static float join(float s, float v) { return v > s || v != v ? v : s; }
};

struct MinKind {
  BOTH static float first() { return INFINITY; }
  BOTH static float join(float s, float v) { return v < s || v != v ? v : s; }
};

template <class Kind>
struct ReduceColumns {
  int64_t n, inner;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float sum[kSpan];
    const float* in = x + s.row * n * inner + s.begin;
    int64_t m = s.size();
    for (int64_t i = 0; i < m; i++) sum[i] = Kind::first();
    for (int64_t j = 0; j < n; j++, in += inner) {
      for (int64_t i = 0; i < m; i++) sum[i] = Kind::join(sum[i], in[i]);
    }
    float* out = y + s.row * inner + s.begin;
    for (int64_t i = 0; i < m; i++) out[i] = sum[i];
  }
};

struct SumColumns {
  int64_t n, inner;
  float divisor;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float sum[kSpan];
    const float* in = x + s.row * n * inner + s.begin;
    sumColumns(n, s.size(), sum, [&](int64_t j, int64_t i) { return in[j * inner + i]; });
    float* out = y + s.row * inner + s.begin;
    for (int64_t i = 0; i < s.size(); i++) out[i] = sum[i] / divisor;
  }
};

struct SumRow {
  int64_t n;
  float divisor;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    const float* in = x + r * n;
    float s = sumOf(lanes, n, [&](int64_t i) { return in[i]; });
    if (lanes.rank() == 0) y[r] = s / divisor;
  }
};

// One row of n: a span takes all channels of its elements.
template <bool kAbsolute>
struct SumChannels {
  int64_t channels, n;
  double divisor;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    double sum[kSpan];
    int64_t m = s.size();
    for (int64_t i = 0; i < m; i++) sum[i] = 0.0;
    for (int64_t k = 0; k < channels; k++) {
      const float* in = x + k * n + s.begin;
      for (int64_t i = 0; i < m; i++) sum[i] += static_cast<double>(kAbsolute ? fabsf(in[i]) : in[i]);
    }
    for (int64_t i = 0; i < m; i++) y[s.begin + i] = static_cast<float>(sum[i] / divisor);
  }
};

struct MaxChannels {
  int64_t channels, n;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float most[kSpan];
    int64_t m = s.size();
    for (int64_t i = 0; i < m; i++) most[i] = 0.0f;
    for (int64_t k = 0; k < channels; k++) {
      const float* in = x + k * n + s.begin;
      for (int64_t i = 0; i < m; i++) most[i] = MaxKind::join(most[i], fabsf(in[i]));
    }
    for (int64_t i = 0; i < m; i++) y[s.begin + i] = most[i];
  }
};

struct SumBackward {
  int64_t n, inner;
  float divisor;
  bool accumulate;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  // Rows are [outer,n]; where inner is 1 they are [outer] and a span lies along n.
  BOTH void operator()(const Span& s) const {
    if (inner == 1) {
      float v = dy[s.row] / divisor;
      float* out = dx + s.row * n;
      INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) put(out + i, v, accumulate);
    } else {
      const float* up = dy + s.row / n * inner;
      float* out = dx + s.row * inner;
      INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) put(out + i, up[i] / divisor, accumulate);
    }
  }
};

struct ExtremeBackward {
  int64_t n, inner;
  bool accumulate;
  const float* __restrict__ x;
  const float* __restrict__ y;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    bool open[kSpan];
    int64_t m = s.size(), at = s.row * inner + s.begin;
    for (int64_t i = 0; i < m; i++) open[i] = true;
    for (int64_t j = 0; j < n; j++) {
      const float* in = x + (s.row * n + j) * inner + s.begin;
      float* out = dx + (s.row * n + j) * inner + s.begin;
      for (int64_t i = 0; i < m; i++) {
        bool chosen = open[i] && in[i] == y[at + i];
        open[i] = open[i] && !chosen;
        put(out + i, chosen ? dy[at + i] : 0.0f, accumulate);
      }
    }
  }
};

struct ProductBackward {
  int64_t n, inner;
  bool accumulate;
  const float* __restrict__ x;
  const float* __restrict__ y;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  // Rows are [outer,n].
  BOTH void operator()(const Span& s) const {
    const float* column = x + s.row / n * n * inner;
    int64_t j = s.row % n;
    for (int64_t i = s.begin; i < s.end; i++) {
      float others = 1.0f;
      for (int64_t k = 0; k < n; k++) {
        if (k != j) others *= column[k * inner + i];
      }
      put(dx + s.row * inner + i, dy[s.row / n * inner + i] * others, accumulate);
    }
  }
};

struct ArgReduce {
  bool max, last;
  int64_t n, inner;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    for (int64_t i = s.begin; i < s.end; i++) {
      const float* in = x + s.row * n * inner + i;
      int64_t at = 0;
      for (int64_t j = 1; j < n; j++) {
        float best = in[at * inner], v = in[j * inner];
        bool nan = v != v, tie = v == best || (nan && best != best);
        bool better = best == best && (nan || (max ? v > best : v < best));
        if (better || (last && tie)) at = j;
      }
      y[s.row * inner + i] = static_cast<float>(at);
    }
  }
};

// Rows are [outer,inner]. Each of the k is the greatest key below the one before.
struct Top {
  bool largest;
  int64_t n, inner, k;
  const float* __restrict__ x;
  float* __restrict__ y;

  // Greater for what comes first; never 0.
  BOTH uint64_t key(float v, int64_t i) const {
    float plain = v == 0.0f ? 0.0f : v;
    uint32_t bits;
    memcpy(&bits, &plain, sizeof bits);
    // in the order of the numbers, NaN above all
    bits = v != v ? 0xfffffffeu : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
    return static_cast<uint64_t>(largest ? bits : ~bits) << 32 | (0xffffffffu - static_cast<uint32_t>(i));
  }

  BOTH void operator()(int64_t row, const Lanes& lanes) const {
    const float* in = x + row / inner * n * inner + row % inner;
    float* out = y + row / inner * k * inner + row % inner;
    uint64_t before = UINT64_MAX;
    for (int64_t j = 0; j < k; j++) {
      uint64_t best = 0;
      for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
        uint64_t here = key(in[i * inner], i);
        if (here < before && here > best) best = here;
      }
      before = lanes.max(best);
      if (lanes.rank() == 0) out[j * inner] = static_cast<float>(0xffffffffu - static_cast<uint32_t>(before));
    }
  }
};

#ifdef __CUDACC__

struct Share {
  float divisor;
  __device__ float operator()(const float (&v)[1]) const { return v[0] / divisor; }
};

__global__ void __launch_bounds__(kAcross* kMostLines) sumOfColumns(Divide across, int64_t rows, int64_t columns,
                                                                    float divisor, const float* __restrict__ x,
                                                                    float* __restrict__ y) {
  uint32_t tile = blockIdx.x, outer = across.split(tile);
  int64_t column = int64_t{1} * tile * kAcross + threadIdx.x;
  const float* in = x + outer * rows * columns + column;
  float sum = sumColumn(rows, column < columns, [&](int64_t r) { return in[r * columns]; });
  if (threadIdx.y == 0 && column < columns) y[outer * columns + column] = sum / divisor;
}

// False, and nothing done, where columns are short.
bool sumColumnsWide(cd_stream* stream, int64_t outer, int64_t rows, int64_t columns, float divisor, const float* x,
                           float* y) {
  ColumnBlocks blocks(outer, rows, columns);
  if (!blocks.fit(rows)) return false;
  sumOfColumns<<<static_cast<unsigned>(blocks.count), blocks.block, 0, queueOf(stream)>>>(blocks.across, rows, columns,
                                                                                        divisor, x, y);
  checkLaunch();
  return true;
}

#endif

template <class Kind>
void columns(cd_stream* stream, int64_t outer, int64_t n, int64_t inner, const float* x, float* y) {
  forEachSpan(stream, outer, inner, ReduceColumns<Kind>{n, inner, x, y}, n);
}

}  // namespace

int cd_reduce_forward(cd_stream* stream, int kind, int64_t outer, int64_t n, int64_t inner, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "reduce_forward");
    check.range(kind, 0, CD_REDUCE_KINDS - 1, "kind");
    check.counts({outer, n, inner});
    if (check.counts({outer, inner}) == 0) return;
    if (n > 0) check.data(x, "x");
    check.data(y, "y");
    float divisor = kind == CD_REDUCE_MEAN ? static_cast<float>(n) : 1.0f;
    if (kind == CD_REDUCE_MAX) {
      columns<MaxKind>(stream, outer, n, inner, x, y);
    } else if (kind == CD_REDUCE_MIN) {
      columns<MinKind>(stream, outer, n, inner, x, y);
    } else if (kind == CD_REDUCE_PROD) {
      columns<ProductKind>(stream, outer, n, inner, x, y);
    } else if (inner == 1) {
#ifdef __CUDACC__
      if (longRows(stream, outer, n, divisor, x, y)) return;
#endif
      forEachRow(stream, outer, SumRow{n, divisor, x, y}, n);
    } else {
#ifdef __CUDACC__
      if (sumColumnsWide(stream, outer, n, inner, divisor, x, y)) return;
#endif
      forEachSpan(stream, outer, inner, SumColumns{n, inner, divisor, x, y}, n);
    }
  });
}

int cd_reduce_backward(cd_stream* stream, int kind, int accumulate, int64_t outer, int64_t n, int64_t inner,
                       const float* x, const float* y, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "reduce_backward");
    check.range(kind, 0, CD_REDUCE_KINDS - 1, "kind");
    if (check.counts({outer, n, inner}) == 0) return;
    check.data(dy, "dy");
    check.data(dx, "dx");
    bool add = accumulate != 0;
    if (kind == CD_REDUCE_SUM || kind == CD_REDUCE_MEAN) {
      float divisor = kind == CD_REDUCE_MEAN ? static_cast<float>(n) : 1.0f;
#ifdef __CUDACC__
      if (add ? spread<true>(stream, outer, n, inner, divisor, dy, dx)
              : spread<false>(stream, outer, n, inner, divisor, dy, dx)) {
        return;
      }
      Nest<2> nest;
      nest.add(outer, {inner, n * inner});
      nest.add(n, {0, inner});
      nest.add(inner, {1, 1});
      nest.close();
      if (byPlaces<1>(stream, nest, add, {{dy}}, dx, Share{divisor})) return;
#endif
      SumBackward body{n, inner, divisor, add, dy, dx};
      forEachSpan(stream, inner == 1 ? outer : outer * n, inner == 1 ? n : inner, body);
      return;
    }
    check.data(x, "x");
    if (kind == CD_REDUCE_PROD) {
      forEachSpan(stream, outer * n, inner, ProductBackward{n, inner, add, x, y, dy, dx}, n);
    } else {
      check.data(y, "y");
      forEachSpan(stream, outer, inner, ExtremeBackward{n, inner, add, x, y, dy, dx}, n);
    }
  });
}

int cd_reduce_channels(cd_stream* stream, int kind, int64_t channels, int64_t n, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "reduce_channels");
    check.range(kind, 0, CD_CHANNELS_KINDS - 1, "kind");
    check.range(channels, 1, INT64_MAX, "channels");
    if (check.counts({channels, n}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    if (kind == CD_CHANNELS_MAX_ABSOLUTE) {
      forEachSpan(stream, 1, n, MaxChannels{channels, n, x, y}, channels);
    } else if (kind == CD_CHANNELS_SUM_ABSOLUTE) {
      forEachSpan(stream, 1, n, SumChannels<true>{channels, n, 1.0, x, y}, channels);
    } else {
      double divisor = kind == CD_CHANNELS_MEAN ? static_cast<double>(channels) : 1.0;
      forEachSpan(stream, 1, n, SumChannels<false>{channels, n, divisor, x, y}, channels);
    }
  });
}

int cd_arg_reduce(cd_stream* stream, int kind, int last, int64_t outer, int64_t n, int64_t inner, const float* x,
                  float* y) {
  return entry([&] {
    Check check(stream, "arg_reduce");
    check.range(kind, CD_REDUCE_MAX, CD_REDUCE_MIN, "kind");
    check.counts({outer, n, inner});
    if (check.counts({outer, inner}) == 0) return;
    check.range(n, 1, INT64_MAX, "n");
    check.data(x, "x");
    check.data(y, "y");
    forEachSpan(stream, outer, inner, ArgReduce{kind == CD_REDUCE_MAX, last != 0, n, inner, x, y}, n);
  });
}

int cd_top(cd_stream* stream, int largest, int64_t outer, int64_t n, int64_t inner, int64_t k, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "top");
    check.counts({outer, n, inner});
    check.range(k, 0, n, "k");
    check.range(n, 0, UINT32_MAX, "n");
    if (check.counts({outer, k, inner}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    forEachRow(stream, outer * inner, Top{largest != 0, n, inner, k, x, y}, n * k);
  });
}
