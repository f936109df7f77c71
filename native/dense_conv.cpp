// Convolutions: which pass computes one, what comes before and after it, and the entries.
#include "dense_conv.h"

#include <algorithm>
#include <memory>

using namespace candela;

namespace candela {
namespace {

constexpr int64_t kLargest = 1 << 24;
constexpr int64_t kFarStride = 64;
constexpr int64_t kElements = (int64_t{1} << 31) - 1;

}  // namespace

Desc Geometry::weights() const {
  return groups == 1 ? Desc({oc, c, kh, kw}, F32, Tag::oihw)
                     : Desc({groups, oc / groups, c / groups, kh, kw}, F32, Tag::goihw);
}

Desc Geometry::anyWeights() const {
  return groups == 1 ? Desc({oc, c, kh, kw}, F32, Tag::any)
                     : Desc({groups, oc / groups, c / groups, kh, kw}, F32, Tag::any);
}

std::unique_ptr<Pass> forwardOf(const Geometry& g, const float* weights, const float* bias,
                                const Activation& activation, bool sum, bool exact) {
  auto fast = exact ? nullptr : winogradForward(g, weights, bias, activation, sum);
  return fast != nullptr ? std::move(fast) : directForward(g, weights, bias, activation, sum);
}

std::unique_ptr<Pass> transposeOf(const Geometry& g, const float* weights, bool exact) {
  auto few = transposeOfFewChannels(g, weights);
  if (few != nullptr) return few;
  auto fast = exact ? nullptr : winogradTranspose(g, weights);
  return fast != nullptr ? std::move(fast) : directTranspose(g, weights);
}

}  // namespace candela

// A pass of an image, once it is made, and the same in strips, where it is cut.
struct Work {
  std::vector<Strip> whole;
  std::vector<Strip> strips;

  void repack(const float* weights) {
    strips.clear();
    for (Strip& strip : whole) strip.pass->repack(weights);
  }
};

// A transposed convolution is kept as the convolution that it transposes: forward and backward change places.
struct cd_conv {
  Geometry geometry;
  bool transposed;
  bool residual;
  Activation activation;
  const float* weights;
  const float* bias;
  int64_t wide;
  bool exact;
  bool fused;  // residual and activation are added by oneDNN
  std::mutex making;
  Work direct;
  Work back;

  int64_t inputs() const { return transposed ? geometry.outputs() : geometry.inputs(); }
  int64_t outputs() const { return transposed ? geometry.inputs() : geometry.outputs(); }
  int64_t channels() const { return transposed ? geometry.c : geometry.oc; }
  int64_t pixels() const { return outputs() / channels(); }
  bool dense() const { return wide == channels(); }

  // What oneDNN has not added to sums.
  void finish(int64_t n, float* y) const {
    for (int64_t p = 0; transposed && bias != nullptr && p < n; p += channels()) add(channels(), bias, y + p);
    activation.apply(n, y);
  }

  // Makes a direction's pass where it is missing.
  Work& make(bool forward) {
    OneThread one;
    bool turned = forward == transposed;
    Work& work = turned ? back : direct;
    if (!work.whole.empty()) return work;
    if (turned) {
      work.whole.push_back({0, 0, geometry.inputs(), transposeOf(geometry, weights, exact && transposed)});
    } else {
      work.whole.push_back({0, 0, geometry.outputs(),
                            forwardOf(geometry, weights, transposed ? nullptr : bias, fused ? activation : Activation{},
                                      fused && residual, exact && !transposed)});
    }
    return work;
  }

  // What threads share: the image where each has images of its own.
  const std::vector<Strip>& strips(bool forward, int64_t rows, int threads) {
    std::lock_guard lock(making);
    Work& work = make(forward);
    return isFew(rows, threads) && !work.strips.empty() ? work.strips : work.whole;
  }

  // Cuts a direction's pass; gives how many strips there are, 1 for the whole image.
  int cut(bool forward, int threads) {
    std::lock_guard lock(making);
    Work& work = make(forward);
    if (work.strips.empty()) work.strips = stripsOf(*work.whole[0].pass, geometry, forward == transposed, threads);
    return std::max(1, static_cast<int>(work.strips.size()));
  }
};

