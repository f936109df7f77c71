// Two operands that broadcast: loops are made as flat as the strides allow, then the innermost runs over memory.
#include "binary.cuh"
#include "check.cuh"
#include "nest.cuh"
#include "storage.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "wide.cuh"
#endif

using namespace candela;

namespace {

template <class F>
struct BinaryForward {
  F f;
  Nest<2> nest;
  const float* __restrict__ a;
  const float* __restrict__ b;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    int64_t at[2], da = nest.stride(0), db = nest.stride(1), n = s.size();
    nest.start(s.row, nest.rank - 1, at);
    const float* p = a + at[0] + s.begin * da;
    const float* q = b + at[1] + s.begin * db;
    float* out = y + s.row * nest.inner() + s.begin;
    if (da == 1 && db == 1) {
      INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = f.y(p[i], q[i]);
    } else if (da == 1 && db == 0) {
      float v = *q;
      INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = f.y(p[i], v);
    } else if (da == 0 && db == 1) {
      float v = *p;
      INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = f.y(v, q[i]);
    } else {
      INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = f.y(p[i * da], q[i * db]);
    }
  }
};

struct WhereForward {
  Nest<3> nest;
  const float* __restrict__ c;
  const float* __restrict__ a;
  const float* __restrict__ b;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    int64_t at[3], n = s.size();
    nest.start(s.row, nest.rank - 1, at);
    const float* o = c + at[0] + s.begin * nest.stride(0);
    const float* p = a + at[1] + s.begin * nest.stride(1);
    const float* q = b + at[2] + s.begin * nest.stride(2);
    float* out = y + s.row * nest.inner() + s.begin;
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      out[i] = o[i * nest.stride(0)] != 0.0f ? p[i * nest.stride(1)] : q[i * nest.stride(2)];
    }
  }
};

// Operands at n places in a line: a, b, dy.
struct Line {
  const float* a;
  const float* b;
  const float* dy;
  int64_t da, db, dd;
};

// Sums of a term.
template <class Term>
struct Sums {
  // sum[n] += the terms.
  BOTH void add(int64_t n, const Line& l, float* sum) const {
    const float* a = l.a;
    const float* b = l.b;
    const float* dy = l.dy;
    if (l.da == 1 && l.db == 1 && l.dd == 1) {
      for (int64_t i = 0; i < n; i++) sum[i] += Term::at(a[i], b[i], dy[i]);
    } else {
      for (int64_t i = 0; i < n; i++) sum[i] += Term::at(a[i * l.da], b[i * l.db], dy[i * l.dd]);
    }
  }

  BOTH float of(const Lanes& lanes, int64_t n, const Line& l) const {
    return sumOf(lanes, n, [&](int64_t i) { return Term::at(l.a[i * l.da], l.b[i * l.db], l.dy[i * l.dd]); });
  }
};

#ifdef __CUDACC__

template <class Term>
Sums<Term> sumsOf() {
  return {};
}

#else

// Of terms that few networks have: what is around their loop is compiled once for all of them.
struct RareSums {
  void (*terms)(int64_t n, const Line& l, float* sum);

  void add(int64_t n, const Line& l, float* sum) const { terms(n, l, sum); }

  float of(const Lanes& lanes, int64_t n, const Line& l) const {
    return sumOfSpans(lanes, n, [&](int64_t begin, int64_t count, float* sum) {
      terms(count, {l.a + begin * l.da, l.b + begin * l.db, l.dy + begin * l.dd, l.da, l.db, l.dd}, sum);
    });
  }
};

template <class Term>
auto sumsOf() {
  if constexpr (Term::rare) {
    return RareSums{[](int64_t n, const Line& l, float* sum) { Sums<Term>().add(n, l, sum); }};
  } else {
    return Sums<Term>();
  }
}

#endif

// Operands of the loops: a, b, dy, dx. `kept` loops over dx, `summed` over the positions that repeat one of its elements.
// The innermost kept loop lies in memory: one body sums a span of it.
template <class Sums>
struct SumColumns {
  Sums sums;
  Nest<4> kept, summed;
  int64_t count;
  bool accumulate;
  const float* __restrict__ a;
  const float* __restrict__ b;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    float sum[kSpan];
    int64_t row[4], n = s.size(), da = kept.stride(0), db = kept.stride(1), dd = kept.stride(2), dr = kept.stride(3);
    kept.start(s.row, kept.rank - 1, row);
    for (int64_t i = 0; i < n; i++) sum[i] = 0.0f;
    for (int64_t j = 0; j < count; j++) {
      int64_t at[4];
      summed.start(j, summed.rank, at);
      sums.add(n, {a + row[0] + at[0] + s.begin * da, b + row[1] + at[1] + s.begin * db,
                   dy + row[2] + at[2] + s.begin * dd, da, db, dd}, sum);
    }
    float* out = dx + row[3] + s.begin * dr;
    INDEPENDENT for (int64_t i = 0; i < n; i++) put(out + i * dr, sum[i], accumulate);
  }
};

