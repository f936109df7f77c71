// Functions of one element.
#include "check.cuh"
#include "launch.cuh"
#include "storage.cuh"
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

template <class T>
struct Add {
  const T* __restrict__ a;
  const T* __restrict__ b;
  T* __restrict__ y;

  BOTH void operator()(int64_t i) const { y[i] = a[i] + b[i]; }
};

template <class T>
struct Fill {
  float value;
  T* __restrict__ y;

  BOTH void operator()(int64_t i) const { y[i] = value; }
};

// Spans count bytes of bits: eight elements each.
template <class T>
struct RectifyForward {
  int64_t n, bytes;
  float lo, hi;
  const T* __restrict__ x;
  T* __restrict__ y;
  uint8_t* __restrict__ bits;

  BOTH void operator()(const Span& s) const {
    const T* in = x + s.row * n;
    T* out = y + s.row * n;
    int64_t first = 8 * s.begin, end = 8 * s.end < n ? 8 * s.end : n;
    if (bits != nullptr) {
      uint64_t flags[kSpan];
      auto flag = reinterpret_cast<uint8_t*>(flags);
      flags[s.size() - 1] = 0;
      INDEPENDENT for (int64_t i = first; i < end; i++) {
        float v = in[i];
        flag[i - first] = (v > lo) & (v < hi);
      }
      // Bit 0 of byte k of the flags moves to bit 56 + k.
      INDEPENDENT for (int64_t b = s.begin; b < s.end; b++) {
        bits[s.row * bytes + b] = static_cast<uint8_t>(flags[b - s.begin] * 0x0102040810204080u >> 56);
      }
    }
    INDEPENDENT for (int64_t i = first; i < end; i++) {
      float z = in[i], v = z < lo ? lo : z;
      out[i] = v > hi ? hi : v;
    }
  }
};

template <class T>
struct RectifyBackward {
  int64_t n, bytes;
  bool accumulate;
  const uint8_t* __restrict__ bits;
  const T* __restrict__ dy;
  T* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    const uint8_t* in = bits + s.row * bytes;
    int64_t marked = s.size(), first = 8 * s.begin, m = (8 * s.end < n ? 8 * s.end : n) - first;
    const T* up = dy + s.row * n + first;
    T* out = dx + s.row * n + first;
    // Bit k of a byte goes to byte k of its flags.
    uint64_t flags[kSpan];
    auto flag = reinterpret_cast<const uint8_t*>(flags);
    INDEPENDENT for (int64_t b = 0; b < marked; b++) {
      flags[b] = in[s.begin + b] * 0x0101010101010101u & 0x8040201008040201u;
    }
    if (accumulate) {
      INDEPENDENT for (int64_t i = 0; i < m; i++) out[i] = out[i] + chosen(flag[i] != 0, up[i]);
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

// Where pointers are not aligned to quads, which is rare: one body for all kinds.
struct AnyForward {
  int kind;
  float alpha, beta;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    forKind(kind, alpha, [&]<class F>(F) { y[i] = F::y(x[i], alpha, beta); });
  }
};

struct AnyBackward {
  int kind;
  float alpha, beta;
  bool accumulate;
  const float* __restrict__ x;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(int64_t i) const {
    forKind(kind, alpha, [&]<class F>(F) {
      float v = dy[i] * F::d(x[i], alpha, beta);
      dx[i] = accumulate ? dx[i] + v : v;
    });
  }
};

#endif

template <class F>
void forward(cd_stream* stream, int kind, float alpha, float beta, int64_t n, const float* x, float* y) {
#ifdef __CUDACC__
  if (byQuads<1>(stream, n, {{x}}, y, Of<F>{alpha, beta})) return;
  forEach(stream, n, AnyForward{kind, alpha, beta, x, y});
#else
  (void)kind;
  forEach(stream, n, UnaryForward<F>{alpha, beta, x, y}, F::cost);
#endif
}

template <class F>
void backward(cd_stream* stream, int kind, float alpha, float beta, bool accumulate, int64_t n, const float* from,
              const float* dy, float* dx) {
#ifdef __CUDACC__
  if (byQuads<2>(stream, n, accumulate, {{from, dy}}, dx, Slope<F>{alpha, beta})) return;
  forEach(stream, n, AnyBackward{kind, alpha, beta, accumulate, from, dy, dx});
#else
  (void)kind;
  if (accumulate) {
    forEach(stream, n, UnaryBackwardAdd<F>{alpha, beta, from, dy, dx}, F::cost);
  } else {
    forEach(stream, n, UnaryBackward<F>{alpha, beta, from, dy, dx}, F::cost);
  }
#endif
}

template <class T>
void fill(cd_stream* stream, int64_t n, float value, T* y) {
#ifdef __CUDACC__
  if (byQuads<0>(stream, n, {}, y, Constant{value})) return;
#endif
  forEach(stream, n, Fill<T>{value, y});
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
      forward<F>(stream, kind, alpha, beta, n, x, y);
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
        backward<F>(stream, kind, alpha, beta, accumulate != 0, n, from, dy, dx);
      }
    });
  });
}

