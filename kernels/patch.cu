// What a window in the image may change of a feature map: taken from where it was computed and from the feature map of
// the image without the window.
#include "check.cuh"
#include "launch.cuh"

using namespace candela;

namespace {

constexpr int kInts = 6;
constexpr int64_t kMost = 1 << 24;

// Pixels of a feature map along one side, from first(t) on, where the window starts at t.
struct Side {
  int64_t jump, high, align, step, shift, size;

  static BOTH int64_t floorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

  BOTH bool whole() const { return align == 0; }

  BOTH int64_t first(int64_t t) const {
    return whole() ? 0 : floorDivide(-floorDivide(high - t, jump), align) * step + shift;
  }
};

BOTH int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

// A row is a line of pixels of y.
struct PatchLine {
  int64_t planes, h, w, c;
  Side fromDown, fromAcross, toDown, toAcross;
  float outside;
  const int32_t* __restrict__ corner;
  const float* __restrict__ base;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(int64_t line, const Lanes& lanes) const {
    int64_t plane = line / toDown.size, r = plane / planes;
    int64_t i = toDown.first(corner[2 * r]) + line % toDown.size;
    int64_t begin = toAcross.first(corner[2 * r + 1]), end = begin + toAcross.size;
    float* out = y + line * toAcross.size * c;
    if (i < 0 || i >= h) {
      put(lanes, out, end - begin);
      return;
    }
    int64_t own = i - fromDown.first(corner[2 * r]), from = fromAcross.first(corner[2 * r + 1]);
    bool held = own >= 0 && own < fromDown.size;
    int64_t left = clamp(0, begin, end), right = clamp(w, left, end);
    int64_t first = held ? clamp(from, left, right) : right, last = held ? clamp(from + fromAcross.size, first, right) : right;
    int64_t old = (plane % planes * h + i) * w;
    put(lanes, out, left - begin);
    copy(lanes, base, old + left, out + (left - begin) * c, first - left);
    copy(lanes, x, (plane * fromDown.size + own) * fromAcross.size + first - from, out + (first - begin) * c, last - first);
    copy(lanes, base, old + last, out + (last - begin) * c, right - last);
    put(lanes, out + (right - begin) * c, end - right);
  }

  BOTH void put(const Lanes& lanes, float* to, int64_t pixels) const {
    INDEPENDENT for (int64_t k = lanes.rank(); k < pixels * c; k += lanes.count()) to[k] = outside;
  }

  BOTH void copy(const Lanes& lanes, const float* v, int64_t pixel, float* to, int64_t pixels) const {
    if (pixels == 0) return;
    const float* from = v + pixel * c;
    INDEPENDENT for (int64_t k = lanes.rank(); k < pixels * c; k += lanes.count()) to[k] = from[k];
  }
};

Side sideOf(const Check& check, const int* six, int64_t whole) {
  Side s{six[0], six[1], six[2], six[3], six[4], six[5]};
  check.range(s.jump, 1, kMost, "jump");
  check.range(s.high, -kMost, kMost, "high");
  check.range(s.align, 0, kMost, "align");
  check.range(s.step, 0, kMost, "step");
  check.range(s.shift, -kMost, kMost, "shift");
  check.range(s.size, s.whole() ? whole : 1, s.whole() ? whole : kMost, "size");
  return s;
}

}  // namespace

int cd_patch(cd_stream* stream, int64_t rows, int64_t planes, int64_t h, int64_t w, int64_t c, const int* from,
             const int* to, float outside, const int32_t* corner, const float* base, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "patch");
    checkPointer(from, check.where, "from");
    checkPointer(to, check.where, "to");
    Side fromDown = sideOf(check, from, h), fromAcross = sideOf(check, from + kInts, w);
    Side toDown = sideOf(check, to, h), toAcross = sideOf(check, to + kInts, w);
    check.counts({rows, planes, h, w, c});
    check.counts({rows, planes, fromDown.size, fromAcross.size, c});
    int64_t lines = check.counts({rows, planes, toDown.size}), n = check.counts({lines, toAcross.size, c});
    if (n == 0) return;
    check.data(corner, "corner");
    check.data(x, "x");
    check.data(y, "y");
    if (!fromDown.whole() || !fromAcross.whole()) check.data(base, "base");
    forEachRow(stream, lines,
               PatchLine{planes, h, w, c, fromDown, fromAcross, toDown, toAcross, outside, corner, base, x, y},
               n / lines);
  });
}
