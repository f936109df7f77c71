// Images read at places that a grid names, and the gradients at both.
#include "check.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

// The pixels along one axis that a place takes, their weights, and the slopes of those by the grid's number.
struct Taps {
  int count;
  int64_t at[4];
  float weight[4], slope[4];

  BOTH void add(int64_t pixel, float w, float d) {
    at[count] = pixel;
    weight[count] = w;
    slope[count++] = d;
  }
};

struct Sampling {
  int mode, padding;
  bool align;

  // A place g of n pixels.
  BOTH Taps taps(float g, int64_t n) const {
    float size = static_cast<float>(n), scale = 0.5f * (align ? size - 1.0f : size);
    float p = align ? (g + 1.0f) * scale : ((g + 1.0f) * size - 1.0f) * 0.5f;
    Taps t;
    t.count = 0;
    if (p != p) {
      t.add(0, NAN, NAN);
    } else if (mode == CD_SAMPLE_CUBIC) {
      cubic(p, n, scale, &t);
    } else {
      float d = scale;
      if (padding == CD_PADDING_REFLECTION) p = mirrored(p, size, &d);
      if (padding != CD_PADDING_ZEROS) p = inside(p, size, &d);
      linear(p, n, d, &t);
    }
    return t;
  }

 private:
  // Nothing is taken from as far outside: no whole number is made of that.
  BOTH static bool isNear(float p, int64_t n) { return p > -3.0f && p < static_cast<float>(n) + 2.0f; }

  BOTH static void tap(int64_t at, int64_t n, float w, float d, Taps* t) {
    if (at >= 0 && at < n) t->add(at, w, d);
  }

  BOTH void linear(float p, int64_t n, float d, Taps* t) const {
    if (p != p) {
      t->add(0, NAN, NAN);
      return;
    }
    if (!isNear(p, n)) return;
    float whole = mode == CD_SAMPLE_NEAREST ? rintf(p) : floorf(p), rest = p - whole;
    int64_t at = static_cast<int64_t>(whole);
    if (mode == CD_SAMPLE_NEAREST) {
      tap(at, n, 1.0f, 0.0f, t);
    } else {
      tap(at, n, 1.0f - rest, -d, t);
      tap(at + 1, n, rest, d, t);
    }
  }

  // Keys' convolution with -3/4, of whose pixels each one is moved into the image.
  BOTH void cubic(float p, int64_t n, float scale, Taps* t) const {
    float size = static_cast<float>(n), far = 2.0f * size + 2.0f;
    if (padding == CD_PADDING_BORDER) p = p < -far ? -far : p > far ? far : p;
    if (padding == CD_PADDING_REFLECTION && !(p > -far && p < far)) p = turned(p, size);
    if (p != p) t->add(0, NAN, NAN);
    if (!(p >= -far && p <= far) || (padding == CD_PADDING_ZEROS && !isNear(p, n))) return;
    float whole = floorf(p), r = p - whole, s = 1.0f - r;
    float weight[4] = {outer(1.0f + r), inner(r), inner(s), outer(1.0f + s)};
    float slope[4] = {outerSlope(1.0f + r), innerSlope(r), -innerSlope(s), -outerSlope(1.0f + s)};
    for (int k = 0; k < 4; k++) {
      int64_t at = static_cast<int64_t>(whole) + k - 1;
      float q = static_cast<float>(at), unused = 0.0f;
      if (padding == CD_PADDING_REFLECTION) q = mirrored(q, size, &unused);
      if (padding != CD_PADDING_ZEROS) at = static_cast<int64_t>(inside(q, size, &unused));
      tap(at, n, weight[k], slope[k] * scale, t);
    }
  }

  // Of distances 0..1 and 1..2.
  BOTH static float inner(float d) { return (1.25f * d - 2.25f) * d * d + 1.0f; }
  BOTH static float innerSlope(float d) { return (3.75f * d - 4.5f) * d; }
  BOTH static float outer(float d) { return ((-0.75f * d + 3.75f) * d - 6.0f) * d + 3.0f; }
  BOTH static float outerSlope(float d) { return (-2.25f * d + 7.5f) * d - 6.0f; }

