// The two steps between the products of a relevance rule: a division that stays finite, and a product that adds up.
#include "check.cuh"
#include "launch.cuh"
#include "sum.cuh"
#ifdef __CUDACC__
#include "wide.cuh"
#endif

using namespace candela;

namespace {

struct Quotient {
  float scale, epsilon;
  const float* r;
  const float* z;
  float* q;

  BOTH void operator()(int64_t i) const { q[i] = of(r[i], z[i]); }

  BOTH float of(float above, float below) const {
    float by = below < 0.0f ? below - epsilon : below + epsilon;
    return by == 0.0f ? 0.0f : scale * above / by;
  }
};

struct Product {
  bool accumulate;
  float scale;
  const float* a;
  const float* b;
  float* y;

  BOTH void operator()(int64_t i) const { put(y + i, scale * a[i] * b[i], accumulate); }
};

struct Scaled {
  bool accumulate;
  float scale;
  const float* a;
  float* y;

  BOTH void operator()(int64_t i) const { put(y + i, scale * a[i], accumulate); }
};

#ifdef __CUDACC__

// What overQuads computes of its operands.
struct QuotientOf {
  Quotient body;
  __device__ float operator()(const float (&v)[2]) const { return body.of(v[0], v[1]); }
};

struct ProductOf {
  float scale;
  __device__ float operator()(const float (&v)[2]) const { return scale * v[0] * v[1]; }
};

struct ScaledOf {
  float scale;
  __device__ float operator()(const float (&v)[1]) const { return scale * v[0]; }
};

#endif

}  // namespace

int cd_quotient(cd_stream* stream, int64_t n, float scale, float epsilon, const float* r, const float* z, float* q) {
  return entry([&] {
    Check check(stream, "quotient");
    if (check.counts({n}) == 0) return;
    check.data(r, "r");
    check.data(z, "z");
    check.data(q, "q");
    Quotient body{scale, epsilon, r, z, q};
#ifdef __CUDACC__
    if (byQuads<2>(stream, n, {{r, z}}, q, QuotientOf{body})) return;
#endif
    forEach(stream, n, body, 4);
  });
}

int cd_product(cd_stream* stream, int accumulate, int64_t n, float scale, const float* a, const float* b, float* y) {
  return entry([&] {
    Check check(stream, "product");
    if (check.counts({n}) == 0) return;
    check.data(a, "a");
    check.optional(b, "b");
    check.data(y, "y");
#ifdef __CUDACC__
    if (b == nullptr ? byQuads<1>(stream, n, accumulate != 0, {{a}}, y, ScaledOf{scale})
                     : byQuads<2>(stream, n, accumulate != 0, {{a, b}}, y, ProductOf{scale})) {
      return;
    }
#endif
    if (b == nullptr) {
      forEach(stream, n, Scaled{accumulate != 0, scale, a, y});
    } else {
      forEach(stream, n, Product{accumulate != 0, scale, a, b, y});
    }
  });
}