namespace {

// Before AVX, oneDNN's depthwise kernels add to y at 16-byte boundaries only and crash elsewhere.
bool sumsAnywhere() { return dnnl::get_effective_cpu_isa() != dnnl::cpu_isa::sse41; }

int64_t length(int64_t in, int64_t before, int64_t after, int64_t taps, int64_t stride, int64_t dilation) {
  int64_t rest = in + before + after - (taps - 1) * dilation - 1;
  return rest < 0 ? 0 : rest / stride + 1;
}

// Steps over the whole image, from padding to padding: oneDNN's code for backward crashes where there are many.
void checkStride(int64_t stride, int64_t image, int64_t out, const char* where) {
  if (out > 1 && stride > std::max(image, kFarStride)) {
    fail(CD_INVALID, "%s: a stride of %lld is longer than the image, %lld; at most %lld is supported then", where,
         static_cast<long long>(stride), static_cast<long long>(image), static_cast<long long>(kFarStride));
  }
}

}  // namespace

Geometry candela::readGeometry(const int* s, const char* where) {
  static const char* const names[] = {"h",  "w",  "c",       "oc",       "kh",         "kw",       "stride down",
                                      "stride across", "dilation down", "dilation across"};
  for (int i = 0; i < 10; i++) checkRange(s[i], 1, kLargest, where, names[i]);
  for (int i = 10; i < 14; i++) checkRange(s[i], 0, kLargest, where, "padding");
  checkRange(s[14], 1, kLargest, where, "groups");
  checkRange(s[15], 0, 1, where, "transposed");
  if (s[2] % s[14] != 0 || s[3] % s[14] != 0) {
    fail(CD_INVALID, "%s: %d groups must divide c = %d and oc = %d", where, s[14], s[2], s[3]);
  }
  Geometry g{s[0], s[1], s[2], 0, 0, s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], s[13], s[14]};
  if (s[15] != 0) {
    checkRange(s[16], 0, kLargest, where, "output padding");
    checkRange(s[17], 0, kLargest, where, "output padding");
    std::swap(g.c, g.oc);
    g.oh = g.h;
    g.ow = g.w;
    g.h = (g.oh - 1) * g.sh + (g.kh - 1) * g.dh + 1 + s[16] - g.top - g.bottom;
    g.w = (g.ow - 1) * g.sw + (g.kw - 1) * g.dw + 1 + s[17] - g.left - g.right;
    // oneDNN derives the size from the paddings: the last rows that no tap reaches are taken as padded away.
    g.bottom -= g.sh == 1 ? s[16] : 0;
    g.right -= g.sw == 1 ? s[17] : 0;
    if (g.bottom < 0 || g.right < 0 || (s[16] >= g.sh && s[16] > 0) || (s[17] >= g.sw && s[17] > 0)) {
      fail(CD_INVALID, "%s: output padding must be below the stride", where);
    }
  } else {
    g.oh = length(g.h, g.top, g.bottom, g.kh, g.sh, g.dh);
    g.ow = length(g.w, g.left, g.right, g.kw, g.sw, g.dw);
  }
  if (g.h < 1 || g.w < 1 || g.oh < 1 || g.ow < 1) {
    fail(CD_INVALID, "%s: the kernel does not fit the padded input: output would be empty", where);
  }
  int64_t taps = g.kh * g.kw;
  bool fits = g.h <= kElements / g.w && g.h * g.w <= kElements / g.c && g.oh <= kElements / g.ow &&
              g.oh * g.ow <= kElements / g.oc && taps <= kElements / g.c && taps * g.c <= kElements / g.oc;
  if (!fits) fail(CD_INVALID, "%s: an image or the weights have more than 2^31 - 1 elements", where);
  // Steps that lead nowhere: oneDNN's generated code adds them up in 32 bits and reads elsewhere.
  g.sh = std::min(g.sh, g.h + g.top + g.bottom - (g.kh - 1) * g.dh);
  g.sw = std::min(g.sw, g.w + g.left + g.right - (g.kw - 1) * g.dw);
  checkStride(g.sh, g.h, g.oh, where);
  checkStride(g.sw, g.w, g.ow, where);
  if (g.kh == 1) g.dh = 1;
  if (g.kw == 1) g.dw = 1;
  return g;
}