// The innermost summed loop lies in memory: the lanes of a row share it.
template <class Sums>
struct SumRows {
  Sums sums;
  Nest<4> kept, summed;
  int64_t count;
  bool accumulate;
  const float* __restrict__ a;
  const float* __restrict__ b;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    int64_t row[4], da = summed.stride(0), db = summed.stride(1), dd = summed.stride(2);
    kept.start(r, kept.rank, row);
    float sum = 0.0f;
    for (int64_t j = 0; j < count; j++) {
      int64_t at[4];
      summed.start(j, summed.rank - 1, at);
      sum += sums.of(lanes, summed.inner(),
                     {a + row[0] + at[0], b + row[1] + at[1], dy + row[2] + at[2], da, db, dd});
    }
    if (lanes.rank() == 0) put(dx + row[3], sum, accumulate);
  }
};

#ifdef __CUDACC__

// What dy contributes where no element of the wanted operand is repeated: nothing is summed.
template <class Term>
struct TermOf {
  __device__ float operator()(const float (&v)[3]) const { return Term::at(v[0], v[1], v[2]); }
};

#endif

template <class Sums>
void sum(cd_stream* stream, const Sums& sums, bool innerKept, const Nest<4>& kept, const Nest<4>& summed,
         bool accumulate, const float* a, const float* b, const float* dy, float* dx, int64_t cost) {
  int64_t count = summed.count();
  if (innerKept) {
    forEachSpan(stream, kept.count() / kept.inner(), kept.inner(),
                SumColumns<Sums>{sums, kept, summed, count, accumulate, a, b, dy, dx}, cost);
  } else {
    forEachRow(stream, kept.count(),
               SumRows<Sums>{sums, kept, summed, count / summed.inner(), accumulate, a, b, dy, dx}, cost);
  }
}

// strides of a, b and dx; dy is dense.
template <class Term>
void backward(cd_stream* stream, int rank, const int* dims, const int64_t (*strides)[4], bool accumulate,
              const float* a, const float* b, const float* dy, float* dx) {
  Nest<4> kept, summed;
  bool innerKept = true;
  for (int d = 0; d < rank; d++) {
    if (dims[d] == 1) continue;
    innerKept = strides[d][3] != 0;
    (innerKept ? kept : summed).add(dims[d], strides[d]);
  }
  kept.close();
  summed.close();
#ifdef __CUDACC__
  if (summed.count() == 1 && byPlaces<3>(stream, kept, accumulate, {{a, b, dy}}, dx, TermOf<Term>{})) return;
#endif
  sum(stream, sumsOf<Term>(), innerKept, kept, summed, accumulate, a, b, dy, dx, Term::cost * summed.count());
}

void denseStrides(int rank, const int* dims, int64_t* strides) {
  int64_t n = 1;
  for (int d = rank - 1; d >= 0; d--) {
    strides[d] = n;
    n *= dims[d];
  }
}

template <class T>
struct AffineForward {
  int64_t channels;
  const T* __restrict__ x;
  const float* __restrict__ scale;
  const float* __restrict__ shift;
  T* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    const T* in = x + s.row * channels;
    T* out = y + s.row * channels;
    INDEPENDENT for (int64_t c = s.begin; c < s.end; c++) out[c] = in[c] * scale[c] + shift[c];
  }
};

template <class T>
struct AffineBackward {
  int64_t channels;
  bool accumulate;
  const float* __restrict__ scale;
  const T* __restrict__ dy;
  T* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    const T* up = dy + s.row * channels;
    T* out = dx + s.row * channels;
    INDEPENDENT for (int64_t c = s.begin; c < s.end; c++) put(out + c, up[c] * scale[c], accumulate);
  }
};

