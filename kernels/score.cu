// The number of a class that is explained, and its gradient with respect to the logits.
#include "check.cuh"
#include "functions.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

struct Score {
  int kind;
  int64_t n;
  const float* logits;
  int64_t* target;
  float* scores;
  float* seed;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    const float* z = logits + r * n;
    int64_t t = target[r];
    float top = maxOf(lanes, n, [&](int64_t i) { return z[i]; });
    if (t == -1) {
      t = firstOf(z, top, lanes);
      if (lanes.rank() == 0) target[r] = t;
    }
    bool known = t >= 0 && t < n, shared = kind == CD_PROBABILITY || kind == CD_LOG_PROBABILITY;
    float own = known ? z[t] : NAN, score = own, total = 1.0f;
    if (shared) {
      total = sumOf(lanes, n, [&](int64_t i) { return expOf(z[i] - top); });
      score = kind == CD_PROBABILITY ? expOf(own - top) / total : own - top - logf(total);
    } else if (kind != CD_LOGIT) {
      score = kind == CD_OWN_PROBABILITY ? sigmoid(own) : fminf(own, 0.0f) - logOfOneAnd(expOf(-fabsf(own)));
      score += own - own;  // NaN where infinite, as above
    }
    if (lanes.rank() == 0) scores[r] = score;
    if (seed == nullptr) return;
    // A score beyond all numbers has no gradient: 16 bits may have overflowed, and a map must not hide that.
    bool sound = known && score - score == 0.0f;
    // 1 - p of the class itself, which rounds to nothing where the model is sure: what the others have.
    float rest = shared             ? sumOf(lanes, n, [&](int64_t i) { return i == t ? 0.0f : expOf(z[i] - top); }) / total
                 : kind == CD_LOGIT ? 1.0f
                                    : sigmoid(-own);
    float* out = seed + r * n;
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      float v = i == t ? rest : shared ? -expOf(z[i] - top) / total : 0.0f;
      if (kind == CD_PROBABILITY || kind == CD_OWN_PROBABILITY) v *= score;
      out[i] = sound ? v : NAN;
    }
  }

  BOTH static float sigmoid(float x) { return 1.0f / (1.0f + expOf(-x)); }

  // Index of the first element that equals top; 0 where none does (NaN).
  BOTH int64_t firstOf(const float* z, float top, const Lanes& lanes) const {
    int64_t last = -n;
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      if (z[i] == top) {
        last = -i;
        break;
      }
    }
    last = lanes.max(last);
    return last == -n ? 0 : -last;
  }
};

}  // namespace

int cd_score(cd_stream* stream, int kind, int64_t rows, int64_t classes, const float* logits, int64_t* target,
             float* scores, float* seed) {
  return entry([&] {
    Check check(stream, "score");
    check.range(kind, CD_LOGIT, CD_LOG_OWN_PROBABILITY, "kind");
    if (check.counts({rows, classes}) == 0) return;
    check.data(logits, "logits");
    check.data(target, "target");
    check.data(scores, "scores");
    check.optional(seed, "seed");
    forEachRow(stream, rows, Score{kind, classes, logits, target, scores, seed}, 8 * classes);
  });
}
