// Perturbed inputs whose randomness is a function of (seed, sample, element), and the sums over samples.
#include "check.cuh"
#include "launch.cuh"
#include "philox.cuh"

#ifdef __CUDACC__
#include "noise_cuda.cuh"
#endif

using namespace candela;

namespace {

// Rows are samples, a span counts blocks of four neighbouring elements.
struct GaussianNoise {
  int64_t n, seed;
  float sigma;
  const float* __restrict__ x;
  const int64_t* __restrict__ sample;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float z[4 * kSpan];
    int64_t id = sample[s.row], size = s.size();
    INDEPENDENT for (int64_t k = 0; k < size; k++) {
      Words w = philox(seed, id, s.begin + k);
      normals(w.at[0], w.at[1], z + 4 * k, z + 4 * k + 1);
      normals(w.at[2], w.at[3], z + 4 * k + 2, z + 4 * k + 3);
    }
    const float* in = x + 4 * s.begin;
    float* out = y + s.row * n + 4 * s.begin;
    int64_t all = n - 4 * s.begin < 4 * size ? n - 4 * s.begin : 4 * size;
    INDEPENDENT for (int64_t i = 0; i < all; i++) out[i] = in[i] + sigma * z[i];
  }
};

struct UniformNoise {
  int64_t n, seed;
  float lo, hi;
  const int64_t* __restrict__ sample;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float u[4 * kSpan];
    int64_t id = sample[s.row], size = s.size();
    INDEPENDENT for (int64_t k = 0; k < size; k++) {
      Words w = philox(seed, id, s.begin + k);
      for (int j = 0; j < 4; j++) u[4 * k + j] = lo + (hi - lo) * uniform(w.at[j]);
    }
    float* out = y + s.row * n + 4 * s.begin;
    int64_t all = n - 4 * s.begin < 4 * size ? n - 4 * s.begin : 4 * size;
    INDEPENDENT for (int64_t i = 0; i < all; i++) out[i] = u[i];
  }
};

struct Interpolate {
  int64_t n;
  const float* __restrict__ baseline;
  const float* __restrict__ x;
  const float* __restrict__ alpha;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    float a = alpha[s.row];
    float* out = y + s.row * n;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) out[i] = baseline[i] + a * (x[i] - baseline[i]);
  }
};

// One row of n: a span takes all samples of its elements.
struct Moments {
  int64_t rows, n;
  const float* __restrict__ weight;
  const float* __restrict__ g;
  double* __restrict__ sum;
  double* __restrict__ square;

  BOTH void operator()(const Span& s) const {
    for (int64_t r = 0; r < rows; r++) {
      double w = weight == nullptr ? 1.0 : static_cast<double>(weight[r]);
      const float* in = g + r * n;
      INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) sum[i] += w * static_cast<double>(in[i]);
      if (square == nullptr) continue;
      INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
        square[i] += w * (static_cast<double>(in[i]) * static_cast<double>(in[i]));
      }
    }
  }
};

struct MeanMoments {
  int kind;
  double count;
  const double* __restrict__ sum;
  const double* __restrict__ square;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    for (int64_t i = s.begin; i < s.end; i++) {
      double mean = kind == 1 ? 0.0 : sum[i] / count;
      double moment = kind == 0 ? mean : square[i] / count - mean * mean;
      y[i] = static_cast<float>(kind == 2 && moment < 0.0 ? 0.0 : moment);
    }
  }
};

#ifdef __CUDACC__

// On a card these go before the templates of the same name.
void forEachSpan(cd_stream* stream, int64_t rows, int64_t, const GaussianNoise& b, int64_t) {
  if (wide(b.n, b.x, b.y)) {
    GaussianBatch<true> op{b.n, b.seed, b.sigma, b.x, b.sample, b.y};
    forEachRowOf<4>(stream, rows, b.n, op, kNoisyBlocks);
  } else {
    GaussianBatch<false> op{b.n, b.seed, b.sigma, b.x, b.sample, b.y};
    forEachRowOf<4>(stream, rows, inWarps(b.n), op, kNoisyBlocks);
  }
}

