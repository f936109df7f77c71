// Steps of adversarial attacks, inside a ball around the image and inside the range of pixels.
#include "check.cuh"
#include "sum.cuh"

#ifdef __CUDACC__
#include "attack_cuda.cuh"
#endif

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
    if (unit()) {
      // The direction is a gradient with respect to values: in pixels it is 1/deviation as long.
      float square = sumOf(lanes, n, [&](int64_t i) {
        float v = d[i] / deviation[i / pixels];
        return v * v;
      });
      length = square > 0.0f ? sqrtf(square) : 1.0f;
    }
    float square = 0.0f;
    if (round()) {
      square = sumOf(lanes, n, [&](int64_t i) {
        float scale = deviation[i / pixels];
        float v = moved(to[i], d[i], scale, length) - from[i] * scale;
        return v * v;
      });
    }
    float shrink = shrinkOf(square);
    for (int64_t i = lanes.rank(); i < n; i += lanes.count()) {
      to[i] = projected(from[i], to[i], d[i], i / pixels, length, shrink);
    }
  }

  // Whether a step needs the direction's length, and the projection the step's.
  BOTH bool unit() const { return kind == CD_STEP_UNIT; }
  BOTH bool round() const { return ball == CD_BALL_L2; }

  BOTH float shrinkOf(float square) const { return square > epsilon * epsilon ? epsilon / sqrtf(square) : 1.0f; }

  // Where a value goes, in pixels.
  BOTH float moved(float value, float d, float scale, float length) const {
    float way = kind == CD_STEP_SIGN    ? static_cast<float>((d > 0.0f) - (d < 0.0f))
                : kind == CD_STEP_UNIT ? d / scale / length
                                       : d;
    return value * scale + step * way;
  }

  // Where it stays, as a value of channel c.
  BOTH float projected(float from, float value, float d, int64_t c, float length, float shrink) const {
    float scale = deviation[c], start = from * scale;
    float off = moved(value, d, scale, length) - start;
    if (ball == CD_BALL_LINF) {
      off = off > epsilon ? epsilon : off < -epsilon ? -epsilon : off;
    } else {
      off *= shrink;
    }
    float v = off == 0.0f ? from : (start + off) / scale;
    return v < lo[c] ? lo[c] : v > hi[c] ? hi[c] : v;
  }
};

#ifdef __CUDACC__

// On a card this goes before the template of the same name.
void forEachRow(cd_stream* stream, int64_t rows, const AttackStep& b, int64_t) {
  if (!b.unit() && !b.round()) {
    bool aligned = wide(b.pixels, b.x, b.direction, b.y);
    forEachBatch(stream, rows, b.channels * b.pixels, aligned, AttackBatch<AttackStep>{b});
    return;
  }
  auto grid = static_cast<unsigned>(rows < kAcross ? rows : kAcross);
  attackRows<<<grid, kCrew, 0, queueOf(stream)>>>(rows, b);
  checkLaunch();
}

#endif

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
