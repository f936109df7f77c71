// Transpose of a convolution with few input channels: for some output rows at a time, products of their gradient with
// the weights [oc, kh*kw*c], each added to the pixels under its window, in order of the output pixels.
#include <cstring>
#include <memory>

#include "dense_conv.h"

namespace candela {
namespace {

constexpr int64_t kFew = 4;
constexpr int64_t kPixels = 256;

// Output rows at a time: the most that divide the image and have no more than kPixels pixels.
int64_t rowsAtATime(const Geometry& g) {
  int64_t best = 1;
  for (int64_t r = 2; r <= g.oh && r * g.ow <= kPixels; r++) {
    if (g.oh % r == 0) best = r;
  }
  return best;
}

// Adds the products of one output row to the pixels under its windows. Neighbouring windows overlap, and a load of what
// was just stored at another alignment stalls: so each pass takes windows that are apart.
__attribute__((always_inline)) inline void spreadRow(const Geometry& g, const float* __restrict__ from, int64_t wide,
                                                     float* __restrict__ to) {
  int64_t taps = g.kw * g.c;
  int64_t apart = (g.kw + g.sw - 1) / g.sw;
  for (int64_t a = 0; a < g.kh; a++) {
    for (int64_t first = 0; first < apart; first++) {
      for (int64_t ox = first; ox < g.ow; ox += apart) {
        const float* x = from + (ox * g.kh + a) * taps;
        float* y = to + a * wide + ox * g.sw * g.c;
        for (int64_t i = 0; i < taps; i++) y[i] += x[i];
      }
    }
  }
}

__attribute__((target("avx2"))) void spreadWide(const Geometry& g, const float* from, int64_t wide, float* to) {
  spreadRow(g, from, wide, to);
}

void spread(const Geometry& g, const float* from, int64_t wide, float* to) {
  if (__builtin_cpu_supports("avx2")) {
    spreadWide(g, from, wide, to);
  } else {
    spreadRow(g, from, wide, to);
  }
}

class FewChannels : public Pass {
 public:
  FewChannels(const Geometry& geometry, const Desc& layout)
      : g(geometry),
        rows(rowsAtATime(geometry)),
        taps(g.kw * g.c),
        shape(cpu(), Desc({rows * g.ow, g.oc}, F32, Tag::ab), layout, Desc({rows * g.ow, g.kh * taps}, F32, Tag::ab),
              attributes()),
        primitive(shape) {}

  static Desc anyLayout(const Geometry& g) { return Desc({g.oc, g.kh * g.kw * g.c}, F32, Tag::any); }

  void repack(const float* weights) override {
    packed = pack(Desc({g.oc, g.kh * taps}, F32, Tag::ab), channelsLast(weights).data(), shape.weights_desc());
  }

  std::unique_ptr<Pass> part(const Geometry& geometry) const override {
    auto result = std::make_unique<FewChannels>(geometry, shape.weights_desc());
    checkFast(result->shape);
    result->packed = packed;
    return result;
  }

  void run(Lane& lane, const float* gradient, float* dx) const override {
    int64_t wide = paddedWidth() * g.c;
    int64_t block = rows * g.ow * g.kh * taps;
    float* columns = lane.columns.floats(block + paddedHeight() * wide);
    float* padded = columns + block;
    std::memset(padded, 0, static_cast<size_t>(paddedHeight() * wide) * sizeof(float));
    for (int64_t top = 0; top < g.oh; top += rows) {
      primitive.execute(lane.queue,
                        {{DNNL_ARG_SRC, at(shape.src_desc(), gradient + top * g.ow * g.oc)},
                         {DNNL_ARG_WEIGHTS, packed},
                         {DNNL_ARG_DST, at(shape.dst_desc(), columns)},
                         {DNNL_ARG_SCRATCHPAD,
                          at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}});
      for (int64_t r = 0; r < rows; r++) {
        spread(g, columns + r * g.ow * g.kh * taps, wide, padded + (top + r) * g.sh * wide);
      }
    }
    for (int64_t y = 0; y < g.h; y++) copy(g.w * g.c, padded + (y + g.top) * wide + g.left * g.c, dx + y * g.w * g.c);
  }

 private:
  int64_t paddedHeight() const { return std::max(g.h + g.top, (g.oh - 1) * g.sh + g.kh); }
  int64_t paddedWidth() const { return std::max(g.w + g.left, (g.ow - 1) * g.sw + g.kw); }

  // [oc,c,kh,kw] as [oc,kh,kw,c].
  std::vector<float> channelsLast(const float* weights) const {
    std::vector<float> result(static_cast<size_t>(g.oc * g.kh * taps));
    size_t i = 0;
    for (int64_t o = 0; o < g.oc; o++) {
      for (int64_t k = 0; k < g.kh * g.kw; k++) {
        for (int64_t ch = 0; ch < g.c; ch++) result[i++] = weights[(o * g.c + ch) * g.kh * g.kw + k];
      }
    }
    return result;
  }

  Geometry g;
  int64_t rows;
  int64_t taps;
  dnnl::matmul::primitive_desc shape;
  dnnl::matmul primitive;
  dnnl::memory packed;
};

}  // namespace

std::unique_ptr<Pass> transposeOfFewChannels(const Geometry& g, const float* weights) {
  bool fits = g.groups == 1 && g.c <= kFew && g.dh == 1 && g.dw == 1 && g.oc >= 8;
  if (!fits) return nullptr;
  auto result = std::make_unique<FewChannels>(g, FewChannels::anyLayout(g));
  result->repack(weights);
  return result;
}

}  // namespace candela