int cd_conv_create(const int* shape, const float* weights, const float* bias, int activation, float alpha, float beta,
                   int residual, int64_t wide, int exact, cd_conv** out) {
  return denseEntry("conv_create", [&](const char* where) {
    checkPointer(shape, where, "shape");
    checkPointer(weights, where, "weights");
    checkPointer(out, where, "out");
    std::unique_ptr<cd_conv> conv(new cd_conv{readGeometry(shape, where), shape[15] != 0, residual != 0,
                                              Activation::of(activation, alpha, beta, where), weights, bias, wide, exact != 0,
                                              shape[15] == 0 && (residual == 0 || sumsAnywhere()), {}, {}, {}});
    checkRange(wide, conv->channels(), kElements / conv->pixels(), where, "wide");
    if (!conv->dense() && (conv->transposed || conv->residual)) {
      fail(CD_INVALID, "%s: channels among others need a plain convolution without residual", where);
    }
    conv->make(true);
    *out = conv.release();
  });
}

int cd_conv_destroy(cd_conv* conv) {
  return entry([&] { delete conv; });
}

int cd_conv_update(cd_conv* conv) {
  return denseEntry("conv_update", [&](const char* where) {
    checkPointer(conv, where, "conv");
    std::lock_guard lock(conv->making);
    OneThread one;
    conv->direct.repack(conv->weights);
    conv->back.repack(conv->weights);
  });
}

int cd_conv_cut(cd_stream* stream, cd_conv* conv, int backward, int* strips) {
  return denseEntry("conv_cut", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(conv, where, "conv");
    checkRange(backward, 0, 1, where, "backward");
    checkPointer(strips, where, "strips");
    *strips = conv->cut(backward == 0, stream->threads);
  });
}

namespace {

// Some pixels of an image, in eights: bits of neighbours share no byte.
struct Share {
  int64_t index, count;

  int64_t begin(int64_t pixels) const { return (pixels + 7) / 8 * index / count * 8; }
  int64_t end(int64_t pixels) const { return std::min(pixels, Share{index + 1, count}.begin(pixels)); }
};

}  // namespace

int cd_conv_forward(cd_stream* stream, cd_conv* conv, int64_t rows, const float* x, const float* residual, float* y,
                    uint8_t* bits) {
  return denseEntry("conv_forward", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(conv, where, "conv");
    checkCount(rows, where, "rows");
    checkPointer(x, where, "x");
    checkPointer(y, where, "y");
    if (conv->residual != (residual != nullptr)) {
      fail(CD_INVALID, "%s: residual must be %s, as conv_create was told", where, conv->residual ? "given" : "NULL");
    }
    int64_t in = conv->inputs(), n = conv->outputs(), channels = conv->channels(), wide = conv->wide;
    // Sums that must not be written where the residual still is, or that stand among others afterwards.
    bool apart = !conv->dense() || (!conv->fused && residual == y);
    const std::vector<Strip>& strips = conv->strips(true, rows, stream->threads);
    auto parts = static_cast<int64_t>(strips.size());
    parallel(stream, rows * parts, [&](int64_t i, Lane& lane) {
      const Strip& strip = strips[static_cast<size_t>(i % parts)];
      int64_t r = i / parts, first = r * n + strip.to, count = strip.count;
      const float* added = residual == nullptr ? nullptr : residual + first;
      float* sums = apart ? lane.room.floats(count) : y + first;
      if (conv->fused && added != nullptr && added != sums) copy(count, added, sums);
      strip.pass->run(lane, x + r * in + strip.from, sums);
      if (!conv->fused) {
        if (added != nullptr) add(count, apart ? sums : added, y + first);
        conv->finish(count, y + first);
      }
      for (int64_t p = 0; !conv->dense() && p < count / channels; p++) {
        copy(channels, sums + p * channels, y + (first / channels + p) * wide);
      }
      if (bits == nullptr) return;
      conv->activation.pack(count, conv->dense() ? y + first : sums, bits + r * ((n + 7) / 8) + strip.to / 8);
    });
  });
}

