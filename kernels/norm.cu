// Normalisation with the statistics of the input: mean first, then the mean square around it.
#include "batch_norm.cuh"
#include "check.cuh"
#include "lrn.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "group_cuda.cuh"
#include "instance_cuda.cuh"
#include "lrn_cuda.cuh"
#include "norm_cuda.cuh"
#else
#include "norm.cuh"
#endif

using namespace candela;

namespace {

// Each channel by itself: a span of channels, pixel by pixel.
struct InstanceNorm {
  int64_t pixels, channels;
  float epsilon;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  float* stats;

  BOTH void operator()(const Span& s) const {
    float mean[kSpan], inverse[kSpan];
    const float* in = x + s.row * pixels * channels + s.begin;
    float* out = y + s.row * pixels * channels + s.begin;
    float size = static_cast<float>(pixels);
    int64_t m = s.size();
    sumColumns(pixels, m, mean, [&](int64_t p, int64_t c) { return in[p * channels + c]; });
    for (int64_t c = 0; c < m; c++) mean[c] /= size;
    sumColumns(pixels, m, inverse, [&](int64_t p, int64_t c) {
      float v = in[p * channels + c] - mean[c];
      return v * v;
    });
    for (int64_t c = 0; c < m; c++) inverse[c] = 1.0f / sqrtf(inverse[c] / size + epsilon);
    for (int64_t p = 0; p < pixels; p++) {
      INDEPENDENT for (int64_t c = 0; c < m; c++) {
        float v = (in[p * channels + c] - mean[c]) * inverse[c];
        if (scale != nullptr) v *= scale[s.begin + c];
        if (shift != nullptr) v += shift[s.begin + c];
        out[p * channels + c] = v;
      }
    }
    if (stats == nullptr) return;
    for (int64_t c = 0; c < m; c++) {
      stats[2 * (s.row * channels + s.begin + c)] = mean[c];
      stats[2 * (s.row * channels + s.begin + c) + 1] = inverse[c];
    }
  }
};

struct InstanceNormBackward {
  bool accumulate;
  int64_t pixels, channels;
  const float* x;
  const float* scale;
  const float* stats;
  const float* dy;
  float* dx;

  BOTH void operator()(const Span& s) const {
    float mean[kSpan], inverse[kSpan], u[kSpan], uv[kSpan], factor[kSpan];
    int64_t base = s.row * pixels * channels + s.begin, m = s.size();
    const float* in = x + base;
    const float* up = dy + base;
    float* down = dx + base;
    for (int64_t c = 0; c < m; c++) {
      mean[c] = stats[2 * (s.row * channels + s.begin + c)];
      inverse[c] = stats[2 * (s.row * channels + s.begin + c) + 1];
      factor[c] = scale != nullptr ? scale[s.begin + c] : 1.0f;
    }
    sumColumns(pixels, m, u, [&](int64_t p, int64_t c) { return up[p * channels + c] * factor[c]; });
    sumColumns(pixels, m, uv, [&](int64_t p, int64_t c) {
      return up[p * channels + c] * factor[c] * ((in[p * channels + c] - mean[c]) * inverse[c]);
    });
    float size = static_cast<float>(pixels);
    for (int64_t c = 0; c < m; c++) u[c] /= size;
    for (int64_t c = 0; c < m; c++) uv[c] /= size;
    for (int64_t p = 0; p < pixels; p++) {
      INDEPENDENT for (int64_t c = 0; c < m; c++) {
        float v = (in[p * channels + c] - mean[c]) * inverse[c];
        put(down + p * channels + c, inverse[c] * (up[p * channels + c] * factor[c] - u[c] - v * uv[c]), accumulate);
      }
    }
  }
};

void checkNorm(const Check& check, const float* x, const float* scale, const float* stats, const float* out) {
  check.data(x, "x");
  check.optional(scale, "scale");
  check.optional(stats, "stats");
  check.data(out, "the result");
}

void checkGroups(const Check& check, int64_t channels, int64_t groups) {
  check.range(groups, 1, channels, "groups");
  if (channels % groups != 0) {
    fail(CD_INVALID, "%s: %lld channels cannot be split into %lld groups", check.where,
         static_cast<long long>(channels), static_cast<long long>(groups));
  }
}

}  // namespace

