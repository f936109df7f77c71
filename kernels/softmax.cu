// Softmax over rows, shifted by the maximum so that nothing overflows.
#include "check.cuh"
#include "functions.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "softmax_cuda.cuh"
#endif

using namespace candela;

namespace {

struct SoftmaxForward {
  bool log;
  int64_t n;
  const float* x;
  float* y;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    const float* in = x + r * n;
    float* out = y + r * n;
    float top = maxOf(lanes, n, [&](int64_t i) { return in[i]; });
    if (log) {
      float total = sumOf(lanes, n, [&](int64_t i) { return expOf(in[i] - top); });
      float whole = logf(total);
      for (int64_t i = lanes.rank(); i < n; i += lanes.count()) out[i] = in[i] - top - whole;
      return;
    }
    INDEPENDENT for (int64_t i = lanes.rank(); i < n; i += lanes.count()) out[i] = expOf(in[i] - top);
    float total = sumOf(lanes, n, [&](int64_t i) { return out[i]; });
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) out[i] /= total;
  }
};

struct SoftmaxBackward {
  bool log, accumulate;
  int64_t n;
  const float* y;
  const float* dy;
  float* dx;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    const float* out = y + r * n;
    const float* up = dy + r * n;
    float* down = dx + r * n;
    if (log) {
      float total = sumOf(lanes, n, [&](int64_t i) { return up[i]; });
      INDEPENDENT for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
        put(down + i, up[i] - expOf(out[i]) * total, accumulate);
      }
    } else {
      float total = sumOf(lanes, n, [&](int64_t i) { return up[i] * out[i]; });
      INDEPENDENT for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
        put(down + i, out[i] * (up[i] - total), accumulate);
      }
    }
  }
};

}  // namespace

int cd_softmax_forward(cd_stream* stream, int log, int64_t rows, int64_t n, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "softmax_forward");
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
#ifdef __CUDACC__
    if (heldRows(stream, rows, aligned(x) && aligned(y), HeldSoftmax{log != 0, n, x, y})) return;
#endif
    forEachRow(stream, rows, SoftmaxForward{log != 0, n, x, y}, 8 * n);
  });
}

int cd_softmax_backward(cd_stream* stream, int log, int accumulate, int64_t rows, int64_t n, const float* y,
                        const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "softmax_backward");
    if (check.counts({rows, n}) == 0) return;
    check.data(y, "y");
    check.data(dy, "dy");
    check.data(dx, "dx");
#ifdef __CUDACC__
    bool whole = aligned(y) && aligned(dy) && aligned(dx);
    if (heldRows(stream, rows, whole, HeldSoftmaxBackward{log != 0, accumulate != 0, n, y, dy, dx})) return;
#endif
    forEachRow(stream, rows, SoftmaxBackward{log != 0, accumulate != 0, n, y, dy, dx}, log ? 8 * n : n);
  });
}
