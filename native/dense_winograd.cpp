// Convolutions of 3 x 3 taps one pixel apart by Winograd's minimal filtering F(2x2,3x3): 16 products for 2 x 2 outputs
// instead of 36. Transforms add and halve only, which keeps the error within a few times that of the plain sum.
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (CVPR 2016), section 4.1:
//   Y = At [(G g Gt) * (Bt d B)] A for tiles d of 4 x 4 inputs, two apart.
#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "dense_conv.h"

namespace candela {
namespace {

// Channels that one step takes.
constexpr int64_t kWide = 8;
typedef float Vector __attribute__((vector_size(kWide * sizeof(float)), aligned(4), may_alias));

constexpr int64_t kPoints = 16;

// Tiles at a time: what they take stays in the cache, and every weight that is read meets enough of them.
constexpr int64_t kFloats = 320 * 1024;
constexpr int64_t kLeastTiles = 32;

// y = act(conv(x) + bias (+ y)) of h,w,c to oh,ow,oc.
class Winograd {
 public:
  Winograd(const Geometry& geometry, const Desc& layout, const float* bias, const Activation& activation, bool sum)
      : g(geometry),
        across((g.ow + 1) / 2),
        tiles((g.oh + 1) / 2 * across),
        block(blockOf(g, tiles)),
        shape(cpu(), Desc({kPoints, block, g.c}, F32, Dims{g.c, kPoints * g.c, 1}), layout,
              Desc({kPoints, block, g.oc}, F32, Dims{g.oc, kPoints * g.oc, 1}), attributes()),
        primitive(shape),
        bias(bias),
        activation(activation),
        sum(sum),
        zeros(static_cast<size_t>(g.c)) {}

  static Desc anyLayout(const Geometry& g) { return Desc({kPoints, g.c, g.oc}, F32, Tag::any); }

  std::unique_ptr<Winograd> part(const Geometry& geometry) const {
    auto result = std::make_unique<Winograd>(geometry, shape.weights_desc(), bias, activation, sum);
    checkFast(result->shape);
    result->packed = packed;
    return result;
  }

  // weight(o, c, tap): tap = 3 * row + column.
  template <class Weight>
  void repack(const Weight& weight) {
    std::vector<float> u(static_cast<size_t>(kPoints * g.c * g.oc));
    for (int64_t c = 0; c < g.c; c++) {
      for (int64_t o = 0; o < g.oc; o++) {
        float taps[9];
        for (int t = 0; t < 9; t++) taps[t] = weight(o, c, t);
        float point[kPoints];
        ofTaps(taps, point);
        for (int64_t p = 0; p < kPoints; p++) u[static_cast<size_t>((p * g.c + c) * g.oc + o)] = point[p];
      }
    }
    packed = pack(Desc({kPoints, g.c, g.oc}, F32, Tag::abc), u.data(), shape.weights_desc());
  }

  void run(Lane& lane, const float* x, float* y) const {
    float* in = lane.columns.floats(block * kPoints * (g.c + g.oc));
    float* out = in + block * kPoints * g.c;
    for (int64_t first = 0; first < tiles; first += block) {
      int64_t count = std::min(block, tiles - first);
      gather(first, count, x, in);
      primitive.execute(lane.queue,
                        {{DNNL_ARG_SRC, at(shape.src_desc(), in)},
                         {DNNL_ARG_WEIGHTS, packed},
                         {DNNL_ARG_DST, at(shape.dst_desc(), out)},
                         {DNNL_ARG_SCRATCHPAD,
                          at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}});
      spread(first, count, out, y);
    }
  }

 private:
  static int64_t blockOf(const Geometry& g, int64_t tiles) {
    int64_t most = std::max(kLeastTiles, kFloats / (kPoints * (g.c + g.oc)));
    int64_t blocks = (tiles + most - 1) / most;
    return (tiles + blocks - 1) / blocks;
  }

  // G g Gt with G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1].
  static void ofTaps(const float* taps, float* point) {
    float rows[4][3];
    for (int j = 0; j < 3; j++) {
      float a = taps[j], b = taps[3 + j], c = taps[6 + j];
      rows[0][j] = a;
      rows[1][j] = (a + b + c) * 0.5f;
      rows[2][j] = (a - b + c) * 0.5f;
      rows[3][j] = c;
    }
    for (int i = 0; i < 4; i++) {
      float a = rows[i][0], b = rows[i][1], c = rows[i][2];
      point[4 * i] = a;
      point[4 * i + 1] = (a + b + c) * 0.5f;
      point[4 * i + 2] = (a - b + c) * 0.5f;
      point[4 * i + 3] = c;
    }
  }