int cd_layer_norm_forward(cd_stream* stream, int64_t rows, int64_t n, float epsilon, const float* x,
                          const float* scale, const float* shift, float* y, float* stats) {
  return entry([&] {
    Check check(stream, "layer_norm_forward");
    if (check.counts({rows, n}) == 0) return;
    checkNorm(check, x, scale, stats, y);
    check.optional(shift, "shift");
#ifdef __CUDACC__
    bool whole = aligned(x) && aligned(scale) && aligned(shift) && aligned(y);
    if (heldRows(stream, rows, whole, HeldLayerNorm{n, epsilon, x, scale, shift, y, stats})) return;
    groupNorm(stream, Groups{rows, 1, n, 1}, epsilon, x, scale, shift, y, stats);
#else
    forEachRow(stream, rows, LayerNorm{n, epsilon, x, scale, shift, y, stats}, n);
#endif
  });
}

int cd_layer_norm_backward(cd_stream* stream, int accumulate, int64_t rows, int64_t n, const float* x,
                           const float* scale, const float* stats, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "layer_norm_backward");
    if (check.counts({rows, n}) == 0) return;
    checkNorm(check, x, scale, stats, dx);
    check.data(stats, "stats");
    check.data(dy, "dy");
#ifdef __CUDACC__
    bool whole = aligned(x) && aligned(scale) && aligned(dy) && aligned(dx);
    if (heldRows(stream, rows, whole, HeldLayerNormBackward{accumulate != 0, n, x, scale, stats, dy, dx})) return;
    groupNormBackward(stream, Groups{rows, 1, n, 1}, accumulate != 0, x, scale, stats, dy, dx);
#else
    forEachRow(stream, rows, LayerNormBackward{accumulate != 0, n, x, scale, stats, dy, dx}, n);
#endif
  });
}

int cd_batch_norm_forward(cd_stream* stream, int training, int relu, int64_t m, int64_t channels, float epsilon,
                          float momentum, const float* x, const float* scale, const float* shift,
                          const float* residual, float* mean, float* variance, float* scratch, float* y,
                          float* stats) {
  return entry([&] {
    Check check(stream, "batch_norm_forward");
    if (check.counts({m, channels}) == 0) return;
    checkNorm(check, x, scale, stats, y);
    check.data(scale, "scale");
    check.data(shift, "shift");
    check.optional(residual, "residual");
    check.data(mean, "mean");
    check.data(variance, "variance");
    check.data(stats, "stats");
    int64_t slices = slicesOf(m);
    if (training != 0) {
      check.data(scratch, "scratch");
      forEachSpan(stream, slices, channels, SliceStatistics{m, channels, x, scratch}, 3 * kSlice);
      JoinStatistics join{m, channels, epsilon, momentum, scratch, mean, variance, stats};
      forEach(stream, channels, join, 2 * slices);
    } else {
      forEach(stream, channels, RunningStatistics{channels, epsilon, mean, variance, stats});
    }
    BatchNormalise body{m, channels, relu != 0, x, scale, shift, residual, stats, y};
    forEachSpan(stream, slices, channels, body, 2 * kSlice);
  });
}

int cd_batch_norm_backward(cd_stream* stream, int training, int relu, int accumulate, int64_t m, int64_t channels,
                           const float* x, const float* y, const float* scale, const float* stats, const float* dy,
                           float* scratch, float* dx, float* dresidual, float* dscale, float* dshift) {
  return entry([&] {
    Check check(stream, "batch_norm_backward");
    check.range(accumulate, 0, 15, "accumulate");
    if (check.counts({m, channels}) == 0) return;
    checkNorm(check, x, scale, stats, x);
    check.data(scale, "scale");
    check.data(stats, "stats");
    check.data(dy, "dy");
    check.data(scratch, "scratch");
    if (relu != 0) check.data(y, "y");
    int64_t slices = slicesOf(m);
    float* sums = scratch + 2 * slices * channels;
    if (training != 0 || dscale != nullptr || dshift != nullptr) {
      forEachSpan(stream, slices, channels, SliceGradients{m, channels, relu != 0, x, y, stats, dy, scratch}, 4 * kSlice);
      JoinGradients join{m, channels, accumulate, scratch, sums, dscale, dshift};
      forEach(stream, channels, join, 2 * slices);
    }
    if (dx == nullptr && dresidual == nullptr) return;
    BatchNormGradient body{m, channels, relu != 0, accumulate, x, y, scale, stats, training != 0 ? sums : nullptr,
                           dy, dx, dresidual};
    forEachSpan(stream, slices, channels, body, 4 * kSlice);
  });
}