int cd_rectify_forward(cd_stream* stream, int type, int64_t rows, int64_t n, float lo, float hi, const void* x, void* y,
                       uint8_t* bits) {
  return entry([&] {
    Check check(stream, "rectify_forward");
    forStorage(type, check.where, [&](auto t) {
      if (check.counts({rows, n}) == 0) return;
      auto in = as(x, t);
      auto out = as(y, t);
      check.data(in, "x");
      check.data(out, "y");
      int64_t bytes = (n + 7) / 8;
#ifdef __CUDACC__
      if (rectifyWide(stream, rows, n, lo, hi, in, out, bits)) return;
#endif
      forEachSpan(stream, rows, bytes, RectifyForward<decltype(t)>{n, bytes, lo, hi, in, out, bits}, 8);
    });
  });
}

int cd_rectify_backward(cd_stream* stream, int type, int64_t rows, int64_t n, int accumulate, const uint8_t* bits,
                        const void* dy, void* dx) {
  return entry([&] {
    Check check(stream, "rectify_backward");
    forStorage(type, check.where, [&](auto t) {
      if (check.counts({rows, n}) == 0) return;
      auto up = as(dy, t);
      auto down = as(dx, t);
      check.data(bits, "bits");
      check.data(up, "dy");
      check.data(down, "dx");
      int64_t bytes = (n + 7) / 8;
#ifdef __CUDACC__
      if (rectifyBackwardWide(stream, rows, n, accumulate != 0, bits, up, down)) return;
#endif
      RectifyBackward<decltype(t)> body{n, bytes, accumulate != 0, bits, up, down};
      forEachSpan(stream, rows, bytes, body, 8);
    });
  });
}

int cd_add(cd_stream* stream, int type, int64_t n, const void* a, const void* b, void* y) {
  return entry([&] {
    Check check(stream, "add");
    forStorage(type, check.where, [&](auto t) {
      if (check.counts({n}) == 0) return;
      auto left = as(a, t), right = as(b, t);
      auto out = as(y, t);
      check.data(left, "a");
      check.data(right, "b");
      check.data(out, "y");
#ifdef __CUDACC__
      if (byQuads<2>(stream, n, {{left, right}}, out, SumOf{})) return;
#endif
      forEach(stream, n, Add<decltype(t)>{left, right, out});
    });
  });
}

int cd_fill(cd_stream* stream, int type, int64_t n, float value, void* y) {
  return entry([&] {
    Check check(stream, "fill");
    forStorage(type, check.where, [&](auto t) {
      if (check.counts({n}) == 0) return;
      auto out = as(y, t);
      check.data(out, "y");
      fill(stream, n, value, out);
    });
  });
}
