// Elements moved as they are: copies between strides, elements picked by number.
#include <algorithm>

#include "check.cuh"
#include "nest.cuh"
#include "storage.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "turn_cuda.cuh"
#endif

using namespace candela;

namespace {

template <bool accumulate, class T>
BOTH void move(T* y, T v) {
  if constexpr (accumulate) {
    *y = *y + v;
  } else {
    *y = v;
  }
}

// Operands of the loops: x, y.
template <bool accumulate, class T>
struct CopyRuns {
  Nest<2> nest;
  const T* __restrict__ x;
  T* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    int64_t at[2], dx = nest.stride(0), dy = nest.stride(1), n = s.size();
    nest.start(s.row, nest.rank - 1, at);
    const T* in = x + at[0] + s.begin * dx;
    T* out = y + at[1] + s.begin * dy;
    if (dx == 1 && dy == 1) {
      INDEPENDENT for (int64_t i = 0; i < n; i++) move<accumulate>(out + i, in[i]);
    } else if (dx == 0 && dy == 1) {
      T v = *in;
      INDEPENDENT for (int64_t i = 0; i < n; i++) move<accumulate>(out + i, v);
    } else if (dy == 1) {
      INDEPENDENT for (int64_t i = 0; i < n; i++) move<accumulate>(out + i, in[i * dx]);
    } else {
      INDEPENDENT for (int64_t i = 0; i < n; i++) move<accumulate>(out + i * dy, in[i * dx]);
    }
  }
};

#ifdef __CUDACC__
constexpr int64_t kTile = 1, kTileLong = 1;
#else
// A cache line of floats; the long side where the other is a few channels.
constexpr int64_t kTile = 16, kTileLong = 256;
#endif

// A block of p x q elements that lie along p in x and along q in y: read row by row, turned in the first-level cache,
// written row by row. The other loops are outer.
template <bool accumulate, class T>
struct CopyTile {
  Nest<2> outer;
  int64_t p, q, xOfQ, yOfP, sideP, sideQ;
  const T* __restrict__ x;
  T* __restrict__ y;

  int64_t tilesP() const { return (p + sideP - 1) / sideP; }
  int64_t tilesQ() const { return (q + sideQ - 1) / sideQ; }

  BOTH void operator()(const Span& s) const {
    int64_t down = (p + sideP - 1) / sideP;
    int64_t p0 = s.row % down * sideP;
    int64_t at[2];
    outer.start(s.row / down, outer.rank, at);
    for (int64_t t = s.begin; t < s.end; t++) {
      int64_t q0 = t * sideQ;
      turn(x + at[0] + p0 + q0 * xOfQ, y + at[1] + q0 + p0 * yOfP, sideP < p - p0 ? sideP : p - p0,
           sideQ < q - q0 ? sideQ : q - q0);
    }
  }

  BOTH void turn(const T* in, T* out, int64_t m, int64_t n) const {
    T tile[kTile * kTileLong];
    if (m == kTile && n == kTile) {
      square(in, out);
      return;
    }
    if (n == yOfP && woven(n, m, in, out)) return;
    if (m == xOfQ && unwoven(m, n, in, out)) return;
    for (int64_t j = 0; j < n; j++) {
      INDEPENDENT for (int64_t i = 0; i < m; i++) tile[i * n + j] = in[j * xOfQ + i];
    }
    for (int64_t i = 0; i < m; i++) {
      INDEPENDENT for (int64_t j = 0; j < n; j++) move<accumulate>(out + i * yOfP + j, tile[i * n + j]);
    }
  }

  // Few planes to values side by side: colours, the two halves of a channel shuffle. False where they are not so few.
  BOTH bool woven(int64_t planes, int64_t m, const T* in, T* out) const {
    if (planes == 2) weave<2>(m, in, out);
    if (planes == 3) weave<3>(m, in, out);
    if (planes == 4) weave<4>(m, in, out);
    return planes >= 2 && planes <= 4;
  }

  BOTH bool unwoven(int64_t planes, int64_t n, const T* in, T* out) const {
    if (planes == 2) unweave<2>(n, in, out);
    if (planes == 3) unweave<3>(n, in, out);
    if (planes == 4) unweave<4>(n, in, out);
    return planes >= 2 && planes <= 4;
  }

  template <int planes>
  BOTH void weave(int64_t m, const T* in, T* out) const {
    INDEPENDENT for (int64_t i = 0; i < m; i++) {
      for (int k = 0; k < planes; k++) move<accumulate>(out + planes * i + k, in[k * xOfQ + i]);
    }
  }

  template <int planes>
  BOTH void unweave(int64_t n, const T* in, T* out) const {
    INDEPENDENT for (int64_t j = 0; j < n; j++) {
      for (int k = 0; k < planes; k++) move<accumulate>(out + k * yOfP + j, in[planes * j + k]);
    }
  }

  // The same with known sides, which the compiler turns in registers.
  BOTH void square(const T* in, T* out) const {
    T tile[kTile * kTile];
    for (int j = 0; j < kTile; j++) {
      for (int i = 0; i < kTile; i++) tile[i * kTile + j] = in[j * xOfQ + i];
    }
    for (int i = 0; i < kTile; i++) {
      for (int j = 0; j < kTile; j++) move<accumulate>(out + i * yOfP + j, tile[i * kTile + j]);
    }
  }
};

#ifdef __CUDACC__

struct Same {
  __device__ float operator()(const float (&v)[1]) const { return v[0]; }
};

#endif

// One loop and how far a step goes in x and in y.
struct Loop {
  int64_t dim, x, y;
};