int cd_conv_backward(cd_stream* stream, cd_conv* conv, int64_t rows, const float* dy, const uint8_t* bits,
                     int accumulate, float* dx, int accumulateResidual, float* dresidual) {
  return denseEntry("conv_backward", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(conv, where, "conv");
    checkCount(rows, where, "rows");
    checkPointer(dy, where, "dy");
    bool active = bits != nullptr && !conv->activation.none();
    int64_t in = conv->inputs(), n = conv->outputs(), channels = conv->channels(), pixels = n / channels;
    bool inPlace = active && dresidual != nullptr && accumulateResidual == 0;
    bool apart = !inPlace && (active || !conv->dense());
    auto prepare = [&](int64_t r, Share share, float* g) {
      int64_t first = share.begin(pixels), last = share.end(pixels);
      int64_t begin = first * channels, count = (last - first) * channels;
      const float* from = dy + r * n;
      for (int64_t p = first; !conv->dense() && p < last; p++) {
        copy(channels, dy + (r * pixels + p) * conv->wide, g + p * channels);
        from = g;
      }
      if (active) conv->activation.mask(count, bits + r * ((n + 7) / 8) + begin / 8, from + begin, g + begin);
    };
    auto run = [&](int64_t r, const Strip& strip, const float* g, Lane& lane) {
      float* to = dx + r * in + strip.to;
      float* sums = accumulate != 0 ? lane.result.floats(strip.count) : to;
      strip.pass->run(lane, g + strip.from, sums);
      if (accumulate != 0) add(strip.count, sums, to);
    };
    auto pass = [&](int64_t r, Share share, const float* g) {
      int64_t begin = share.begin(pixels) * channels, end = share.end(pixels) * channels;
      float* to = dresidual + r * n + begin;
      if (accumulateResidual != 0) {
        add(end - begin, g + begin, to);
      } else if (g + begin != to) {
        copy(end - begin, g + begin, to);
      }
    };
    // The residual's gradient comes after dx, which it may be: conv(x) + x.
    bool passes = dresidual != nullptr && !inPlace;
    static const std::vector<Strip> none;
    const std::vector<Strip>& strips = dx == nullptr ? none : conv->strips(false, rows, stream->threads);
    auto parts = static_cast<int64_t>(strips.size());
    if (parts <= 1) {
      parallel(stream, rows, [&](int64_t r, Lane& lane) {
        float* room = apart ? lane.room.floats(n) : inPlace ? dresidual + r * n : nullptr;
        if (room != nullptr) prepare(r, Share{0, 1}, room);
        const float* g = room != nullptr ? room : dy + r * n;
        if (parts == 1) run(r, strips[0], g, lane);
        if (passes) pass(r, Share{0, 1}, g);
      });
      return;
    }
    int64_t shares = stream->threads;
    float* room = apart ? workspace(stream).shared.floats(rows * n) : inPlace ? dresidual : nullptr;
    const float* g = room != nullptr ? room : dy;
    auto byShares = [&](const auto& body) {
      parallel(stream, rows * shares, [&](int64_t i, Lane&) { body(i / shares, Share{i % shares, shares}); });
    };
    if (room != nullptr) byShares([&](int64_t r, Share share) { prepare(r, share, room + r * n); });
    parallel(stream, rows * parts, [&](int64_t i, Lane& lane) {
      run(i / parts, strips[static_cast<size_t>(i % parts)], g + i / parts * n, lane);
    });
    if (passes) byShares([&](int64_t r, Share share) { pass(r, share, g + r * n); });
  });
}
