// Convolutions: oneDNN primitives of one image, and the entries.
#include "dense_conv.h"

#include <algorithm>
#include <memory>

using namespace candela;

namespace candela {
namespace {

constexpr int64_t kLargest = 1 << 24;
constexpr int64_t kFarStride = 64;
constexpr int64_t kElements = (int64_t{1} << 31) - 1;

class Direct : public Transpose {
 public:
  Direct(const Geometry& g, const float* weights)
      : shape(cpu(), dnnl::algorithm::convolution_direct, g.input(), g.anyWeights(), g.output(), g.strides(),
              g.dilations(), g.before(), g.after(),
              dnnl::convolution_forward::primitive_desc(
                  cpu(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, g.input(),
                  g.anyWeights(), g.output(), g.strides(), g.dilations(), g.before(), g.after(), attributes()),
              attributes()),
        primitive(shape),
        plain(g.weights()),
        packed(pack(plain, weights, shape.weights_desc())) {}

  void repack(const float* weights) override { packed = pack(plain, weights, shape.weights_desc()); }

  void run(Lane& lane, const float* g, float* dx) const override {
    primitive.execute(lane.queue,
                      {{DNNL_ARG_DIFF_DST, at(shape.diff_dst_desc(), g)},
                       {DNNL_ARG_WEIGHTS, packed},
                       {DNNL_ARG_DIFF_SRC, at(shape.diff_src_desc(), dx)},
                       {DNNL_ARG_SCRATCHPAD,
                        at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}});
  }

 private:
  dnnl::convolution_backward_data::primitive_desc shape;
  dnnl::convolution_backward_data primitive;
  Desc plain;
  dnnl::memory packed;
};

dnnl::primitive_attr steps(const Activation& activation, bool sum) {
  dnnl::primitive_attr result = attributes();
  dnnl::post_ops steps;
  if (sum) steps.append_sum(1);
  activation.append(steps);
  result.set_post_ops(steps);
  return result;
}

class DirectForward : public Forward {
 public:
  DirectForward(const Geometry& g, const float* weights, const float* bias, const Activation& activation, bool sum)
      : shape(cpu(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, g.input(), g.anyWeights(),
              bias == nullptr ? Desc() : Desc({g.oc}, F32, Tag::x), g.output(), g.strides(), g.dilations(), g.before(),
              g.after(), steps(activation, sum)),
        primitive(shape),
        plain(g.weights()),
        packed(pack(plain, weights, shape.weights_desc())),
        bias(bias) {}

  void run(Lane& lane, const float* x, float* y) const override {
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, at(shape.src_desc(), x)},
        {DNNL_ARG_WEIGHTS, packed},
        {DNNL_ARG_DST, at(shape.dst_desc(), y)},
        {DNNL_ARG_SCRATCHPAD, at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}};
    if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, at(shape.bias_desc(), bias));
    primitive.execute(lane.queue, arguments);
  }

  void repack(const float* weights) override { packed = pack(plain, weights, shape.weights_desc()); }

 private:
  dnnl::convolution_forward::primitive_desc shape;
  dnnl::convolution_forward primitive;
  Desc plain;
  dnnl::memory packed;
  const float* bias;
};

}  // namespace

Desc Geometry::weights() const {
  return groups == 1 ? Desc({oc, c, kh, kw}, F32, Tag::oihw)
                     : Desc({groups, oc / groups, c / groups, kh, kw}, F32, Tag::goihw);
}

Desc Geometry::anyWeights() const {
  return groups == 1 ? Desc({oc, c, kh, kw}, F32, Tag::any)
                     : Desc({groups, oc / groups, c / groups, kh, kw}, F32, Tag::any);
}

std::unique_ptr<Forward> forwardOf(const Geometry& g, const float* weights, const float* bias,
                                   const Activation& activation, bool sum, bool exact) {
  auto fast = exact ? nullptr : winogradForward(g, weights, bias, activation, sum);
  return fast != nullptr ? std::move(fast) : std::make_unique<DirectForward>(g, weights, bias, activation, sum);
}