template <bool accumulate, class T>
void copy(cd_stream* stream, const Loop* loops, int count, const T* x, T* y) {
  Nest<2> nest;
  for (int i = 0; i < count; i++) nest.add(loops[i].dim, {loops[i].x, loops[i].y});
  nest.close();
  int inner = nest.rank - 1, along = -1;
  for (int d = 0; d < inner; d++) {
    if (nest.strides[0][d] == 1) along = d;
  }
  if (along < 0 || nest.stride(0) == 1 || nest.stride(1) != 1) {
#ifdef __CUDACC__
    if (byPlaces<1, accumulate>(stream, nest, {{x}}, y, Same{})) return;
#endif
    CopyRuns<accumulate, T> body{nest, x, y};
    int64_t length = nest.dims[inner];
    forEachSpan(stream, nest.count() / length, length, body);
    return;
  }
  CopyTile<accumulate, T> body{};
  for (int d = 0; d < inner; d++) {
    if (d != along) body.outer.add(nest.dims[d], {nest.strides[0][d], nest.strides[1][d]});
  }
  body.outer.close();
  body.p = nest.dims[along];
  body.q = nest.dims[inner];
  body.xOfQ = nest.strides[0][inner];
  body.yOfP = nest.strides[1][along];
#ifdef __CUDACC__
  if (turnWide<accumulate>(stream, body.outer, body.p, body.q, body.xOfQ, body.yOfP, x, y)) return;
#endif
  body.sideP = body.q < kTile ? kTileLong : kTile;
  body.sideQ = body.p < kTile ? kTileLong : kTile;
  if (body.p < kTile && body.q < kTile) body.sideP = body.sideQ = kTile;
  body.x = x;
  body.y = y;
  forEachSpan(stream, body.outer.count() * body.tilesP(), body.tilesQ(), body, body.sideP * body.sideQ);
}

// index[j] as a row of n; -1 where it is none.
BOTH int64_t rowOf(float index, int64_t n) {
  float size = static_cast<float>(n);
  if (!(index >= -size && index < size)) return -1;
  int64_t i = static_cast<int64_t>(index);
  return i < 0 ? i + n : i < n ? i : -1;
}

struct PickForward {
  int64_t n, inner, k;
  const float* __restrict__ index;
  const float* __restrict__ x;
  float* __restrict__ y;

  // Rows are [outer,k].
  BOTH void operator()(const Span& s) const {
    const float* in = x + s.row / k * n * inner;
    const float* at = index + s.row * inner;
    float* out = y + s.row * inner;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      int64_t row = rowOf(at[i], n);
      out[i] = row < 0 ? NAN : in[row * inner + i];
    }
  }
};

struct PickBackward {
  bool accumulate;
  int64_t n, inner, k;
  const float* __restrict__ index;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  // Rows are outer; a column of all n elements is one body's.
  BOTH void operator()(const Span& s) const {
    float* out = dx + s.row * n * inner;
    for (int64_t j = 0; j < n && !accumulate; j++) {
      for (int64_t i = s.begin; i < s.end; i++) out[j * inner + i] = 0.0f;
    }
    for (int64_t j = s.row * k; j < (s.row + 1) * k; j++) {
      INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
        int64_t row = rowOf(index[j * inner + i], n);
        if (row >= 0) out[row * inner + i] += dy[j * inner + i];
      }
    }
  }
};

}  // namespace

int cd_copy_strided(cd_stream* stream, int type, int accumulate, int rank, const int* dims, const int* xStrides,
                    const int* yStrides, const void* x, void* y) {
  return entry([&] {
    Check check(stream, "copy_strided");
    if (checkDims(check, rank, dims) == 0) return;
    Loop loops[kRank];
    int count = 0;
    for (int d = 0; d < rank; d++) {
      if (dims[d] == 1) continue;
      if (yStrides[d] == 0) fail(CD_INVALID, "copy_strided: a stride of y is 0, two elements would share a place");
      loops[count++] = {dims[d], xStrides[d], yStrides[d]};
    }
    std::stable_sort(loops, loops + count,
                     [](const Loop& a, const Loop& b) { return std::abs(a.y) > std::abs(b.y); });
    forStorage(type, check.where, [&](auto t) {
      auto in = as(x, t);
      auto out = as(y, t);
      check.data(in, "x");
      check.data(out, "y");
      if (accumulate != 0) {
        copy<true>(stream, loops, count, in, out);
      } else {
        copy<false>(stream, loops, count, in, out);
      }
    });
  });
}

int cd_pick_forward(cd_stream* stream, int64_t outer, int64_t n, int64_t inner, int64_t k, const float* index,
                    const float* x, float* y) {
  return entry([&] {
    Check check(stream, "pick_forward");
    int64_t size = check.counts({outer, n, inner});
    if (check.counts({outer, k, inner}) == 0) return;
    check.data(index, "index");
    if (size > 0) check.data(x, "x");
    check.data(y, "y");
    forEachSpan(stream, outer * k, inner, PickForward{n, inner, k, index, x, y}, 4);
  });
}

int cd_pick_backward(cd_stream* stream, int accumulate, int64_t outer, int64_t n, int64_t inner, int64_t k,
                     const float* index, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "pick_backward");
    int64_t size = check.counts({outer, k, inner});
    if (check.counts({outer, n, inner}) == 0) return;
    if (size > 0) {
      check.data(index, "index");
      check.data(dy, "dy");
    }
    check.data(dx, "dx");
    forEachSpan(stream, outer, inner, PickBackward{accumulate != 0, n, inner, k, index, dy, dx}, n + 4 * k);
  });
}
