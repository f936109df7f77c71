// The loss of classification and the steps of optimisers.
#include "check.cuh"
#include "functions.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

struct CrossEntropy {
  int64_t n;
  float smoothing, weight;
  const float* logits;
  const int64_t* target;
  float* loss;
  float* seed;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    const float* z = logits + r * n;
    int64_t t = target[r];
    bool known = t >= 0 && t < n;
    float spread = smoothing / static_cast<float>(n);
    float top = maxOf(lanes, n, [&](int64_t i) { return z[i]; });
    float total = sumOf(lanes, n, [&](int64_t i) { return expOf(z[i] - top); });
    float others = smoothing == 0.0f ? 0.0f : sumOf(lanes, n, [&](int64_t i) { return z[i] - top; });
    float log = logf(total);
    if (lanes.rank() == 0) {
      float all = spread * (others - static_cast<float>(n) * log);
      loss[r] = known ? -((1.0f - smoothing) * (z[t] - top - log) + all) : NAN;
    }
    if (seed == nullptr) return;
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      float wanted = spread + (i == t ? 1.0f - smoothing : 0.0f);
      seed[r * n + i] = known ? weight * (expOf(z[i] - top) / total - wanted) : NAN;
    }
  }
};

struct Sgd {
  float rate, momentum, decay;
  bool nesterov;
  const float* __restrict__ g;
  float* __restrict__ velocity;
  float* __restrict__ w;

  BOTH void operator()(int64_t i) const {
    float d = g[i] + decay * w[i];
    float v = momentum * velocity[i] + d;
    velocity[i] = v;
    w[i] -= rate * (nesterov ? d + momentum * v : v);
  }
};

struct Adam {
  float rate, beta1, beta2, epsilon, decay, correction1, correction2;
  bool decoupled;
  const float* __restrict__ g;
  float* __restrict__ first;
  float* __restrict__ second;
  float* __restrict__ w;

  BOTH void operator()(int64_t i) const {
    float before = decoupled ? w[i] - rate * decay * w[i] : w[i];
    float d = decoupled ? g[i] : g[i] + decay * w[i];
    first[i] = beta1 * first[i] + (1.0f - beta1) * d;
    second[i] = beta2 * second[i] + (1.0f - beta2) * d * d;
    w[i] = before - rate * (first[i] / correction1) / (sqrtf(second[i] / correction2) + epsilon);
  }
};

}  // namespace

int cd_cross_entropy(cd_stream* stream, int64_t rows, int64_t classes, float smoothing, float weight,
                     const float* logits, const int64_t* target, float* loss, float* seed) {
  return entry([&] {
    Check check(stream, "cross_entropy");
    if (check.counts({rows, classes}) == 0) return;
    check.data(logits, "logits");
    check.data(target, "target");
    check.data(loss, "loss");
    check.optional(seed, "seed");
    forEachRow(stream, rows, CrossEntropy{classes, smoothing, weight, logits, target, loss, seed}, 16 * classes);
  });
}

int cd_sgd_step(cd_stream* stream, int64_t n, float rate, float momentum, int nesterov, float decay, const float* g,
                float* velocity, float* w) {
  return entry([&] {
    Check check(stream, "sgd_step");
    if (check.counts({n}) == 0) return;
    check.data(g, "g");
    check.data(velocity, "velocity");
    check.data(w, "w");
    forEach(stream, n, Sgd{rate, momentum, decay, nesterov != 0, g, velocity, w});
  });
}

int cd_adam_step(cd_stream* stream, int64_t n, int64_t step, float rate, float beta1, float beta2, float epsilon,
                 float decay, int decoupled, const float* g, float* first, float* second, float* w) {
  return entry([&] {
    Check check(stream, "adam_step");
    check.range(step, 1, INT64_MAX, "step");
    if (check.counts({n}) == 0) return;
    check.data(g, "g");
    check.data(first, "first");
    check.data(second, "second");
    check.data(w, "w");
    double count = static_cast<double>(step);
    auto correction = [&](float beta) { return static_cast<float>(1.0 - pow(static_cast<double>(beta), count)); };
    Adam body{rate,  beta1, beta2, epsilon, decay, correction(beta1), correction(beta2), decoupled != 0,
              g,     first, second, w};
    forEach(stream, n, body, 4);
  });
}
