// Functions of one element.
#include "check.cuh"
#include "launch.cuh"
#include "unary.cuh"
#ifdef __CUDACC__
#include "rectify_cuda.cuh"
#endif

using namespace candela;

namespace {

template <class F>
struct UnaryForward {
  float alpha, beta;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const { y[i] = F::y(x[i], alpha, beta); }
};

// x and y are what the kind reads; where it reads neither they are dy.
template <class F>
struct UnaryBackward {
  float alpha, beta;
  const float* __restrict__ x;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(int64_t i) const { dx[i] = dy[i] * F::d(x[i], alpha, beta); }
};

template <class F>
struct UnaryBackwardAdd {
  float alpha, beta;
  const float* __restrict__ x;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(int64_t i) const { dx[i] += dy[i] * F::d(x[i], alpha, beta); }
};

struct Add {
  const float* __restrict__ a;
  const float* __restrict__ b;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const { y[i] = a[i] + b[i]; }
};

struct Fill {
  float value;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const { y[i] = value; }
};

// Spans count bytes of bits: eight elements each.
struct RectifyForward {
  int64_t n, bytes;
  float lo, hi;
  const float* __restrict__ x;
  float* __restrict__ y;
  uint8_t* __restrict__ bits;

  BOTH void operator()(const Span& s) const {
    const float* in = x + s.row * n;
    float* out = y + s.row * n;
    int64_t first = 8 * s.begin, end = 8 * s.end < n ? 8 * s.end : n;
    if (bits != nullptr) {
      uint64_t flags[kSpan];
      auto flag = reinterpret_cast<uint8_t*>(flags);
      flags[s.size() - 1] = 0;
      INDEPENDENT for (int64_t i = first; i < end; i++) flag[i - first] = (in[i] > lo) & (in[i] < hi);
      // Bit 0 of byte k of the flags moves to bit 56 + k.
      INDEPENDENT for (int64_t b = s.begin; b < s.end; b++) {
        bits[s.row * bytes + b] = static_cast<uint8_t>(flags[b - s.begin] * 0x0102040810204080u >> 56);
      }
    }
    INDEPENDENT for (int64_t i = first; i < end; i++) {
      float v = in[i] < lo ? lo : in[i];
      out[i] = v > hi ? hi : v;
    }
  }
};

struct RectifyBackward {
  int64_t n, bytes;
  bool accumulate;
  const uint8_t* __restrict__ bits;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    const uint8_t* in = bits + s.row * bytes;
    int64_t first = 8 * s.begin, m = (8 * s.end < n ? 8 * s.end : n) - first;
    const float* up = dy + s.row * n + first;
    float* out = dx + s.row * n + first;
    // Bit k of a byte goes to byte k of its flags.
    uint64_t flags[kSpan];
    auto flag = reinterpret_cast<const uint8_t*>(flags);
    INDEPENDENT for (int64_t b = 0; b < s.size(); b++) {
      flags[b] = in[s.begin + b] * 0x0101010101010101u & 0x8040201008040201u;
    }
    if (accumulate) {
      INDEPENDENT for (int64_t i = 0; i < m; i++) out[i] += chosen(flag[i] != 0, up[i]);
    } else {
      INDEPENDENT for (int64_t i = 0; i < m; i++) out[i] = chosen(flag[i] != 0, up[i]);
    }
  }
};

#ifdef __CUDACC__

// What overQuads computes of its operands.
template <class F>
struct Of {
  float alpha, beta;
  __device__ float operator()(const float (&v)[1]) const { return F::y(v[0], alpha, beta); }
};

template <class F>
struct Slope {
  float alpha, beta;
  __device__ float operator()(const float (&v)[2]) const { return v[1] * F::d(v[0], alpha, beta); }
};

struct SumOf {
  __device__ float operator()(const float (&v)[2]) const { return v[0] + v[1]; }
};

struct Constant {
  float value;
  __device__ float operator()(const float (&)[1]) const { return value; }
};

#endif

template <class F>
void forward(cd_stream* stream, float alpha, float beta, int64_t n, const float* x, float* y) {
#ifdef __CUDACC__
  if (byQuads<1>(stream, n, false, {{x}}, y, Of<F>{alpha, beta})) return;
#endif
  forEach(stream, n, UnaryForward<F>{alpha, beta, x, y}, F::cost);
}

