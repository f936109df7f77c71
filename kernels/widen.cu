// Pixels of few channels with zeros behind them, so that tensor cores can read them, and back.
#include "check.cuh"
#include "launch.cuh"
#include "storage.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

template <class T>
struct Widen {
  int64_t c, wide;
  bool joined;
  const T* __restrict__ x;
  T* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    const T* in = x + i * c;
    if (joined) {
      for (int64_t first = 0; first < wide; first += 4) {
        Quad q;
        for (int k = 0; k < 4; k++) q.v[k] = first + k < c ? static_cast<float>(in[first + k]) : 0.0f;
        putQuad(y + i * wide + first, q);
      }
      return;
    }
    for (int64_t k = 0; k < wide; k++) y[i * wide + k] = k < c ? static_cast<float>(in[k]) : 0.0f;
  }
};

template <class T>
struct Narrow {
  int64_t c, wide;
  bool joined, accumulate;
  const T* __restrict__ x;
  T* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    T* out = y + i * c;
    if (joined) {
      Quad q = quadAt(x + i * wide);
      for (int k = 0; k < 4; k++) {
        if (k < c) put(out + k, q.v[k], accumulate);
      }
      return;
    }
    for (int64_t k = 0; k < c; k++) put(out + k, x[i * wide + k], accumulate);
  }
};

}  // namespace

int cd_widen(cd_stream* stream, int type, int64_t pixels, int64_t c, int64_t wide, const void* x, void* y) {
  return entry([&] {
    Check check(stream, "widen");
    check.range(wide, c, INT32_MAX, "wide");
    if (check.counts({pixels, wide}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      auto in = as(x, t);
      auto out = as(y, t);
      if (c > 0) check.data(in, "x");
      check.data(out, "y");
      bool joined = wide <= 8 && wide % 4 == 0 && alignedQuads(out);
      forEach(stream, pixels, Widen<decltype(t)>{c, wide, joined, in, out}, wide);
    });
  });
}

int cd_narrow(cd_stream* stream, int type, int accumulate, int64_t pixels, int64_t c, int64_t wide, const void* x,
              void* y) {
  return entry([&] {
    Check check(stream, "narrow");
    check.range(wide, c, INT32_MAX, "wide");
    if (check.counts({pixels, c}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      auto in = as(x, t);
      auto out = as(y, t);
      check.data(in, "x");
      check.data(out, "y");
      bool joined = c <= 4 && wide % 4 == 0 && alignedQuads(in);
      forEach(stream, pixels, Narrow<decltype(t)>{c, wide, joined, accumulate != 0, in, out}, wide);
    });
  });
}