  // Where mirrors stand: in the outermost pixels, or at their ends.
  BOTH float first() const { return align ? 0.0f : -0.5f; }
  BOTH float between(float size) const { return align ? size - 1.0f : size; }

  // p, so many times the distance of two images that face the same way from where it was.
  BOTH float turned(float p, float size) const {
    float period = 2.0f * between(size);
    return period == 0.0f ? 0.0f : fmodf(p - first(), period) + first();
  }

  // slope changes its sign where the image is seen in a mirror.
  BOTH float mirrored(float p, float size, float* slope) const {
    float length = between(size);
    if (length == 0.0f) {
      *slope = 0.0f;
      return 0.0f;
    }
    float way = p - first(), d = fmodf(fabsf(way), 2.0f * length);
    bool back = d > length;
    if ((way < 0.0f) != back) *slope = -*slope;
    return (back ? 2.0f * length - d : d) + first();
  }

  // slope is 0 where p is moved, and at the border itself.
  BOTH static float inside(float p, float size, float* slope) {
    if (p <= 0.0f || p >= size - 1.0f) *slope = 0.0f;
    return p <= 0.0f ? 0.0f : p >= size - 1.0f ? size - 1.0f : p;
  }
};

struct SampleForward {
  Sampling how;
  int64_t h, w, c, places;
  const float* __restrict__ grid;
  const float* __restrict__ x;
  float* __restrict__ y;

  // Rows are [n,places].
  BOTH void operator()(const Span& s) const {
    Taps across = how.taps(grid[2 * s.row], w), down = how.taps(grid[2 * s.row + 1], h);
    const float* image = x + s.row / places * h * w * c + s.begin;
    float sum[kSpan];
    int64_t m = s.size();
    for (int64_t i = 0; i < m; i++) sum[i] = 0.0f;
    for (int j = 0; j < down.count; j++) {
      for (int k = 0; k < across.count; k++) {
        float weight = down.weight[j] * across.weight[k];
        const float* in = image + (down.at[j] * w + across.at[k]) * c;
        for (int64_t i = 0; i < m; i++) sum[i] += weight * in[i];
      }
    }
    float* out = y + s.row * c + s.begin;
    INDEPENDENT for (int64_t i = 0; i < m; i++) out[i] = sum[i];
  }
};

// Parts of an image that bodies share out: a card has threads for one each row.
#ifdef __CUDACC__
constexpr int64_t kBands = INT64_MAX;
#else
constexpr int64_t kBands = 4;
#endif

struct SampleBackward {
  Sampling how;
  bool accumulate;
  int64_t h, w, c, places, bands;
  const float* __restrict__ grid;
  const float* __restrict__ dy;
  float* __restrict__ dx;

  // Rows are [n,bands]; a body looks at all places, and takes those that its band is read at.
  BOTH void operator()(const Span& s) const {
    int64_t image = s.row / bands, band = s.row % bands, from = h * band / bands, to = h * (band + 1) / bands;
    float* out = dx + image * h * w * c;
    for (int64_t p = from * w; p < to * w && !accumulate; p++) {
      for (int64_t i = s.begin; i < s.end; i++) out[p * c + i] = 0.0f;
    }
    for (int64_t q = image * places; q < (image + 1) * places; q++) {
      Taps down = how.taps(grid[2 * q + 1], h);
      bool any = false;
      for (int j = 0; j < down.count; j++) any = any || (down.at[j] >= from && down.at[j] < to);
      if (!any) continue;
      Taps across = how.taps(grid[2 * q], w);
      for (int j = 0; j < down.count; j++) {
        if (down.at[j] < from || down.at[j] >= to) continue;
        for (int k = 0; k < across.count; k++) {
          float weight = down.weight[j] * across.weight[k];
          float* pixel = out + (down.at[j] * w + across.at[k]) * c;
          INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) pixel[i] += weight * dy[q * c + i];
        }
      }
    }
  }
};

