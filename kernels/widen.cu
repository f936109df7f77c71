// Pixels of few channels with zeros behind them, so that tensor cores can read them, and back.
#include "check.cuh"
#include "launch.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

struct Widen {
  int64_t c, wide;
  bool joined;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    const float* in = x + i * c;
    if (joined) {
      Quad q;
      for (int k = 0; k < 4; k++) q.v[k] = k < c ? in[k] : 0.0f;
      reinterpret_cast<Quad*>(y)[i] = q;
      return;
    }
    for (int64_t k = 0; k < wide; k++) y[i * wide + k] = k < c ? in[k] : 0.0f;
  }
};

struct Narrow {
  int64_t c, wide;
  bool joined, accumulate;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    float* out = y + i * c;
    if (joined) {
      Quad q = reinterpret_cast<const Quad*>(x)[i];
      for (int k = 0; k < 4; k++) {
        if (k < c) put(out + k, q.v[k], accumulate);
      }
      return;
    }
    for (int64_t k = 0; k < c; k++) put(out + k, x[i * wide + k], accumulate);
  }
};

bool joined(int64_t wide, const void* data) { return wide == 4 && aligned(data); }

}  // namespace

int cd_widen(cd_stream* stream, int64_t pixels, int64_t c, int64_t wide, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "widen");
    check.range(wide, c, INT32_MAX, "wide");
    if (check.counts({pixels, wide}) == 0) return;
    if (c > 0) check.data(x, "x");
    check.data(y, "y");
    forEach(stream, pixels, Widen{c, wide, joined(wide, y), x, y}, wide);
  });
}

int cd_narrow(cd_stream* stream, int accumulate, int64_t pixels, int64_t c, int64_t wide, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "narrow");
    check.range(wide, c, INT32_MAX, "wide");
    if (check.counts({pixels, c}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    forEach(stream, pixels, Narrow{c, wide, joined(wide, x), accumulate != 0, x, y}, wide);
  });
}