template <class F>
void backward(cd_stream* stream, float alpha, float beta, bool accumulate, int64_t n, const float* from,
              const float* dy, float* dx) {
#ifdef __CUDACC__
  if (byQuads<2>(stream, n, accumulate, {{from, dy}}, dx, Slope<F>{alpha, beta})) return;
#endif
  if (accumulate) {
    forEach(stream, n, UnaryBackwardAdd<F>{alpha, beta, from, dy, dx}, F::cost);
  } else {
    forEach(stream, n, UnaryBackward<F>{alpha, beta, from, dy, dx}, F::cost);
  }
}

void fill(cd_stream* stream, int64_t n, float value, float* y) {
#ifdef __CUDACC__
  if (byQuads<0>(stream, n, false, {}, y, Constant{value})) return;
#endif
  forEach(stream, n, Fill{value, y});
}

}  // namespace

int cd_unary_forward(cd_stream* stream, int kind, float alpha, float beta, int64_t n, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "unary_forward");
    if (check.counts({n}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    bool known = forKind(kind, alpha, [&](auto f) {
      using F = decltype(f);
      forward<F>(stream, alpha, beta, n, x, y);
    });
    if (!known) check.range(kind, 0, CD_UNARY_KINDS - 1, "kind");
  });
}

int cd_unary_backward(cd_stream* stream, int kind, float alpha, float beta, int accumulate, int64_t n, const float* x,
                      const float* y, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "unary_backward");
    check.range(kind, 0, CD_UNARY_KINDS - 1, "kind");
    if (check.counts({n}) == 0) return;
    check.data(dy, "dy");
    check.data(dx, "dx");
    forKind(kind, alpha, [&](auto f) {
      using F = decltype(f);
      if constexpr (F::reads == 'x') check.data(x, "x");
      if constexpr (F::reads == 'y') check.data(y, "y");
      if constexpr (F::reads == '0') {
        if (!accumulate) fill(stream, n, 0.0f, dx);
      } else {
        const float* from = F::reads == 'x' ? x : F::reads == 'y' ? y : dy;
        backward<F>(stream, alpha, beta, accumulate != 0, n, from, dy, dx);
      }
    });
  });
}

int cd_rectify_forward(cd_stream* stream, int64_t rows, int64_t n, float lo, float hi, const float* x, float* y,
                       uint8_t* bits) {
  return entry([&] {
    Check check(stream, "rectify_forward");
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    int64_t bytes = (n + 7) / 8;
#ifdef __CUDACC__
    if (rectifyWide(stream, rows, n, lo, hi, x, y, bits)) return;
#endif
    forEachSpan(stream, rows, bytes, RectifyForward{n, bytes, lo, hi, x, y, bits}, 8);
  });
}

int cd_rectify_backward(cd_stream* stream, int64_t rows, int64_t n, int accumulate, const uint8_t* bits,
                        const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "rectify_backward");
    if (check.counts({rows, n}) == 0) return;
    check.data(bits, "bits");
    check.data(dy, "dy");
    check.data(dx, "dx");
    int64_t bytes = (n + 7) / 8;
#ifdef __CUDACC__
    if (rectifyBackwardWide(stream, rows, n, accumulate != 0, bits, dy, dx)) return;
#endif
    forEachSpan(stream, rows, bytes, RectifyBackward{n, bytes, accumulate != 0, bits, dy, dx}, 8);
  });
}

int cd_add(cd_stream* stream, int64_t n, const float* a, const float* b, float* y) {
  return entry([&] {
    Check check(stream, "add");
    if (check.counts({n}) == 0) return;
    check.data(a, "a");
    check.data(b, "b");
    check.data(y, "y");
#ifdef __CUDACC__
    if (byQuads<2>(stream, n, false, {{a, b}}, y, SumOf{})) return;
#endif
    forEach(stream, n, Add{a, b, y});
  });
}

int cd_fill(cd_stream* stream, int64_t n, float value, float* y) {
  return entry([&] {
    Check check(stream, "fill");
    if (check.counts({n}) == 0) return;
    check.data(y, "y");
    fill(stream, n, value, y);
  });
}
