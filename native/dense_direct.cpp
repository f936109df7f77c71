// Convolutions by oneDNN.
#include <memory>
#include <string>

#include "dense_conv.h"

namespace candela {
namespace {

// Whether some column of the output lies in the padding with its whole window.
bool hasEmptyColumn(const Geometry& g) {
  for (int64_t x = 0; x < g.ow; x++) {
    int64_t first = x * g.sw - g.left;
    int64_t tap = first < 0 ? (g.dw - 1 - first) / g.dw : 0;
    if (tap >= g.kw || first + tap * g.dw >= g.w) return true;
  }
  return false;
}

// What oneDNN 3.13's brgemm convolution does not do, while the next implementation does. It gives wrong sums for one channel
// where rows have one pixel of output and the window would step on; it adds y twice beside padding where it steps over
// pixels; and it crashes where all columns of a window are padding (github.com/uxlfoundation/oneDNN, issue 5942).
bool isWrong(const Geometry& g, bool sum, const dnnl::convolution_forward::primitive_desc& shape) {
  if (std::string(shape.impl_info_str()).find("brg_conv") == std::string::npos) return false;
  return (g.c == 1 && g.ow == 1 && g.sw > 1) || (sum && g.sw > 1 && g.left + g.right > 0) || hasEmptyColumn(g);
}

dnnl::convolution_forward::primitive_desc right(const Geometry& g, bool sum,
                                                dnnl::convolution_forward::primitive_desc shape) {
  while (isWrong(g, sum, shape) && shape.next_impl()) continue;
  return shape;
}

class DirectForward : public Pass {
 public:
  DirectForward(const Geometry& g, const Desc& layout, const float* bias, const Activation& activation, bool sum)
      : shape(right(g, sum,
                    {cpu(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, g.input(), layout,
                     bias == nullptr ? Desc() : Desc({g.oc}, F32, Tag::x), g.output(), g.strides(), g.dilations(),
                     g.before(), g.after(), steps(activation, sum)})),
        primitive(shape),
        plain(g.weights()),
        bias(bias),
        activation(activation),
        sum(sum) {}

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

  std::unique_ptr<Pass> part(const Geometry& g) const override {
    auto result = std::make_unique<DirectForward>(g, shape.weights_desc(), bias, activation, sum);
    checkFast(result->shape);
    result->packed = packed;
    return result;
  }

 private:
  static dnnl::primitive_attr steps(const Activation& activation, bool sum) {
    dnnl::primitive_attr result = attributes();
    dnnl::post_ops steps;
    if (sum) steps.append_sum(1);
    activation.append(steps);
    result.set_post_ops(steps);
    return result;
  }

  dnnl::convolution_forward::primitive_desc shape;
  dnnl::convolution_forward primitive;
  Desc plain;
  dnnl::memory packed;
  const float* bias;
  Activation activation;
  bool sum;
};

class DirectTranspose : public Pass {
 public:
  DirectTranspose(const Geometry& g, const Desc& layout)
      : shape(cpu(), dnnl::algorithm::convolution_direct, g.input(), layout, g.output(), g.strides(), g.dilations(),
              g.before(), g.after(),
              dnnl::convolution_forward::primitive_desc(
                  cpu(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, g.input(),
                  g.anyWeights(), g.output(), g.strides(), g.dilations(), g.before(), g.after(), attributes()),
              attributes()),
        primitive(shape),
        plain(g.weights()) {}

  void run(Lane& lane, const float* g, float* dx) const override {
    primitive.execute(lane.queue,
                      {{DNNL_ARG_DIFF_DST, at(shape.diff_dst_desc(), g)},
                       {DNNL_ARG_WEIGHTS, packed},
                       {DNNL_ARG_DIFF_SRC, at(shape.diff_src_desc(), dx)},
                       {DNNL_ARG_SCRATCHPAD,
                        at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}});
  }

  void repack(const float* weights) override { packed = pack(plain, weights, shape.weights_desc()); }

  std::unique_ptr<Pass> part(const Geometry& g) const override {
    auto result = std::make_unique<DirectTranspose>(g, shape.weights_desc());
    checkFast(result->shape);
    result->packed = packed;
    return result;
  }

 private:
  dnnl::convolution_backward_data::primitive_desc shape;
  dnnl::convolution_backward_data primitive;
  Desc plain;
  dnnl::memory packed;
};

}  // namespace

std::unique_ptr<Pass> directForward(const Geometry& g, const float* weights, const float* bias,
                                    const Activation& activation, bool sum) {
  auto result = std::make_unique<DirectForward>(g, g.anyWeights(), bias, activation, sum);
  result->repack(weights);
  return result;
}

std::unique_ptr<Pass> directTranspose(const Geometry& g, const float* weights) {
  auto result = std::make_unique<DirectTranspose>(g, g.anyWeights());
  result->repack(weights);
  return result;
}

}  // namespace candela
