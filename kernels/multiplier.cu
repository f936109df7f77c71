// DeepLIFT multipliers of operators that mix the elements of a row, exact: they are those of the operator written out in
// sums, products and functions of one value. Rows in pairs, an image and its reference, as in pair.cu.
#include "check.cuh"
#include "launch.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

// Sum over i < n of at(i), in doubles.
template <class At>
BOTH double total(const Lanes& lanes, int64_t n, const At& at) {
  double s = 0;
  for (int64_t i = lanes.rank(); i < n; i += lanes.count()) s += at(i);
  return lanes.sum(s);
}

// The slope of exp between a and b: (e^a - e^b) / (a - b) = e^top slack, 0 where both are -infinity.
struct ExpSlope {
  double top, slack;

  BOTH ExpSlope(double a, double b) : top(a > b ? a : b) {
    double apart = a > b ? a - b : b - a;
    slack = a == b ? 1 : -expm1(-apart) / apart;
  }
};

// y = exp(l), l = x - L, L = log sum e^x: all slopes are at most 1, however far apart the elements are.
struct SoftmaxMultiplier {
  bool log, accumulate;
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
    double whole = logSum(lanes, image), other = logSum(lanes, reference);
    ExpSlope sum(whole, other);
    auto given = [&](int64_t i) {
      ExpSlope y(image[i] - whole, reference[i] - other);
      return log ? of[i] : of[i] * exp(y.top) * y.slack;
    };
    double all = total(lanes, n, given);
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      ExpSlope e(image[i], reference[i]);
      float v = static_cast<float>(given(i) - all * exp(e.top - sum.top) * (e.slack / sum.slack));
      put(out + i, v, accumulate);
      put(out + rows * n + i, v, accumulate);
    }
  }

  BOTH double logSum(const Lanes& lanes, const float* in) const {
    double top = maxOf(lanes, n, [&](int64_t i) { return in[i]; });
    return top + ::log(total(lanes, n, [&](int64_t i) { return exp(in[i] - top); }));
  }
};

// From d = y s, d what is left of x without its mean: s (dy) = (dd) - y (ds), where s and y are means over image and reference;
// none is large where one of the two deviations is near 0.
struct NormMultiplier {
  bool accumulate;
  int64_t blocks, groups, width, step, n;
  double epsilon;
  const float* x;
  const float* scale;
  const float* m;
  float* dx;

  // Element i of a group, from its first.
  BOTH int64_t at(int64_t i) const { return i / width * step + i % width; }

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
    auto given = [&](int64_t i) { return (scale ? scale[(from + at(i)) % step] : 1.0f) * static_cast<double>(of[at(i)]); };
    auto centred = [&](int64_t i) { return 0.5 * (image[at(i)] + static_cast<double>(reference[at(i)])) - middle; };
    auto outcome = [&](int64_t i) { return 0.5 * ((image[at(i)] - meanA) / a + (reference[at(i)] - meanB) / b); };
    double through = -own * own / n * total(lanes, n, [&](int64_t i) { return outcome(i) * given(i); });
    double mean = total(lanes, n, [&](int64_t i) { return own * given(i) + through * centred(i); }) / n;
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      float v = static_cast<float>(own * given(i) + through * centred(i) - mean);
      put(out + at(i), v, accumulate);
      put(out + apart + at(i), v, accumulate);
    }
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
    forEachRow(stream, pairs * rows, SoftmaxMultiplier{log != 0, accumulate != 0, rows, n, x, m, dx}, 100 * n);
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
    int64_t step = groups * width;
    forEachRow(stream, pairs * blocks * groups,
               NormMultiplier{accumulate != 0, blocks, groups, width, step, n, epsilon, x, scale, m, dx}, 20 * n);
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
