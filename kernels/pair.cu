// Rows in pairs, an image and its reference: row 0 of a pair is the image. Differences are image minus reference.
#include "check.cuh"
#include "launch.cuh"
#include "sum.cuh"

using namespace candela;

namespace {

// Element i of the image's row; the reference's lies n further.
BOTH int64_t firstOf(const Span& s, int64_t n) { return s.row * 2 * n; }

struct Parts {
  int64_t n;
  bool swap;
  const float* __restrict__ x;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    const float* in = x + firstOf(s, n);
    float* rise = y + firstOf(s, n) + (swap ? n : 0);
    float* fall = y + firstOf(s, n) + (swap ? 0 : n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float d = in[i] - in[n + i];
      rise[i] = d > 0.0f ? d : 0.0f;
      fall[i] = d < 0.0f ? d : 0.0f;
    }
  }
};

struct Resolve {
  int64_t n;
  const float* x;
  const float* m;
  float* y;

  BOTH void operator()(const Span& s) const {
    const float* in = x + firstOf(s, n);
    const float* of = m + firstOf(s, n);
    float* out = y + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float d = in[i] - in[n + i], up = of[i], down = of[n + i];
      float v = d > 0.0f ? up : d < 0.0f ? down : 0.5f * up + 0.5f * down;
      out[i] = v;
      out[n + i] = v;
    }
  }
};

struct Cross {
  int64_t n;
  bool least;
  const float* y;
  const float* m;
  float* t;

  BOTH void operator()(const Span& s) const {
    const float* in = y + firstOf(s, n);
    const float* of = m + firstOf(s, n);
    float* out = t + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float a = in[i], b = in[n + i];
      float between = (a > b) != least ? a : b;
      float image = of[i] * (between - b), reference = of[n + i] * (a - between);
      out[i] = image;
      out[n + i] = reference;
    }
  }
};

struct Ratio {
  int64_t n;
  bool accumulate;
  float epsilon;
  const float* x;
  const float* t;
  const float* g;
  float* dx;

  BOTH void operator()(const Span& s) const {
    const float* in = x + firstOf(s, n);
    const float* of = t + firstOf(s, n);
    const float* slope = g + firstOf(s, n);
    float* out = dx + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float d = in[i] - in[n + i];
      float v = d >= epsilon || d <= -epsilon ? (of[i] + of[n + i]) / d : slope[i];
      put(out + i, v, accumulate);
      put(out + n + i, v, accumulate);
    }
  }
};

struct Shift {
  int64_t n;
  const float* z;
  const float* parts;
  float* y;

  BOTH void operator()(const Span& s) const {
    const float* from = z + firstOf(s, n) + n;
    const float* by = parts + firstOf(s, n);
    float* out = y + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      out[i] = from[i] + by[i];
      out[n + i] = from[i] + by[n + i];
    }
  }
};

struct Reveal {
  int64_t n;
  bool accumulate;
  float epsilon;
  const float* parts;
  const float* y;
  const float* v;
  const float* m;
  float* dx;

  BOTH void operator()(const Span& s) const {
    const float* by = parts + firstOf(s, n);
    const float* ends = y + firstOf(s, n);
    const float* steps = v + firstOf(s, n);
    const float* of = m + firstOf(s, n);
    float* out = dx + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float image = ends[i], reference = ends[n + i], up = steps[i], down = steps[n + i];
      float rise = 0.5f * ((up - reference) + (image - down)), fall = 0.5f * ((down - reference) + (image - up));
      // The logarithm of a sum of which one part takes all away, say, has no number there.
      bool known = fabsf(up) < INFINITY && fabsf(down) < INFINITY;
      float slope = over(image - reference, by[i] + by[n + i]);
      float first = of[i] * (known ? over(rise, by[i]) : slope);
      float second = of[n + i] * (known ? over(fall, by[n + i]) : slope);
      put(out + i, first, accumulate);
      put(out + n + i, second, accumulate);
    }
  }

  BOTH float over(float change, float by) const { return by >= epsilon || by <= -epsilon ? change / by : 0.0f; }
};

struct Join {
  int64_t n;
  bool accumulate;
  const float* x;
  const float* p;
  const float* q;
  float* dx;

  BOTH void operator()(const Span& s) const {
    const float* in = x + firstOf(s, n);
    const float* positive = p + firstOf(s, n);
    const float* negative = q + firstOf(s, n);
    float* out = dx + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float d = in[i] - in[n + i];
      float up = positive[i] + negative[n + i], down = negative[i] + positive[n + i];
      float v = d > 0.0f ? up : d < 0.0f ? down : 0.5f * (up + down);
      put(out + i, v, accumulate);
      put(out + n + i, v, accumulate);
    }
  }
};

struct Mean {
  int64_t n;
  bool accumulate;
  const float* g;
  float* dx;