  void gather(int64_t first, int64_t count, const float* x, float* in) const {
    bool wide = __builtin_cpu_supports("avx2") != 0;
    for (int64_t t = 0; t < count; t++) {
      int64_t row = (first + t) / across * 2 - g.top, column = (first + t) % across * 2 - g.left;
      const float* from[kPoints];
      for (int64_t i = 0; i < 4; i++) {
        for (int64_t j = 0; j < 4; j++) {
          bool inside = row + i >= 0 && row + i < g.h && column + j >= 0 && column + j < g.w;
          from[4 * i + j] = inside ? x + ((row + i) * g.w + column + j) * g.c : zeros.data();
        }
      }
      float* to = in + t * kPoints * g.c;
      if (wide) {
        ofInputsWide(g.c, from, to);
      } else {
        ofInputs(g.c, from, to);
      }
    }
  }

  void spread(int64_t first, int64_t count, const float* out, float* y) const {
    bool wide = __builtin_cpu_supports("avx2") != 0;
    for (int64_t t = 0; t < count; t++) {
      int64_t row = (first + t) / across * 2, column = (first + t) % across * 2;
      float* to[4];
      for (int64_t k = 0; k < 4; k++) {
        bool inside = row + k / 2 < g.oh && column + k % 2 < g.ow;
        to[k] = inside ? y + ((row + k / 2) * g.ow + column + k % 2) * g.oc : nullptr;
      }
      const float* from = out + t * kPoints * g.oc;
      if (wide) {
        toOutputsWide(*this, from, to);
      } else {
        toOutputs(*this, from, to);
      }
    }
  }

  // Bt d B with Bt = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
  __attribute__((always_inline)) static void ofInputs(int64_t n, const float* const* from, float* to) {
    for (int64_t c = 0; c < n; c += kWide) {
      Vector rows[4][4];
      for (int j = 0; j < 4; j++) {
        Vector a = load(from[j] + c), b = load(from[4 + j] + c), d = load(from[8 + j] + c), e = load(from[12 + j] + c);
        rows[0][j] = a - d;
        rows[1][j] = b + d;
        rows[2][j] = d - b;
        rows[3][j] = b - e;
      }
      for (int i = 0; i < 4; i++) {
        store(rows[i][0] - rows[i][2], to + (4 * i) * n + c);
        store(rows[i][1] + rows[i][2], to + (4 * i + 1) * n + c);
        store(rows[i][2] - rows[i][1], to + (4 * i + 2) * n + c);
        store(rows[i][1] - rows[i][3], to + (4 * i + 3) * n + c);
      }
    }
  }

  // At m A with At = [1 1 1 0; 0 1 -1 -1], then what comes behind the sum.
  __attribute__((always_inline)) static void toOutputs(const Winograd& w, const float* from, float* const* to) {
    int64_t n = w.g.oc;
    for (int64_t c = 0; c < n; c += kWide) {
      Vector rows[2][4];
      for (int j = 0; j < 4; j++) {
        Vector a = load(from + j * n + c), b = load(from + (4 + j) * n + c), d = load(from + (8 + j) * n + c);
        rows[0][j] = a + b + d;
        rows[1][j] = b - d - load(from + (12 + j) * n + c);
      }
      Vector shift = {};
      if (w.bias != nullptr) shift = load(w.bias + c);
      for (int i = 0; i < 2; i++) {
        if (to[2 * i] == nullptr) continue;
        w.finish(rows[i][0] + rows[i][1] + rows[i][2] + shift, to[2 * i] + c);
        if (to[2 * i + 1] == nullptr) continue;
        w.finish(rows[i][1] - rows[i][2] - rows[i][3] + shift, to[2 * i + 1] + c);
      }
    }
  }

  __attribute__((always_inline)) void finish(const Vector& sums, float* y) const {
    Vector v = sums;
    if (sum) v += load(y);
    Vector lo = Vector{} + activation.lo, hi = Vector{} + activation.hi;
    if (activation.kind == CD_ACTIVATION_LEAKY) {
      v = v < 0 ? v * activation.slope : v;
    } else if (activation.kind != CD_ACTIVATION_NONE) {
      v = v < lo ? lo : v > hi ? hi : v;
    }
    store(v, y);
  }