std::unique_ptr<Transpose> transposeOf(const Geometry& geometry, const float* weights, bool exact) {
  auto few = transposeOfFewChannels(geometry, weights);
  if (few != nullptr) return few;
  auto fast = exact ? nullptr : winogradTranspose(geometry, weights);
  return fast != nullptr ? std::move(fast) : std::make_unique<Direct>(geometry, weights);
}

}  // namespace candela

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
  std::unique_ptr<Forward> direct;
  std::unique_ptr<Transpose> back;

  int64_t inputs() const { return transposed ? geometry.outputs() : geometry.inputs(); }
  int64_t outputs() const { return transposed ? geometry.inputs() : geometry.outputs(); }
  int64_t channels() const { return transposed ? geometry.c : geometry.oc; }
  int64_t pixels() const { return outputs() / channels(); }
  bool dense() const { return wide == channels(); }

  const Forward& makeDirect() {
    std::lock_guard lock(making);
    if (direct == nullptr) {
      OneThread one;
      direct = forwardOf(geometry, weights, transposed ? nullptr : bias, fused ? activation : Activation{},
                         fused && residual, exact && !transposed);
    }
    return *direct;
  }

  const Transpose& makeBack() {
    std::lock_guard lock(making);
    if (back == nullptr) {
      OneThread one;
      back = transposeOf(geometry, weights, exact && transposed);
    }
    return *back;
  }

  void forward(Lane& lane, const float* x, const float* add, float* y) const {
    if (fused) {
      if (add != nullptr && add != y) copy(outputs(), add, y);
      direct->run(lane, x, y);
      return;
    }
    float* sum = add == y ? lane.result.floats(outputs()) : y;
    if (transposed) {
      back->run(lane, x, sum);
    } else {
      direct->run(lane, x, sum);
    }
    if (add != nullptr) candela::add(outputs(), add == y ? sum : add, y);
    if (transposed && bias != nullptr) {
      for (int64_t p = 0; p < outputs(); p += channels()) candela::add(channels(), bias, y + p);
    }
    activation.apply(outputs(), y);
  }

  // To y, whose pixels are wide apart, through memory that stays in the cache.
  const float* forwardAmong(Lane& lane, const float* x, float* y) const {
    float* result = lane.result.floats(outputs());
    forward(lane, x, nullptr, result);
    for (int64_t p = 0; p < pixels(); p++) copy(channels(), result + p * channels(), y + p * wide);
    return result;
  }

  void backward(Lane& lane, const float* g, float* dx) const {
    if (transposed) {
      direct->run(lane, g, dx);
    } else {
      back->run(lane, g, dx);
    }
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
    if (conv->transposed) {
      conv->makeBack();
    } else {
      conv->makeDirect();
    }
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
    if (conv->direct != nullptr) conv->direct->repack(conv->weights);
    if (conv->back != nullptr) conv->back->repack(conv->weights);
  });
}

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
    int64_t in = conv->inputs();
    int64_t n = conv->outputs();
    int64_t bytes = (n + 7) / 8;
    parallel(stream, rows, [&](int64_t r, Lane& lane) {
      const float* dense = y + r * n;
      if (conv->dense()) {
        conv->forward(lane, x + r * in, residual == nullptr ? nullptr : residual + r * n, y + r * n);
      } else {
        dense = conv->forwardAmong(lane, x + r * in, y + r * conv->pixels() * conv->wide);
      }
      if (bits != nullptr) conv->activation.pack(n, dense, bits + r * bytes);
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
    if (dx != nullptr && conv->transposed) conv->makeDirect();
    if (dx != nullptr && !conv->transposed) conv->makeBack();
    int64_t in = conv->inputs();
    int64_t n = conv->outputs();
    int64_t bytes = (n + 7) / 8;
    parallel(stream, rows, [&](int64_t r, Lane& lane) {
      const float* g = dy + r * n;
      if (!conv->dense()) {
        float* gathered = lane.gradient.floats(n);
        const float* from = dy + r * conv->pixels() * conv->wide;
        int64_t channels = conv->channels();
        for (int64_t p = 0; p < conv->pixels(); p++) copy(channels, from + p * conv->wide, gathered + p * channels);
        g = gathered;
      }
      if (active) {
        bool inPlace = dresidual != nullptr && accumulateResidual == 0;
        float* masked = inPlace ? dresidual + r * n : lane.gradient.floats(n);
        conv->activation.mask(n, bits + r * bytes, g, masked);
        g = masked;
      }
      if (dx != nullptr && accumulate != 0) {
        float* result = lane.result.floats(in);
        conv->backward(lane, g, result);
        add(in, result, dx + r * in);
      } else if (dx != nullptr) {
        conv->backward(lane, g, dx + r * in);
      }
      // After dx, which it may be: conv(x) + x.
      if (dresidual != nullptr && g != dresidual + r * n) {
        if (accumulateResidual != 0) {
          add(n, g, dresidual + r * n);
        } else {
          copy(n, g, dresidual + r * n);
        }
      }
    });
  });
}
