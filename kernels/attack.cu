// Steps of adversarial attacks, inside a ball around the image and inside the range of pixels.
#include "check.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

struct AttackStep {
  int kind, ball;
  int64_t channels, pixels;
  float step, epsilon;
  const float* deviation;
  const float* lo;
  const float* hi;
  const float* x;
  const float* direction;
  float* y;

  BOTH void operator()(int64_t r, const Lanes& lanes) const {
    int64_t n = channels * pixels;
    const float* from = x + r * n;
    const float* d = direction + r * n;
    float* to = y + r * n;
    float length = 1.0f;
    if (kind == CD_STEP_UNIT) {
      // The direction is a gradient with respect to values: in pixels it is 1/deviation as long.
      float square = sumOf(lanes, n, [&](int64_t i) {
        float v = d[i] / deviation[i / pixels];
        return v * v;
      });
      length = square > 0.0f ? sqrtf(square) : 1.0f;
    }
    float square = 0.0f;
    if (ball == CD_BALL_L2) {
      square = sumOf(lanes, n, [&](int64_t i) {
        float v = moved(to[i], d[i], i, length) - from[i] * deviation[i / pixels];
        return v * v;
      });
    }
    float shrink = square > epsilon * epsilon ? epsilon / sqrtf(square) : 1.0f;
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      int64_t c = i / pixels;
      float start = from[i] * deviation[c];
      float off = moved(to[i], d[i], i, length) - start;
      if (ball == CD_BALL_LINF) {
        off = off > epsilon ? epsilon : off < -epsilon ? -epsilon : off;
      } else {
        off *= shrink;
      }
      float v = off == 0.0f ? from[i] : (start + off) / deviation[c];
      v = v < lo[c] ? lo[c] : v > hi[c] ? hi[c] : v;
      to[i] = v;
    }
  }

  // Where a value goes, in pixels.
  BOTH float moved(float value, float d, int64_t i, float length) const {
    float scale = deviation[i / pixels];
    float way = kind == CD_STEP_SIGN    ? static_cast<float>((d > 0.0f) - (d < 0.0f))
                : kind == CD_STEP_UNIT ? d / scale / length
                                       : d;
    return value * scale + step * way;
  }
};

}  // namespace

int cd_attack_step(cd_stream* stream, int kind, int ball, int64_t rows, int64_t channels, int64_t pixels, float step,
                   float epsilon, const float* deviation, const float* lo, const float* hi, const float* x,
                   const float* direction, float* y) {
  return entry([&] {
    Check check(stream, "attack_step");
    check.range(kind, CD_STEP_SIGN, CD_STEP_PLAIN, "kind");
    check.range(ball, CD_BALL_LINF, CD_BALL_L2, "ball");
    if (check.counts({rows, channels, pixels}) == 0) return;
    check.data(deviation, "deviation");
    check.data(lo, "lo");
    check.data(hi, "hi");
    check.data(x, "x");
    check.data(direction, "direction");
    check.data(y, "y");
    AttackStep body{kind, ball, channels, pixels, step, epsilon, deviation, lo, hi, x, direction, y};
    forEachRow(stream, rows, body, 8 * channels * pixels);
  });
}