struct SampleBackwardGrid {
  Sampling how;
  bool accumulate;
  int64_t h, w, c, places;
  const float* __restrict__ grid;
  const float* __restrict__ x;
  const float* __restrict__ dy;
  float* __restrict__ dgrid;

  BOTH void operator()(int64_t row, const Lanes& lanes) const {
    Taps across = how.taps(grid[2 * row], w), down = how.taps(grid[2 * row + 1], h);
    const float* image = x + row / places * h * w * c;
    const float* up = dy + row * c;
    float by[2];
    for (int side = 0; side < 2; side++) {
      const float* acrossBy = side == 0 ? across.slope : across.weight;
      const float* downBy = side == 0 ? down.weight : down.slope;
      by[side] = sumOf(lanes, c, [&](int64_t i) {
        float v = 0.0f;
        for (int j = 0; j < down.count; j++) {
          for (int k = 0; k < across.count; k++) {
            v += downBy[j] * acrossBy[k] * image[(down.at[j] * w + across.at[k]) * c + i];
          }
        }
        return v * up[i];
      });
    }
    for (int side = 0; side < 2 && lanes.rank() == 0; side++) put(dgrid + 2 * row + side, by[side], accumulate);
  }
};

// False where there is nothing to do.
bool isSample(const Check& check, int mode, int padding, int64_t n, int64_t h, int64_t w, int64_t c, int64_t places) {
  check.range(mode, 0, CD_SAMPLE_MODES - 1, "mode");
  check.range(padding, 0, CD_PADDINGS - 1, "padding");
  check.range(h, 1, INT32_MAX, "h");
  check.range(w, 1, INT32_MAX, "w");
  check.counts({n, h, w, c});
  return check.counts({n, places, c, 2}) > 0;
}

}  // namespace

int cd_sample_forward(cd_stream* stream, int mode, int padding, int align, int64_t n, int64_t h, int64_t w, int64_t c,
                      int64_t places, const float* grid, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "sample_forward");
    if (!isSample(check, mode, padding, n, h, w, c, places)) return;
    check.data(grid, "grid");
    check.data(x, "x");
    check.data(y, "y");
    SampleForward body{{mode, padding, align != 0}, h, w, c, places, grid, x, y};
    forEachSpan(stream, n * places, c, body, 16);
  });
}

int cd_sample_backward(cd_stream* stream, int mode, int padding, int align, int accumulate, int64_t n, int64_t h, int64_t w,
                       int64_t c, int64_t places, const float* grid, const float* dy, float* dx) {
  return entry([&] {
    Check check(stream, "sample_backward");
    isSample(check, mode, padding, n, h, w, c, places);
    if (check.counts({n, c}) == 0) return;
    if (places > 0) {
      check.data(grid, "grid");
      check.data(dy, "dy");
    }
    check.data(dx, "dx");
    int64_t bands = h < kBands ? h : kBands;
    SampleBackward body{{mode, padding, align != 0}, accumulate != 0, h, w, c, places, bands, grid, dy, dx};
    forEachSpan(stream, n * bands, c, body, 16 * places + w);
  });
}

int cd_sample_backward_grid(cd_stream* stream, int mode, int padding, int align, int accumulate, int64_t n, int64_t h,
                            int64_t w, int64_t c, int64_t places, const float* grid, const float* x, const float* dy,
                            float* dgrid) {
  return entry([&] {
    Check check(stream, "sample_backward_grid");
    isSample(check, mode, padding, n, h, w, c, places);
    if (check.counts({n, places}) == 0) return;
    check.data(grid, "grid");
    if (c > 0) {
      check.data(x, "x");
      check.data(dy, "dy");
    }
    check.data(dgrid, "dgrid");
    SampleBackwardGrid body{{mode, padding, align != 0}, accumulate != 0, h, w, c, places, grid, x, dy, dgrid};
    forEachRow(stream, n * places, body, 32 * c);
  });
}
