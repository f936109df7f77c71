// DeepLIFT multipliers of operators that mix the elements of a row, exact: they are those of the operator written out in
// sums, products and functions of one value. Rows in pairs, an image and its reference, as in pair.cu.
#include "check.cuh"
#include "functions.cuh"
#include "launch.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

// use(i, at(i)) for i < n. On the CPU many values are computed at once before the first is used.
template <class T, class At, class Use>
BOTH void each([[maybe_unused]] const Lanes& lanes, int64_t n, const At& at, const Use& use) {
#ifdef __CUDACC__
  for (int64_t i = lanes.rank(); i < n; i += lanes.count()) use(i, T{at(i)});
#else
  T values[kSpan];
  for (int64_t begin = 0; begin < n; begin += kSpan) {
    int64_t count = n - begin < kSpan ? n - begin : kSpan;
    INDEPENDENT for (int64_t k = 0; k < count; k++) values[k] = at(begin + k);
    for (int64_t k = 0; k < count; k++) use(begin + k, values[k]);
  }
#endif
}

// Sum over i < n of at(i).
template <class At>
BOTH double total(const Lanes& lanes, int64_t n, const At& at) {
  double s = 0;
  each<double>(lanes, n, at, [&](int64_t, double v) { s += v; });
  return lanes.sum(s);
}

template <class T>
BOTH T larger(T a, T b) {
  return a > b ? a : b;
}

// The slope of exp between a and b, (e^a - e^b) / (a - b), as a part of e^larger: 1 where they are equal, -infinity too.
BOTH float slack(float a, float b) {
  float apart = a > b ? a - b : b - a;
  float part = -expLessOneOf(-apart) / apart;
  return a == b ? 1.0f : part;
}

// y = exp(l), l = x - L, L = log sum e^x: all slopes are at most 1, however far apart the elements are.
template <bool kLog>
struct SoftmaxMultiplier {
  bool accumulate;
  int64_t rows, n;
  const float* x;
  const float* m;
  float* dx;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    int64_t first = (r / rows * 2 * rows + r % rows) * n;
    const float* image = x + first;
    const float* reference = image + rows * n;
    const float* of = m + first;
    float* out = dx + first;
    double whole = logSum(lanes, image), other = logSum(lanes, reference), top = larger(whole, other);
    auto given = [&](int64_t i) {
      if (kLog) return of[i];
      auto a = static_cast<float>(image[i] - whole), b = static_cast<float>(reference[i] - other);
      return of[i] * expOf(larger(a, b)) * slack(a, b);
    };
    auto apart = static_cast<float>(whole - other);
    double share = total(lanes, n, given) / slack(apart, 0.0f);
    auto multiplier = [&](int64_t i) {
      float a = image[i], b = reference[i];
      float slope = expOf(static_cast<float>(larger(a, b) - top)) * slack(a, b);
      return static_cast<float>(given(i) - share * slope);
    };
    each<float>(lanes, n, multiplier, [&](int64_t i, float v) {
      put(out + i, v, accumulate);
      put(out + rows * n + i, v, accumulate);
    });
  }

  BOTH double logSum(const Lanes& lanes, const float* in) const {
    float top = maxOf(lanes, n, [&](int64_t i) { return in[i]; });
    return top + ::log(total(lanes, n, [&](int64_t i) { return expOf(in[i] - top); }));
  }
};

// From d = y s, d what is left of x without its mean: s (dy) = (dd) - y (ds), where s and y are means over image and reference;
// none is large where one of the two deviations is near 0.
// kWhole: of one group of one pixel, whose elements are found without divisions.
template <bool kWhole>
struct NormMultiplier {
  bool accumulate;
  int64_t blocks, groups, width, step, n;
  double epsilon;
  const float* x;
  const float* scale;
  const float* m;
  float* dx;

  // Element i of a group, from its first.
  BOTH int64_t at(int64_t i) const { return kWhole ? i : i / width * step + i % width; }

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    int64_t block = r / groups, from = r % groups * width, size = groups * n;
    int64_t apart = blocks * size, first = block / blocks * 2 * apart + block % blocks * size + from;
    const float* image = x + first;
    const float* reference = image + apart;
    const float* of = m + first;
    float* out = dx + first;
    double meanA = total(lanes, n, [&](int64_t i) { return image[at(i)]; }) / n;
    double meanB = total(lanes, n, [&](int64_t i) { return reference[at(i)]; }) / n;
    double a = deviation(lanes, image, meanA), b = deviation(lanes, reference, meanB);
    double middle = 0.5 * (meanA + meanB), own = 2 / (a + b);
    auto given = [&](int64_t i) {
      return (scale ? scale[kWhole ? i : (from + at(i)) % step] : 1.0f) * static_cast<double>(of[at(i)]);
    };
    auto centred = [&](int64_t i) { return 0.5 * (image[at(i)] + static_cast<double>(reference[at(i)])) - middle; };
    auto outcome = [&](int64_t i) { return 0.5 * ((image[at(i)] - meanA) / a + (reference[at(i)] - meanB) / b); };
    double through = -own * own / n * total(lanes, n, [&](int64_t i) { return outcome(i) * given(i); });
    double mean = total(lanes, n, [&](int64_t i) { return own * given(i) + through * centred(i); }) / n;
    auto multiplier = [&](int64_t i) { return static_cast<float>(own * given(i) + through * centred(i) - mean); };
    each<float>(lanes, n, multiplier, [&](int64_t i, float v) {
      put(out + at(i), v, accumulate);
      put(out + apart + at(i), v, accumulate);
    });
  }

  BOTH double deviation(const Lanes& lanes, const float* in, double mean) const {
    double square = total(lanes, n, [&](int64_t i) { return (in[at(i)] - mean) * (in[at(i)] - mean); });
    return sqrt(square / n + epsilon);
  }
};

