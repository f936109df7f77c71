// The two steps between the products of a relevance rule: a division that stays finite, and a product that adds up.
#include "check.cuh"
#include "launch.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

struct Quotient {
  float scale, epsilon;
  const float* r;
  const float* z;
  float* q;

  BOTH void operator()(int64_t i) const {
    float by = z[i] < 0.0f ? z[i] - epsilon : z[i] + epsilon;
    q[i] = by == 0.0f ? 0.0f : scale * r[i] / by;
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

}  // namespace

int cd_quotient(cd_stream* stream, int64_t n, float scale, float epsilon, const float* r, const float* z, float* q) {
  return entry([&] {
    Check check(stream, "quotient");
    if (check.counts({n}) == 0) return;
    check.data(r, "r");
    check.data(z, "z");
    check.data(q, "q");
    forEach(stream, n, Quotient{scale, epsilon, r, z, q}, 4);
  });
}

int cd_product(cd_stream* stream, int accumulate, int64_t n, float scale, const float* a, const float* b, float* y) {
  return entry([&] {
    Check check(stream, "product");
    if (check.counts({n}) == 0) return;
    check.data(a, "a");
    check.optional(b, "b");
    check.data(y, "y");
    if (b == nullptr) {
      forEach(stream, n, Scaled{accumulate != 0, scale, a, y});
    } else {
      forEach(stream, n, Product{accumulate != 0, scale, a, b, y});
    }
  });
}