int cd_instance_norm_forward(cd_stream* stream, int64_t images, int64_t pixels, int64_t channels, float epsilon,
                             const float* x, const float* scale, const float* shift, float* y, float* stats) {
  return entry([&] {
    Check check(stream, "instance_norm_forward");
    if (check.counts({images, pixels, channels}) == 0) return;
    checkNorm(check, x, scale, stats, y);
    check.optional(shift, "shift");
#ifdef __CUDACC__
    if (instanceNormWide(stream, images, pixels, channels, epsilon, x, scale, shift, y, stats)) return;
#endif
    InstanceNorm body{pixels, channels, epsilon, x, scale, shift, y, stats};
    forEachSpan(stream, images, channels, body, pixels);
  });
}

int cd_instance_norm_backward(cd_stream* stream, int accumulate, int64_t images, int64_t pixels, int64_t channels,
                              const float* x, const float* scale, const float* stats, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "instance_norm_backward");
    if (check.counts({images, pixels, channels}) == 0) return;
    checkNorm(check, x, scale, stats, dx);
    check.data(stats, "stats");
    check.data(dy, "dy");
#ifdef __CUDACC__
    if (instanceNormBackwardWide(stream, images, pixels, channels, accumulate != 0, x, scale, stats, dy, dx)) return;
#endif
    InstanceNormBackward body{accumulate != 0, pixels, channels, x, scale, stats, dy, dx};
    forEachSpan(stream, images, channels, body, pixels);
  });
}

int cd_group_norm_forward(cd_stream* stream, int64_t images, int64_t pixels, int64_t channels, int64_t groups,
                          float epsilon, const float* x, const float* scale, const float* shift, float* y,
                          float* stats) {
  return entry([&] {
    Check check(stream, "group_norm_forward");
    if (check.counts({images, pixels, channels}) == 0) return;
    checkGroups(check, channels, groups);
    checkNorm(check, x, scale, stats, y);
    check.optional(shift, "shift");
    groupNorm(stream, Groups{images, pixels, channels, groups}, epsilon, x, scale, shift, y, stats);
  });
}

int cd_group_norm_backward(cd_stream* stream, int accumulate, int64_t images, int64_t pixels, int64_t channels,
                           int64_t groups, const float* x, const float* scale, const float* stats, const float* dy,
                           float* dx) {
  return entry([&] {
    Check check(stream, "group_norm_backward");
    if (check.counts({images, pixels, channels}) == 0) return;
    checkGroups(check, channels, groups);
    checkNorm(check, x, scale, stats, dx);
    check.data(stats, "stats");
    check.data(dy, "dy");
    groupNormBackward(stream, Groups{images, pixels, channels, groups}, accumulate != 0, x, scale, stats, dy, dx);
  });
}

int cd_lrn_forward(cd_stream* stream, int64_t pixels, int64_t channels, int64_t size, float alpha, float beta,
                   float bias, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "lrn_forward");
    check.range(size, 1, kWindow, "size");
    if (check.counts({pixels, channels}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    Lrn lrn{channels, Reach(size), alpha / static_cast<float>(size), beta, bias};
#ifdef __CUDACC__
    if (lrnWide(stream, pixels, lrn, x, y)) return;
#endif
    forEachSpan(stream, pixels, channels, LrnForward{lrn, x, y}, size + (beta == 0.75f ? 4 : 40));
  });
}

int cd_lrn_backward(cd_stream* stream, int accumulate, int64_t pixels, int64_t channels, int64_t size, float alpha,
                    float beta, float bias, const float* x, const float* y, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "lrn_backward");
    check.range(size, 1, kWindow, "size");
    if (check.counts({pixels, channels}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    check.data(dy, "dy");
    check.data(dx, "dx");
    Lrn lrn{channels, Reach(size), alpha / static_cast<float>(size), beta, bias};
#ifdef __CUDACC__
    if (lrnBackwardWide(stream, pixels, lrn, accumulate != 0, x, y, dy, dx)) return;
#endif
    forEachSpan(stream, pixels, channels, LrnBackward{lrn, accumulate != 0, x, y, dy, dx}, 2 * size + 40);
  });
}