// From a = y b as NormMultiplier does, where b and b' have one sign; else, as their mean may be 0, from y = a * 1/b.
BOTH bool isOneSign(float a, float b) { return (a > 0 && b > 0) || (a < 0 && b < 0); }

struct DivisorBetween {
  int64_t n;
  const float* x;
  float* t;

  BOTH void operator()(const Span& s) const {
    const float* in = x + s.row * 2 * n;
    float* out = t + s.row * 2 * n;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float a = in[i], b = in[n + i];
      float v = isOneSign(a, b) ? 0.5f * a + 0.5f * b : 2.0f / (1.0f / a + 1.0f / b);
      out[i] = v;
      out[n + i] = v;
    }
  }
};

struct DivisorMultiplier {
  int64_t n;
  bool accumulate;
  const float* x;
  const float* g;
  float* dx;

  BOTH void operator()(const Span& s) const {
    const float* in = x + s.row * 2 * n;
    const float* slope = g + s.row * 2 * n;
    float* out = dx + s.row * 2 * n;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float a = in[i], b = in[n + i];
      float v = isOneSign(a, b) ? slope[i] * (a / (a + b)) + slope[n + i] * (b / (a + b))
                                : 0.5f * (slope[i] * (a / b) + slope[n + i] * (b / a));
      put(out + i, v, accumulate);
      put(out + n + i, v, accumulate);
    }
  }
};

}  // namespace

int cd_softmax_multiplier(cd_stream* stream, int log, int accumulate, int64_t pairs, int64_t rows, int64_t n,
                          const float* x, const float* m, float* dx) {
  return entry([&] {
    Check check(stream, "softmax_multiplier");
    if (check.counts({pairs, 2, rows, n}) == 0) return;
    check.data(x, "x");
    check.data(m, "m");
    check.data(dx, "dx");
    auto run = [&](const auto& body) { forEachRow(stream, pairs * rows, body, 20 * n); };
    bool add = accumulate != 0;
    if (log != 0) {
      run(SoftmaxMultiplier<true>{add, rows, n, x, m, dx});
    } else {
      run(SoftmaxMultiplier<false>{add, rows, n, x, m, dx});
    }
  });
}

int cd_norm_multiplier(cd_stream* stream, int accumulate, int64_t pairs, int64_t blocks, int64_t groups, int64_t width,
                       int64_t n, float epsilon, const float* x, const float* scale, const float* m, float* dx) {
  return entry([&] {
    Check check(stream, "norm_multiplier");
    if (check.counts({pairs, 2, blocks, groups, n}) == 0) return;
    check.range(width, 1, n, "width");
    if (n % width != 0) {
      fail(CD_INVALID, "norm_multiplier: n = %lld is no multiple of the width of %lld", static_cast<long long>(n),
           static_cast<long long>(width));
    }
    check.data(x, "x");
    check.optional(scale, "scale");
    check.data(m, "m");
    check.data(dx, "dx");
    auto run = [&](const auto& body) { forEachRow(stream, pairs * blocks * groups, body, 20 * n); };
    int64_t step = groups * width;
    bool add = accumulate != 0;
    if (groups == 1 && width == n) {
      run(NormMultiplier<true>{add, blocks, groups, width, step, n, epsilon, x, scale, m, dx});
    } else {
      run(NormMultiplier<false>{add, blocks, groups, width, step, n, epsilon, x, scale, m, dx});
    }
  });
}

int cd_divisor_between(cd_stream* stream, int64_t pairs, int64_t n, const float* x, float* t) {
  return entry([&] {
    Check check(stream, "divisor_between");
    if (check.counts({pairs, 2, n}) == 0) return;
    check.data(x, "x");
    check.data(t, "t");
    forEachSpan(stream, pairs, n, DivisorBetween{n, x, t}, 8);
  });
}

int cd_divisor_multiplier(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, const float* x, const float* g,
                          float* dx) {
  return entry([&] {
    Check check(stream, "divisor_multiplier");
    if (check.counts({pairs, 2, n}) == 0) return;
    check.data(x, "x");
    check.data(g, "g");
    check.data(dx, "dx");
    forEachSpan(stream, pairs, n, DivisorMultiplier{n, accumulate != 0, x, g, dx}, 8);
  });
}