void forEachSpan(cd_stream* stream, int64_t rows, int64_t, const UniformNoise& b, int64_t) {
  if (wide(b.n, b.y)) {
    UniformBatch<true> op{b.n, b.seed, b.lo, b.hi, b.sample, b.y};
    forEachRowOf<4>(stream, rows, b.n, op, kNoisyBlocks);
  } else {
    UniformBatch<false> op{b.n, b.seed, b.lo, b.hi, b.sample, b.y};
    forEachRowOf<4>(stream, rows, inWarps(b.n), op, kNoisyBlocks);
  }
}

void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const Interpolate& b, int64_t) {
  forEachBatch(stream, rows, n, wide(n, b.baseline, b.x, b.y), InterpolateBatch{n, b.baseline, b.x, b.alpha, b.y});
}

void forEachSpan(cd_stream* stream, int64_t, int64_t n, const Moments& b, int64_t) {
  bool aligned = wide(n, b.g, b.sum, b.square);
  auto add = b.weight == nullptr ? (aligned ? moments<4, false> : moments<1, false>)
                                 : (aligned ? moments<4, true> : moments<1, true>);
  add(stream, b.rows, n, b.weight, b.g, b.sum, b.square);
}

#endif

}  // namespace

int cd_gaussian_noise(cd_stream* stream, int64_t rows, int64_t n, const float* x, float sigma, int64_t seed,
                      const int64_t* sample, float* y) {
  return entry([&] {
    Check check(stream, "gaussian_noise");
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(sample, "sample");
    check.data(y, "y");
    forEachSpan(stream, rows, (n + 3) / 4, GaussianNoise{n, seed, sigma, x, sample, y}, 100);
  });
}

int cd_uniform_noise(cd_stream* stream, int64_t rows, int64_t n, float lo, float hi, int64_t seed,
                     const int64_t* sample, float* y) {
  return entry([&] {
    Check check(stream, "uniform_noise");
    if (check.counts({rows, n}) == 0) return;
    check.data(sample, "sample");
    check.data(y, "y");
    forEachSpan(stream, rows, (n + 3) / 4, UniformNoise{n, seed, lo, hi, sample, y}, 50);
  });
}

int cd_interpolate(cd_stream* stream, int64_t rows, int64_t n, const float* baseline, const float* x,
                   const float* alpha, float* y) {
  return entry([&] {
    Check check(stream, "interpolate");
    if (check.counts({rows, n}) == 0) return;
    check.data(baseline, "baseline");
    check.data(x, "x");
    check.data(alpha, "alpha");
    check.data(y, "y");
    forEachSpan(stream, rows, n, Interpolate{n, baseline, x, alpha, y}, 2);
  });
}

int cd_moments(cd_stream* stream, int64_t rows, int64_t n, const float* weight, const float* g, double* sum,
               double* square) {
  return entry([&] {
    Check check(stream, "moments");
    if (check.counts({rows, n}) == 0) return;
    check.optional(weight, "weight");
    check.data(g, "g");
    check.data(sum, "sum");
    check.optional(square, "square");
    forEachSpan(stream, 1, n, Moments{rows, n, weight, g, sum, square}, 2 * rows);
  });
}

int cd_mean_moments(cd_stream* stream, int kind, int64_t n, double count, const double* sum, const double* square,
                    float* y) {
  return entry([&] {
    Check check(stream, "mean_moments");
    check.range(kind, 0, 2, "kind");
    if (check.counts({n}) == 0) return;
    check.data(sum, "sum");
    if (kind != 0) check.data(square, "square");
    check.data(y, "y");
    forEachSpan(stream, 1, n, MeanMoments{kind, count, sum, square, y}, 4);
  });
}