  BOTH void operator()(const Span& s) const {
    const float* of = g + firstOf(s, n);
    float* out = dx + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float v = 0.5f * of[i] + 0.5f * of[n + i];
      put(out + i, v, accumulate);
      put(out + n + i, v, accumulate);
    }
  }
};

struct Within {
  int64_t n;
  const float* y;
  const float* m;
  float* t;

  BOTH void operator()(const Span& s) const {
    const float* in = y + firstOf(s, n);
    const float* of = m + firstOf(s, n);
    float* out = t + firstOf(s, n);
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) {
      float image = in[i], reference = in[n + i], first = of[i], second = of[n + i];
      float least = reference < 0.0f ? reference : 0.0f, most = reference > 0.0f ? reference : 0.0f;
      out[i] = image >= least && image <= most ? first : 0.0f;
      out[n + i] = second;
    }
  }
};

// False where there is nothing to do.
bool some(const Check& check, int64_t pairs, int64_t n) { return check.counts({pairs, 2, n}) > 0; }

}  // namespace

int cd_pair_parts(cd_stream* stream, int64_t pairs, int64_t n, int swap, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "pair_parts");
    if (!some(check, pairs, n)) return;
    check.data(x, "x");
    check.data(y, "y");
    forEachSpan(stream, pairs, n, Parts{n, swap != 0, x, y}, 2);
  });
}

int cd_pair_resolve(cd_stream* stream, int64_t pairs, int64_t n, const float* x, const float* m, float* y) {
  return entry([&] {
    Check check(stream, "pair_resolve");
    if (!some(check, pairs, n)) return;
    check.data(x, "x");
    check.data(m, "m");
    check.data(y, "y");
    forEachSpan(stream, pairs, n, Resolve{n, x, m, y}, 4);
  });
}

int cd_pair_cross(cd_stream* stream, int64_t pairs, int64_t n, int least, const float* y, const float* m, float* t) {
  return entry([&] {
    Check check(stream, "pair_cross");
    if (!some(check, pairs, n)) return;
    check.data(y, "y");
    check.data(m, "m");
    check.data(t, "t");
    forEachSpan(stream, pairs, n, Cross{n, least != 0, y, m, t}, 4);
  });
}

int cd_pair_ratio(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, float epsilon, const float* x,
                  const float* t, const float* g, float* dx) {
  return entry([&] {
    Check check(stream, "pair_ratio");
    if (!some(check, pairs, n)) return;
    check.data(x, "x");
    check.data(t, "t");
    check.data(g, "g");
    check.data(dx, "dx");
    forEachSpan(stream, pairs, n, Ratio{n, accumulate != 0, epsilon, x, t, g, dx}, 6);
  });
}

int cd_pair_shift(cd_stream* stream, int64_t pairs, int64_t n, const float* z, const float* parts, float* y) {
  return entry([&] {
    Check check(stream, "pair_shift");
    if (!some(check, pairs, n)) return;
    check.data(z, "z");
    check.data(parts, "parts");
    check.data(y, "y");
    forEachSpan(stream, pairs, n, Shift{n, z, parts, y}, 2);
  });
}

int cd_pair_reveal(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, float epsilon, const float* parts,
                   const float* y, const float* v, const float* m, float* dx) {
  return entry([&] {
    Check check(stream, "pair_reveal");
    if (!some(check, pairs, n)) return;
    check.data(parts, "parts");
    check.data(y, "y");
    check.data(v, "v");
    check.data(m, "m");
    check.data(dx, "dx");
    forEachSpan(stream, pairs, n, Reveal{n, accumulate != 0, epsilon, parts, y, v, m, dx}, 8);
  });
}

int cd_pair_join(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, const float* x, const float* p,
                 const float* q, float* dx) {
  return entry([&] {
    Check check(stream, "pair_join");
    if (!some(check, pairs, n)) return;
    check.data(x, "x");
    check.data(p, "p");
    check.data(q, "q");
    check.data(dx, "dx");
    forEachSpan(stream, pairs, n, Join{n, accumulate != 0, x, p, q, dx}, 6);
  });
}

int cd_pair_mean(cd_stream* stream, int accumulate, int64_t pairs, int64_t n, const float* g, float* dx) {
  return entry([&] {
    Check check(stream, "pair_mean");
    if (!some(check, pairs, n)) return;
    check.data(g, "g");
    check.data(dx, "dx");
    forEachSpan(stream, pairs, n, Mean{n, accumulate != 0, g, dx}, 2);
  });
}

int cd_pair_within(cd_stream* stream, int64_t pairs, int64_t n, const float* y, const float* m, float* t) {
  return entry([&] {
    Check check(stream, "pair_within");
    if (!some(check, pairs, n)) return;
    check.data(y, "y");
    check.data(m, "m");
    check.data(t, "t");
    forEachSpan(stream, pairs, n, Within{n, y, m, t}, 4);
  });
}