// Both where channels are quads: spans count these. backward: dy is x, and there is no shift.
template <class T>
struct AffineQuads {
  int64_t channels;
  bool accumulate;
  const T* __restrict__ x;
  const float* __restrict__ scale;
  const float* __restrict__ shift;
  T* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    for (int64_t q = s.begin; q < s.end; q++) {
      int64_t at = s.row * channels + 4 * q;
      Quad v = quadAt(x + at), by = quadAt(scale + 4 * q), plus{}, old{};
      if (shift != nullptr) plus = quadAt(shift + 4 * q);
      if (accumulate) old = quadAt(y + at);
      for (int k = 0; k < 4; k++) {
        float z = v.v[k] * by.v[k];
        if (shift != nullptr) z = z + plus.v[k];
        v.v[k] = accumulate ? old.v[k] + z : z;
      }
      putQuad(y + at, v);
    }
  }

  bool fits() const {
    return channels % 4 == 0 && alignedQuads(x) && alignedQuads(scale) && alignedQuads(y) &&
           (shift == nullptr || alignedQuads(shift));
  }
};

#ifdef __CUDACC__

// What overPlaces computes of its operands.
template <class F>
struct Of {
  F f;
  __device__ float operator()(const float (&v)[2]) const { return f.y(v[0], v[1]); }
};

struct Choice {
  __device__ float operator()(const float (&v)[3]) const { return v[0] != 0.0f ? v[1] : v[2]; }
};

struct ScaledAndShifted {
  __device__ float operator()(const float (&v)[3]) const { return v[0] * v[1] + v[2]; }
};

struct Scaled {
  __device__ float operator()(const float (&v)[2]) const { return v[0] * v[1]; }
};

#endif

}  // namespace

int cd_binary_forward(cd_stream* stream, int kind, int rank, const int* dims, const int* aStrides,
                      const int* bStrides, const float* a, const float* b, float* y) {
  return entry([&] {
    Check check(stream, "binary_forward");
    check.range(kind, 0, CD_BINARY_KINDS - 1, "kind");
    int64_t n = checkDims(check, rank, dims);
    if (n == 0) return;
    check.data(a, "a");
    check.data(b, "b");
    check.data(y, "y");
    Nest<2> nest;
    for (int d = 0; d < rank; d++) nest.add(dims[d], {aStrides[d], bStrides[d]});
    nest.close();
#ifdef __CUDACC__
    int64_t dense[kRank];
    denseStrides(rank, dims, dense);
    Nest<3> whole;
    for (int d = 0; d < rank; d++) whole.add(dims[d], {aStrides[d], bStrides[d], dense[d]});
    whole.close();
#endif
    forBinary(kind, [&](auto f) {
      using F = decltype(f);
#ifdef __CUDACC__
      if (byPlaces<2>(stream, whole, {{a, b}}, y, Of<F>{f})) return;
#endif
      forEachSpan(stream, n / nest.inner(), nest.inner(), BinaryForward<F>{f, nest, a, b, y}, F::cost);
    });
  });
}

int cd_binary_backward(cd_stream* stream, int kind, int which, int accumulate, int rank, const int* dims,
                       const int* aStrides, const int* bStrides, const float* a, const float* b, const float* dy,
                       float* dx) {
  return entry([&] {
    Check check(stream, "binary_backward");
    check.range(kind, 0, CD_BINARY_KINDS - 1, "kind");
    check.range(which, 0, 1, "which");
    if (checkDims(check, rank, dims) == 0) return;
    check.data(dy, "dy");
    check.data(dx, "dx");
    auto flow = [&]<class Term>(Term) {
      if (Term::reads) {
        check.data(a, "a");
        check.data(b, "b");
      }
      int64_t dense[kRank], strides[kRank][4];
      denseStrides(rank, dims, dense);
      for (int d = 0; d < rank; d++) {
        strides[d][0] = Term::reads ? aStrides[d] : 0;
        strides[d][1] = Term::reads ? bStrides[d] : 0;
        strides[d][2] = dense[d];
        strides[d][3] = which == 0 ? aStrides[d] : bStrides[d];
      }
      backward<Term>(stream, rank, dims, strides, accumulate != 0, Term::reads ? a : dy, Term::reads ? b : dy, dy, dx);
    };
    forBinary(kind, [&]<class F>(F) {
      if (which == 0) {
        flow(typename F::First{});
      } else {
        flow(typename F::Second{});
      }
    });
  });
}

