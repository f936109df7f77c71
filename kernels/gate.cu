// Activations behind a convolution or product, and the bits by which their gradients pass.
#include "check.cuh"
#include "launch.cuh"

using namespace candela;

namespace {

// Where element i of a row of n stands, whose pixels have `channels` elements each and begin `wide` apart.
struct Place {
  int64_t n;
  uint32_t channels, wide;

  BOTH int64_t of(int64_t row, uint32_t i) const {
    int64_t pixel = row * (n / channels) + i / channels;
    return pixel * wide + i % channels;
  }
};

struct Activate {
  float lo, hi, slope;
  bool leaky, apply, joined;
  Place place;
  float* y;
  uint8_t* bits;

  // A span counts bytes of bits.
  BOTH void operator()(const Span& s) const {
    int64_t bytes = (place.n + 7) / 8;
    for (int64_t b = s.begin; b < s.end; b++) {
      uint32_t first = static_cast<uint32_t>(8 * b);
      uint8_t set = joined ? eight(y + place.of(s.row, first)) : each(s.row, first);
      if (bits != nullptr) bits[s.row * bytes + b] = set;
    }
  }

  // Eight neighbours, which one byte of bits stands for.
  BOTH uint8_t eight(float* at) const {
    Quad* four = reinterpret_cast<Quad*>(at);
    Quad v[2] = {four[0], four[1]};
    uint8_t set = 0;
    for (int k = 0; k < 8; k++) {
      float z = v[k / 4].v[k % 4];
      set = static_cast<uint8_t>(set | (passes(z) ? 1 << k : 0));
      v[k / 4].v[k % 4] = after(z);
    }
    if (apply) {
      four[0] = v[0];
      four[1] = v[1];
    }
    return set;
  }

  BOTH uint8_t each(int64_t row, uint32_t first) const {
    uint8_t set = 0;
    for (uint32_t k = 0; k < 8 && first + k < place.n; k++) {
      float* at = y + place.of(row, first + k);
      float z = *at;
      set = static_cast<uint8_t>(set | (passes(z) ? 1 << k : 0));
      if (apply) *at = after(z);
    }
    return set;
  }

  BOTH bool passes(float z) const { return z > lo && z < hi; }

  BOTH float after(float z) const {
    if (leaky) return z < 0.0f ? slope * z : z;
    return z < lo ? lo : z > hi ? hi : z;
  }
};

struct Deactivate {
  float slope;
  bool joined;
  Place place;
  const float* dy;
  const uint8_t* bits;
  float* g;

  // A span counts bytes of bits.
  BOTH void operator()(const Span& s) const {
    int64_t bytes = (place.n + 7) / 8;
    for (int64_t b = s.begin; b < s.end; b++) {
      uint32_t first = static_cast<uint32_t>(8 * b);
      uint8_t set = bits[s.row * bytes + b];
      float* out = g + s.row * place.n + first;
      if (joined) {
        eight(dy + place.of(s.row, first), set, out);
        continue;
      }
      for (uint32_t k = 0; k < 8 && first + k < place.n; k++) {
        out[k] = through(dy[place.of(s.row, first + k)], set, k);
      }
    }
  }

  BOTH void eight(const float* in, uint8_t set, float* out) const {
    const Quad* four = reinterpret_cast<const Quad*>(in);
    Quad v[2] = {four[0], four[1]};
    for (uint32_t k = 0; k < 8; k++) v[k / 4].v[k % 4] = through(v[k / 4].v[k % 4], set, k);
    Quad* to = reinterpret_cast<Quad*>(out);
    to[0] = v[0];
    to[1] = v[1];
  }

  BOTH float through(float v, uint8_t set, uint32_t k) const {
    return (set >> k & 1) != 0 ? v : slope == 0.0f ? 0.0f : slope * v;
  }
};

struct Range {
  float lo, hi, slope;
  bool leaky;

  Range(int kind, float alpha, float beta, const char* where)
      : lo(kind == CD_ACTIVATION_CLIP ? alpha : 0.0f),
        hi(kind == CD_ACTIVATION_CLIP ? beta : INFINITY),
        slope(kind == CD_ACTIVATION_LEAKY ? alpha : 0.0f),
        leaky(kind == CD_ACTIVATION_LEAKY) {
    if (kind < CD_ACTIVATION_RELU || kind > CD_ACTIVATION_LEAKY) {
      fail(CD_INVALID, "%s: activation %d is not known", where, kind);
    }
    if (slope < 0.0f) fail(CD_INVALID, "%s: slope must be 0 or more, is %g", where, static_cast<double>(slope));
  }
};

Place place(const Check& check, int64_t n, int64_t channels, int64_t wide) {
  check.range(n, 0, UINT32_MAX - 8, "n");
  check.range(channels, 1, UINT32_MAX, "channels");
  check.range(wide, channels, UINT32_MAX, "wide");
  if (n % channels != 0) fail(CD_INVALID, "%s: n must be a multiple of the channels", check.where);
  return {n, static_cast<uint32_t>(channels), static_cast<uint32_t>(wide)};
}

bool joined(const Place& p, const void* a, const void* b) {
  bool whole = p.wide == p.channels ? p.n % 8 == 0 : p.channels % 8 == 0 && p.wide % 4 == 0;
  return whole && aligned(a) && aligned(b);
}

}  // namespace

int cd_gate_forward(cd_stream* stream, int kind, float alpha, float beta, int apply, int64_t rows, int64_t n,
                    int64_t channels, int64_t wide, float* y, uint8_t* bits) {
  return entry([&] {
    Check check(stream, "gate_forward");
    Range r(kind, alpha, beta, check.where);
    Place p = place(check, n, channels, wide);
    if (check.counts({rows, n}) == 0) return;
    check.data(y, "y");
    Activate body{r.lo, r.hi, r.slope, r.leaky, apply != 0, joined(p, y, nullptr), p, y, bits};
    forEachSpan(stream, rows, (n + 7) / 8, body, 8);
  });
}

int cd_gate_backward(cd_stream* stream, int kind, float alpha, float beta, int64_t rows, int64_t n, int64_t channels,
                     int64_t wide, const float* dy, const uint8_t* bits, float* g) {
  return entry([&] {
    Check check(stream, "gate_backward");
    Range r(kind, alpha, beta, check.where);
    Place p = place(check, n, channels, wide);
    if (check.counts({rows, n}) == 0) return;
    check.data(dy, "dy");
    check.data(bits, "bits");
    check.data(g, "g");
    forEachSpan(stream, rows, (n + 7) / 8, Deactivate{r.slope, joined(p, dy, g), p, dy, bits, g}, 8);
  });
}
