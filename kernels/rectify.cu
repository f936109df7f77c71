// Gradients of rectifiers that are not the gradient: smoothed, or cut off by what they are worth.
#include <string.h>

#include "check.cuh"
#include "functions.cuh"
#include "launch.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "percentile_cuda.cuh"
#endif

using namespace candela;

namespace {

struct SmoothBackward {
  bool accumulate;
  float beta, lo, hi;
  const float* x;
  const float* dy;
  float* dx;

  BOTH void operator()(int64_t i) const { put(dx + i, dy[i] * (rise(x[i] - lo) - rise(x[i] - hi)), accumulate); }

  BOTH float rise(float distance) const { return 1.0f / (1.0f + expOf(-beta * distance)); }
};

// Integers in the order of the floats, NaN beyond infinity.
BOTH int32_t keyOf(float v) {
  int32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits < 0 ? bits ^ 0x7fffffff : bits;
}

BOTH float valueOf(int32_t key) {
  int32_t bits = key < 0 ? key ^ 0x7fffffff : key;
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

// Halves the range of keys until one is left: 32 passes, no memory, the same result in any order.
struct Percentile {
  int64_t n, rank;
  float fraction;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    const float* row = x + r * n;
    int64_t least = -(int64_t{1} << 31), most = (int64_t{1} << 31) - 1;
    while (least < most) {
      int64_t middle = least + (most - least) / 2;
      if (upTo(row, static_cast<int32_t>(middle), lanes) > rank) {
        most = middle;
      } else {
        least = middle + 1;
      }
    }
    float value = valueOf(static_cast<int32_t>(least)), next = value;
    if (fraction > 0.0f && upTo(row, static_cast<int32_t>(least), lanes) == rank + 1) {
      next = valueOf(above(row, static_cast<int32_t>(least), lanes));
    }
    if (lanes.rank() == 0) y[r] = next > value ? value + fraction * (next - value) : value;
  }

  BOTH int64_t upTo(const float* row, int32_t key, const Lanes& lanes) const {
    int64_t count = 0;
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) count += keyOf(row[i]) <= key ? 1 : 0;
    return lanes.sum(count);
  }

  // The smallest key above.
  BOTH int32_t above(const float* row, int32_t key, const Lanes& lanes) const {
    int64_t best = -((int64_t{1} << 31) - 1);
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      int64_t k = keyOf(row[i]);
      if (k > key && -k > best) best = -k;
    }
    return static_cast<int32_t>(-lanes.max(best));
  }
};

struct PassAbove {
  int64_t n;
  bool accumulate;
  const float* threshold;
  const float* worth;
  const float* dy;
  float* dx;

  BOTH void operator()(const Span& s) const {
    float least = threshold[s.row];
    int64_t from = s.row * n;
    INDEPENDENT for (int64_t i = from + s.begin; i < from + s.end; i++) {
      put(dx + i, worth[i] > least ? dy[i] : 0.0f, accumulate);
    }
  }
};

#ifdef __CUDACC__

struct Keys {
  __device__ static int32_t of(float v) { return keyOf(v); }
  __device__ static float value(int32_t key) { return valueOf(key); }
};

// What overQuads and overPlaces compute of their operands.
struct SmoothSlope {
  SmoothBackward of;
  __device__ float operator()(const float (&v)[2]) const { return v[1] * (of.rise(v[0] - of.lo) - of.rise(v[0] - of.hi)); }
};

struct IfAbove {
  __device__ float operator()(const float (&v)[3]) const { return v[1] > v[0] ? v[2] : 0.0f; }
};

#endif

}  // namespace

int cd_smooth_backward(cd_stream* stream, int accumulate, int64_t n, float beta, float lo, float hi, const float* x,
                       const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "smooth_backward");
    if (check.counts({n}) == 0) return;
    check.data(x, "x");
    check.data(dy, "dy");
    check.data(dx, "dx");
    SmoothBackward body{accumulate != 0, beta, lo, hi, x, dy, dx};
#ifdef __CUDACC__
    if (byQuads<2>(stream, n, accumulate != 0, {{x, dy}}, dx, SmoothSlope{body})) return;
#endif
    forEach(stream, n, body, 20);
  });
}

int cd_percentile(cd_stream* stream, int64_t rows, int64_t n, float percent, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "percentile");
    if (!(percent >= 0.0f && percent <= 100.0f)) {
      fail(CD_INVALID, "percentile: percent must be in 0..100, is %g", static_cast<double>(percent));
    }
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    double at = static_cast<double>(percent) / 100.0 * static_cast<double>(n - 1);
    int64_t rank = static_cast<int64_t>(at);
    float fraction = static_cast<float>(at - static_cast<double>(rank));
#ifdef __CUDACC__
    if (percentileShared<Keys>(stream, rows, n, rank, fraction, x, y)) return;
#endif
    forEachRow(stream, rows, Percentile{n, rank, fraction, x, y}, 34 * n);
  });
}

int cd_pass_above(cd_stream* stream, int accumulate, int64_t rows, int64_t n, const float* threshold,
                  const float* worth, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "pass_above");
    if (check.counts({rows, n}) == 0) return;
    check.data(threshold, "threshold");
    check.data(worth, "worth");
    check.data(dy, "dy");
    check.data(dx, "dx");
#ifdef __CUDACC__
    Nest<4> nest;
    nest.add(rows, {1, n, n, n});
    nest.add(n, {0, 1, 1, 1});
    nest.close();
    if (byPlaces<3>(stream, nest, accumulate != 0, {{threshold, worth, dy}}, dx, IfAbove{})) return;
#endif
    forEachSpan(stream, rows, n, PassAbove{n, accumulate != 0, threshold, worth, dy, dx}, 2);
  });
}