int cd_where_forward(cd_stream* stream, int rank, const int* dims, const int* cStrides, const int* aStrides,
                     const int* bStrides, const float* c, const float* a, const float* b, float* y) {
  return entry([&] {
    Check check(stream, "where_forward");
    int64_t n = checkDims(check, rank, dims);
    if (n == 0) return;
    check.data(c, "c");
    check.data(a, "a");
    check.data(b, "b");
    check.data(y, "y");
    Nest<3> nest;
    for (int d = 0; d < rank; d++) nest.add(dims[d], {cStrides[d], aStrides[d], bStrides[d]});
    nest.close();
#ifdef __CUDACC__
    int64_t dense[kRank];
    denseStrides(rank, dims, dense);
    Nest<4> whole;
    for (int d = 0; d < rank; d++) whole.add(dims[d], {cStrides[d], aStrides[d], bStrides[d], dense[d]});
    whole.close();
    if (byPlaces<3>(stream, whole, {{c, a, b}}, y, Choice{})) return;
#endif
    forEachSpan(stream, n / nest.inner(), nest.inner(), WhereForward{nest, c, a, b, y}, 2);
  });
}

int cd_where_backward(cd_stream* stream, int which, int accumulate, int rank, const int* dims, const int* cStrides,
                      const int* oStrides, const float* c, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "where_backward");
    check.range(which, 1, 2, "which");
    if (checkDims(check, rank, dims) == 0) return;
    check.data(c, "c");
    check.data(dy, "dy");
    check.data(dx, "dx");
    int64_t dense[kRank], strides[kRank][4];
    denseStrides(rank, dims, dense);
    for (int d = 0; d < rank; d++) {
      strides[d][0] = cStrides[d];
      strides[d][1] = 0;
      strides[d][2] = dense[d];
      strides[d][3] = oStrides[d];
    }
    if (which == 1) {
      backward<WhereTrue>(stream, rank, dims, strides, accumulate != 0, c, c, dy, dx);
    } else {
      backward<WhereFalse>(stream, rank, dims, strides, accumulate != 0, c, c, dy, dx);
    }
  });
}

int cd_affine_forward(cd_stream* stream, int type, int64_t rows, int64_t channels, const void* x, const float* scale,
                      const float* shift, void* y) {
  return entry([&] {
    Check check(stream, "affine_forward");
    if (check.counts({rows, channels}) == 0) return;
    check.data(scale, "scale");
    check.data(shift, "shift");
    forStorage(type, check.where, [&](auto t) {
      using T = decltype(t);
      auto in = as(x, t);
      auto out = as(y, t);
      check.data(in, "x");
      check.data(out, "y");
      if constexpr (std::is_same_v<T, float>) {
#ifdef __CUDACC__
        Nest<4> nest;
        nest.add(rows, {channels, 0, 0, channels});
        nest.add(channels, {1, 1, 1, 1});
        nest.close();
        if (byPlaces<3>(stream, nest, {{in, scale, shift}}, out, ScaledAndShifted{})) return;
#endif
      } else {
        AffineQuads<T> quads{channels, false, in, scale, shift, out};
        if (quads.fits()) return forEachSpan(stream, rows, channels / 4, quads, 4);
      }
      forEachSpan(stream, rows, channels, AffineForward<T>{channels, in, scale, shift, out});
    });
  });
}

int cd_affine_backward(cd_stream* stream, int type, int64_t rows, int64_t channels, int accumulate, const float* scale,
                       const void* dy, void* dx) {
  return entry([&] {
    Check check(stream, "affine_backward");
    if (check.counts({rows, channels}) == 0) return;
    check.data(scale, "scale");
    forStorage(type, check.where, [&](auto t) {
      using T = decltype(t);
      auto up = as(dy, t);
      auto down = as(dx, t);
      check.data(up, "dy");
      check.data(down, "dx");
      if constexpr (std::is_same_v<T, float>) {
#ifdef __CUDACC__
        Nest<3> nest;
        nest.add(rows, {channels, 0, channels});
        nest.add(channels, {1, 1, 1});
        nest.close();
        if (byPlaces<2>(stream, nest, accumulate != 0, {{up, scale}}, down, Scaled{})) return;
#endif
      } else {
        AffineQuads<T> quads{channels, accumulate != 0, up, scale, nullptr, down};
        if (quads.fits()) return forEachSpan(stream, rows, channels / 4, quads, 4);
      }
      forEachSpan(stream, rows, channels, AffineBackward<T>{channels, accumulate != 0, scale, up, down});
    });
  });
}
