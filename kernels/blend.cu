// Images blended with another by masks, the masks' gradients, and what keeps masks small and smooth.
#include "check.cuh"
#include "launch.cuh"

#ifdef __CUDACC__
#include "blend_cuda.cuh"
#endif

using namespace candela;

namespace {

// An image of which another part is seen: edges are repeated where it does not reach.
struct Shifted {
  int64_t h, w;

  BOTH int64_t at(int64_t row, int64_t column, const int32_t* shift) const {
    return inside(row + shift[0], h) * w + inside(column + shift[1], w);
  }

  BOTH static int64_t inside(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }
};

struct BlendForward {
  int64_t c, h, w;
  const float* __restrict__ x;
  const float* __restrict__ other;
  const float* __restrict__ m;
  const int32_t* __restrict__ shift;
  float* __restrict__ y;

  // Rows are [rows,c,h].
  BOTH void operator()(const Span& s) const {
    int64_t image = s.row / (c * h), row = s.row % h;
    int64_t plane = s.row / h % c * h * w;
    const float* mask = m + (image * h + row) * w;
    const int32_t* by = shift + 2 * image;
    Shifted from{h, w};
    for (int64_t i = s.begin; i < s.end; i++) {
      int64_t at = plane + from.at(row, i, by);
      y[s.row * w + i] = other[at] + mask[i] * (x[at] - other[at]);
    }
  }
};

struct BlendBackward {
  int64_t c, h, w;
  const float* __restrict__ x;
  const float* __restrict__ other;
  const int32_t* __restrict__ shift;
  const float* __restrict__ dy;
  float* __restrict__ dm;

  // Rows are [rows,h].
  BOTH void operator()(const Span& s) const {
    int64_t image = s.row / h, row = s.row % h, plane = h * w;
    const int32_t* by = shift + 2 * image;
    const float* in = dy + (image * c * h + row) * w;
    Shifted from{h, w};
    for (int64_t i = s.begin; i < s.end; i++) {
      int64_t at = from.at(row, i, by);
      float sum = 0.0f;
      for (int64_t k = 0; k < c; k++) sum += in[k * plane + i] * (x[k * plane + at] - other[k * plane + at]);
      dm[s.row * w + i] = sum;
    }
  }
};

// v^p of v >= 0; the usual powers without a call.
BOTH float power(float v, float p) { return p == 2.0f ? v * v : p == 1.0f ? v : powf(v, p); }

struct MaskPenalty {
  int64_t h, w;
  float l1, tv, beta;
  bool joint;
  const float* __restrict__ m;
  float* __restrict__ g;

  BOTH void operator()(int64_t i) const {
    int64_t row = i / w, column = i % w;
    float sum = m[i] < 1.0f ? -l1 : m[i] > 1.0f ? l1 : 0.0f;
    // the steps that this pixel takes part in: to the next, and from the one before
    float v = slope(row, column, true) + slope(row, column, false);
    if (row > 0) v -= slope(row - 1, column, true);
    if (column > 0) v -= slope(row, column - 1, false);
    g[i] += sum - tv * v;
  }

  BOTH float step(int64_t row, int64_t column, bool down) const {
    if (down ? row + 1 >= h : column + 1 >= w) return 0.0f;
    return m[row * w + column + (down ? w : 1)] - m[row * w + column];
  }

  // Derivative of the variation at a pixel by its step down or across.
  BOTH float slope(int64_t row, int64_t column, bool down) const {
    float d = step(row, column, down);
    if (d == 0.0f) return 0.0f;
    if (!joint) {
      float rise = beta * power(fabsf(d), beta - 1.0f);
      return d > 0.0f ? rise : -rise;
    }
    float e = step(row, column, !down);
    return beta * d * power(sqrtf(d * d + e * e), beta - 2.0f);
  }
};

#ifdef __CUDACC__

// On a card these go before the templates of the same name.
void forEachSpan(cd_stream* stream, int64_t lines, int64_t w, const BlendForward& b, int64_t cost) {
  int64_t n = b.h * w, rows = lines / b.h;
  if (rows >= kDivisible || b.c >= kDivisible || n >= kDivisible) {
    candela::forEachSpan(stream, lines, w, b, cost);
    return;
  }
  bool aligned = wide(w, b.x, b.other, b.m, b.y);
  auto tall = static_cast<int>(b.h), across = static_cast<int>(w);
  BlendForwardBatch op{Divide(b.c), Divide(w), tall, across, b.x, b.other, b.m, b.shift, b.y};
  forEachBatch(stream, rows, n, aligned, op);
}

void forEachSpan(cd_stream* stream, int64_t lines, int64_t w, const BlendBackward& b, int64_t cost) {
  if (b.h * w >= kDivisible) {
    candela::forEachSpan(stream, lines, w, b, cost);
    return;
  }
  bool aligned = wide(w, b.x, b.other, b.dy, b.dm);
  BlendBackwardBatch op{Divide(w), b.c, static_cast<int>(b.h), static_cast<int>(w), b.x, b.other, b.shift, b.dy, b.dm};
  forEachBatch(stream, lines / b.h, b.h * w, aligned, op);
}

#endif

}  // namespace

int cd_blend_forward(cd_stream* stream, int64_t rows, int64_t c, int64_t h, int64_t w, const float* x,
                     const float* other, const float* m, const int32_t* shift, float* y) {
  return entry([&] {
    Check check(stream, "blend_forward");
    if (check.counts({rows, c, h, w}) == 0) return;
    check.data(x, "x");
    check.data(other, "other");
    check.data(m, "m");
    check.data(shift, "shift");
    check.data(y, "y");
    forEachSpan(stream, rows * c * h, w, BlendForward{c, h, w, x, other, m, shift, y}, 4);
  });
}

int cd_blend_backward(cd_stream* stream, int64_t rows, int64_t c, int64_t h, int64_t w, const float* x,
                      const float* other, const int32_t* shift, const float* dy, float* dm) {
  return entry([&] {
    Check check(stream, "blend_backward");
    if (check.counts({rows, c, h, w}) == 0) return;
    check.data(x, "x");
    check.data(other, "other");
    check.data(shift, "shift");
    check.data(dy, "dy");
    check.data(dm, "dm");
    forEachSpan(stream, rows * h, w, BlendBackward{c, h, w, x, other, shift, dy, dm}, 4 * c);
  });
}

int cd_mask_penalty(cd_stream* stream, int64_t h, int64_t w, float l1, float tv, float beta, int joint, const float* m,
                    float* g) {
  return entry([&] {
    Check check(stream, "mask_penalty");
    if (!(beta >= 1.0f)) fail(CD_INVALID, "mask_penalty: beta must be 1 or more, is %g", static_cast<double>(beta));
    if (check.counts({h, w}) == 0) return;
    check.data(m, "m");
    check.data(g, "g");
    forEach(stream, h * w, MaskPenalty{h, w, l1, tv, beta, joint != 0, m, g}, 40);
  });
}