  __attribute__((target("avx2"))) static void ofInputsWide(int64_t n, const float* const* from, float* to) {
    ofInputs(n, from, to);
  }

  __attribute__((target("avx2"))) static void toOutputsWide(const Winograd& w, const float* from, float* const* to) {
    toOutputs(w, from, to);
  }

  __attribute__((always_inline)) static const Vector& load(const float* x) { return *reinterpret_cast<const Vector*>(x); }
  __attribute__((always_inline)) static void store(const Vector& v, float* y) { *reinterpret_cast<Vector*>(y) = v; }

  Geometry g;
  int64_t across;
  int64_t tiles;
  int64_t block;
  dnnl::matmul::primitive_desc shape;
  dnnl::matmul primitive;
  dnnl::memory packed;
  const float* bias;
  Activation activation;
  bool sum;
  std::vector<float> zeros;
};

// Where it was faster than the plain sum: fewer channels or tiles leave products too small.
bool fits(const Geometry& g) {
  bool taps = g.kh == 3 && g.kw == 3 && g.sh == 1 && g.sw == 1 && g.dh == 1 && g.dw == 1 && g.groups == 1;
  bool channels = g.c % kWide == 0 && g.oc % kWide == 0 && g.c >= 32 && g.oc >= 32;
  return taps && channels && ((g.oh + 1) / 2) * ((g.ow + 1) / 2) >= kLeastTiles;
}

struct Plain {
  const float* weights;
  int64_t c;
  float operator()(int64_t o, int64_t i, int t) const { return weights[(o * c + i) * 9 + t]; }
};

struct Turned {
  const float* weights;
  int64_t c;
  float operator()(int64_t o, int64_t i, int t) const { return weights[(i * c + o) * 9 + 8 - t]; }
};

class WinogradForward : public Pass {
 public:
  explicit WinogradForward(std::unique_ptr<Winograd> conv, int64_t c) : conv(std::move(conv)), c(c) {}
  void run(Lane& lane, const float* x, float* y) const override { conv->run(lane, x, y); }
  void repack(const float* weights) override { conv->repack(Plain{weights, c}); }
  std::unique_ptr<Pass> part(const Geometry& g) const override {
    return std::make_unique<WinogradForward>(conv->part(g), c);
  }

 private:
  std::unique_ptr<Winograd> conv;
  int64_t c;
};

class WinogradTranspose : public Pass {
 public:
  explicit WinogradTranspose(std::unique_ptr<Winograd> conv, int64_t c) : conv(std::move(conv)), c(c) {}
  void run(Lane& lane, const float* g, float* dx) const override { conv->run(lane, g, dx); }
  void repack(const float* weights) override { conv->repack(Turned{weights, c}); }
  std::unique_ptr<Pass> part(const Geometry& g) const override {
    return std::make_unique<WinogradTranspose>(conv->part(turned(g)), c);
  }

  // The convolution that gives dx: taps turned about their middle.
  static Geometry turned(const Geometry& g) {
    Geometry t = g;
    std::swap(t.h, t.oh);
    std::swap(t.w, t.ow);
    std::swap(t.c, t.oc);
    t.top = 2 - g.top;
    t.left = 2 - g.left;
    t.bottom = 2 - g.bottom;
    t.right = 2 - g.right;
    return t;
  }

 private:
  std::unique_ptr<Winograd> conv;
  int64_t c;
};

template <class WinogradPass>
std::unique_ptr<Pass> make(const Geometry& g, const float* weights, int64_t c, const float* bias,
                           const Activation& activation, bool sum) {
  auto conv = std::make_unique<Winograd>(g, Winograd::anyLayout(g), bias, activation, sum);
  auto result = std::make_unique<WinogradPass>(std::move(conv), c);
  result->repack(weights);
  return result;
}

}  // namespace

std::unique_ptr<Pass> winogradForward(const Geometry& g, const float* weights, const float* bias,
                                      const Activation& activation, bool sum) {
  return fits(g) ? make<WinogradForward>(g, weights, g.c, bias, activation, sum) : nullptr;
}

std::unique_ptr<Pass> winogradTranspose(const Geometry& g, const float* weights) {
  if (g.top > 2 || g.left > 2 || g.bottom > 2 || g.right > 2) return nullptr;
  Geometry turned = WinogradTranspose::turned(g);
  return fits(turned) ? make<WinogradTranspose>(turned, weights, g.c, nullptr, {}, false) : nullptr;
}

}  // namespace candela
