// Activations behind a convolution or product, and the bits by which their gradients pass.
#include "check.cuh"
#include "gate.cuh"
#include "launch.cuh"
#include "storage.cuh"

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

template <class T>
struct Activate {
  GateRange range;
  bool apply, joined;
  Place place;
  T* y;
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
  BOTH uint8_t eight(T* at) const {
    Quad v[2] = {quadAt(at), quadAt(at + 4)};
    uint8_t set = 0;
    for (int k = 0; k < 8; k++) {
      float z = v[k / 4].v[k % 4];
      set = static_cast<uint8_t>(set | (range.passes(z) ? 1 << k : 0));
      v[k / 4].v[k % 4] = range.after(z);
    }
    if (apply) {
      putQuad(at, v[0]);
      putQuad(at + 4, v[1]);
    }
    return set;
  }

  BOTH uint8_t each(int64_t row, uint32_t first) const {
    uint8_t set = 0;
    for (uint32_t k = 0; k < 8 && first + k < place.n; k++) {
      T* at = y + place.of(row, first + k);
      float z = *at;
      set = static_cast<uint8_t>(set | (range.passes(z) ? 1 << k : 0));
      if (apply) *at = range.after(z);
    }
    return set;
  }
};

template <class T>
struct Deactivate {
  GateRange range;
  bool joined;
  Place place;
  const T* dy;
  const uint8_t* bits;
  T* g;

  // A span counts bytes of bits.
  BOTH void operator()(const Span& s) const {
    int64_t bytes = (place.n + 7) / 8;
    for (int64_t b = s.begin; b < s.end; b++) {
      uint32_t first = static_cast<uint32_t>(8 * b);
      uint8_t set = bits[s.row * bytes + b];
      T* out = g + s.row * place.n + first;
      if (joined) {
        eight(dy + place.of(s.row, first), set, out);
        continue;
      }
      for (uint32_t k = 0; k < 8 && first + k < place.n; k++) {
        out[k] = range.through(dy[place.of(s.row, first + k)], (set >> k & 1) != 0);
      }
    }
  }

  BOTH void eight(const T* in, uint8_t set, T* out) const {
    Quad v[2] = {quadAt(in), quadAt(in + 4)};
    for (uint32_t k = 0; k < 8; k++) v[k / 4].v[k % 4] = range.through(v[k / 4].v[k % 4], (set >> k & 1) != 0);
    putQuad(out, v[0]);
    putQuad(out + 4, v[1]);
  }
};

// 16 bytes of g, by what the activation left in y.
template <class T>
struct Sift {
  static constexpr int64_t kEach = 16 / sizeof(T);
  GateRange range;
  bool joined;
  int64_t n;
  const T* y;
  T* g;

  BOTH void operator()(int64_t b) const {
    int64_t first = kEach * b;
    if (!joined || first + kEach > n) {
      for (int64_t i = first; i < first + kEach && i < n; i++) g[i] = range.through(g[i], range.passes(y[i]));
      return;
    }
    for (int64_t i = first; i < first + kEach; i += 4) {
      Quad by = quadAt(y + i), v = quadAt(g + i);
      for (int k = 0; k < 4; k++) v.v[k] = range.through(v.v[k], range.passes(by.v[k]));
      putQuad(g + i, v);
    }
  }
};

Place place(const Check& check, int64_t n, int64_t channels, int64_t wide) {
  check.range(n, 0, UINT32_MAX - 8, "n");
  check.range(channels, 1, UINT32_MAX, "channels");
  check.range(wide, channels, UINT32_MAX, "wide");
  if (n % channels != 0) fail(CD_INVALID, "%s: n must be a multiple of the channels", check.where);
  return {n, static_cast<uint32_t>(channels), static_cast<uint32_t>(wide)};
}

template <class T>
bool joined(const Place& p, const T* a, const T* b) {
  bool whole = p.wide == p.channels ? p.n % 8 == 0 : p.channels % 8 == 0 && p.wide % 4 == 0;
  return whole && alignedQuads(a) && alignedQuads(b);
}

}  // namespace

int cd_gate_forward(cd_stream* stream, int type, int kind, float alpha, float beta, int apply, int64_t rows, int64_t n,
                    int64_t channels, int64_t wide, void* y, uint8_t* bits) {
  return entry([&] {
    Check check(stream, "gate_forward");
    GateRange r(kind, alpha, beta, check.where);
    Place p = place(check, n, channels, wide);
    if (check.counts({rows, n}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      auto out = as(y, t);
      check.data(out, "y");
      bool whole = joined(p, out, out);
      Activate<decltype(t)> body{r.heldAs<decltype(t)>(), apply != 0, whole, p, out, bits};
      forEachSpan(stream, rows, (n + 7) / 8, body, 8);
    });
  });
}

int cd_gate_backward(cd_stream* stream, int type, int kind, float alpha, float beta, int64_t rows, int64_t n,
                     int64_t channels, int64_t wide, const void* dy, const uint8_t* bits, void* g) {
  return entry([&] {
    Check check(stream, "gate_backward");
    GateRange r(kind, alpha, beta, check.where);
    Place p = place(check, n, channels, wide);
    if (check.counts({rows, n}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      auto in = as(dy, t);
      auto out = as(g, t);
      check.data(in, "dy");
      check.data(bits, "bits");
      check.data(out, "g");
      Deactivate<decltype(t)> body{r.heldAs<decltype(t)>(), joined<decltype(t)>(p, in, out), p, in, bits, out};
      forEachSpan(stream, rows, (n + 7) / 8, body, 8);
    });
  });
}

int cd_gate_sift(cd_stream* stream, int type, int kind, float alpha, float beta, int64_t n, const void* y, void* g) {
  return entry([&] {
    Check check(stream, "gate_sift");
    GateRange r(kind, alpha, beta, check.where);
    if (check.counts({n}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      auto by = as(y, t);
      auto out = as(g, t);
      check.data(by, "y");
      check.data(out, "g");
      Sift<decltype(t)> body{r.heldAs<decltype(t)>(), alignedQuads(by) && alignedQuads(out), n, by, out};
      forEach(stream, (n + body.kEach - 1) / body.kEach, body, body.kEach);
    });
  });
}
