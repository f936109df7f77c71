// Gradients of weights. A convolution's images are cut into parts, each summed by one oneDNN primitive on one thread; the
// parts are then added in their order. A product's rows are summed for some rows of the weights at a time.
#include <algorithm>
#include <memory>
#include <string>

#include "dense_conv.h"

using namespace candela;

namespace {

// Parts of a batch: as many threads can share a convolution's weight gradient.
constexpr int64_t kParts = 8;

// Elements that one task adds up over the parts.
constexpr int64_t kAdd = 4096;

// Rows of a matrix's gradient that one task computes.
constexpr int64_t kRows = 32;

// The gradient of one part of so many images.
struct Part {
  dnnl::convolution_backward_weights::primitive_desc shape;
  dnnl::convolution_backward_weights primitive;

  Part(const Geometry& g, int64_t images, const Desc& weights) : shape(describe(g, images, weights)), primitive(shape) {}

  static dnnl::convolution_backward_weights::primitive_desc describe(const Geometry& g, int64_t images,
                                                                     const Desc& weights) {
    Desc x({images, g.c, g.h, g.w}, F32, Tag::nhwc);
    Desc y({images, g.oc, g.oh, g.ow}, F32, Tag::nhwc);
    dnnl::convolution_forward::primitive_desc hint(cpu(), dnnl::prop_kind::forward_training,
                                                   dnnl::algorithm::convolution_direct, x, g.anyWeights(), y,
                                                   g.strides(), g.dilations(), g.before(), g.after(), attributes());
    dnnl::convolution_backward_weights::primitive_desc shape(cpu(), dnnl::algorithm::convolution_direct, x, weights, y,
                                                             g.strides(), g.dilations(), g.before(), g.after(), hint,
                                                             attributes());
    while (isWrong(g, shape) && shape.next_impl()) continue;
    return shape;
  }

  // What oneDNN 3.13 does not do right, while the next implementation does. Its code for AVX-512 gives wrong sums where the
  // windows step over pixels and 15 and more are padding on the left, in some rows of 29 pixels and more of output; and that
  // for 1 x 1 taps writes beyond its working memory where it steps and the channels leave its vectors unfilled
  // (github.com/uxlfoundation/oneDNN, issue 6035).
  static bool isWrong(const Geometry& g, const dnnl::convolution_backward_weights::primitive_desc& shape) {
    std::string name = shape.impl_info_str();
    if (name.find("jit:avx512") != std::string::npos) return g.left > 14 && g.sw > 1;
    return name.find("jit_1x1") != std::string::npos && (g.sh > 1 || g.sw > 1) && g.c % 16 != 0;
  }

  void run(Lane& lane, const float* x, const float* dy, float* dw) const {
    primitive.execute(lane.queue,
                      {{DNNL_ARG_SRC, at(shape.src_desc(), x)},
                       {DNNL_ARG_DIFF_DST, at(shape.diff_dst_desc(), dy)},
                       {DNNL_ARG_DIFF_WEIGHTS, at(shape.diff_weights_desc(), dw)},
                       {DNNL_ARG_SCRATCHPAD,
                        at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}});
  }
};

// to[n] (+)= sum of the parts of from[parts,n], in their order.
void addParts(cd_stream* stream, int64_t parts, int64_t n, int64_t stride, const float* from, bool accumulate, float* to) {
  parallel(stream, (n + kAdd - 1) / kAdd, [&](int64_t task, Lane&) {
    int64_t first = task * kAdd, count = std::min(kAdd, n - first);
    int64_t part = 0;
    if (!accumulate) {
      if (to != from) copy(count, from + first, to + first);
      part = 1;
    }
    for (; part < parts; part++) add(count, from + part * stride + first, to + first);
  });
}

// dbias[n] (+)= sum over the rows of dy[m,n]: parts of the rows, then the parts in their order.
void biasGradient(cd_stream* stream, int64_t m, int64_t n, const float* dy, bool accumulate, float* dbias) {
  int64_t parts = std::min<int64_t>(m, 8 * kParts);
  float* sums = workspace(stream).shared.floats(std::max<int64_t>(parts, 1) * n);
  parallel(stream, parts, [&](int64_t part, Lane&) {
    float* sum = sums + part * n;
    std::fill(sum, sum + n, 0.0f);
    for (int64_t r = m * part / parts; r < m * (part + 1) / parts; r++) add(n, dy + r * n, sum);
  });
  addParts(stream, parts, n, n, sums, accumulate, dbias);
}

}  // namespace

struct cd_conv_weights {
  Geometry geometry;
  bool transposed;
  int64_t made;  // rows that the parts are for
  std::unique_ptr<Part> large;
  std::unique_ptr<Part> small;

  // Part i of the rows begins here.
  static int64_t begin(int64_t rows, int64_t parts, int64_t i) { return rows * i / parts; }

  void make(int64_t rows, int64_t parts) {
    if (made == rows) return;
    OneThread one;
    int64_t most = (rows + parts - 1) / parts;
    large = std::make_unique<Part>(geometry, most, geometry.anyWeights());
    small = rows % parts == 0 ? nullptr
                              : std::make_unique<Part>(geometry, most - 1, large->shape.diff_weights_desc());
    made = rows;
  }
};

int cd_conv_weights_create(const int* shape, cd_conv_weights** out) {
  return denseEntry("conv_weights_create", [&](const char* where) {
    checkPointer(shape, where, "shape");
    checkPointer(out, where, "out");
    *out = new cd_conv_weights{readGeometry(shape, where), shape[15] != 0, 0, {}, {}};
  });
}

int cd_conv_weights_destroy(cd_conv_weights* weights) {
  return entry([&] { delete weights; });
}

int cd_conv_weights_backward(cd_stream* stream, cd_conv_weights* weights, int64_t rows, const float* x,
                             const float* dy, int accumulate, float* dweights, int accumulateBias, float* dbias) {
  return denseEntry("conv_weights_backward", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(weights, where, "weights");
    checkRange(rows, 1, kMatrixSide, where, "rows");
    checkPointer(x, where, "x");
    checkPointer(dy, where, "dy");
    checkPointer(dweights, where, "dweights");
    const Geometry& g = weights->geometry;
    if (dbias != nullptr) {
      int64_t pixels = weights->transposed ? g.h * g.w : g.oh * g.ow;
      biasGradient(stream, rows * pixels, weights->transposed ? g.c : g.oc, dy, accumulateBias != 0, dbias);
    }
    // The transposed convolution reads where the other writes.
    const float* in = weights->transposed ? dy : x;
    const float* out = weights->transposed ? x : dy;
    int64_t parts = std::min(rows, kParts);
    weights->make(rows, parts);
    Desc desc = weights->large->shape.diff_weights_desc();
    int64_t stride = (static_cast<int64_t>(desc.get_size() / sizeof(float)) + 15) / 16 * 16;
    float* sums = workspace(stream).shared.floats(parts * stride);
    parallel(stream, parts, [&](int64_t part, Lane& lane) {
      int64_t from = cd_conv_weights::begin(rows, parts, part);
      int64_t images = cd_conv_weights::begin(rows, parts, part + 1) - from;
      const Part& sized = images * parts >= rows ? *weights->large : *weights->small;
      sized.run(lane, in + from * g.inputs(), out + from * g.outputs(), sums + part * stride);
    });
    addParts(stream, parts, stride, stride, sums, false, sums);
    int64_t count = g.oc * g.c / g.groups * g.kh * g.kw;
    Lane& lane = workspace(stream).lanes[0];
    float* plain = accumulate != 0 ? lane.result.floats(count) : dweights;
    OneThread one;
    dnnl::memory source = at(desc, sums);
    dnnl::memory target = at(g.weights(), plain);
    dnnl::reorder(source, target).execute(lane.queue, source, target);
    if (accumulate != 0) add(count, plain, dweights);
  });
}

int cd_matrix_weights_backward(cd_stream* stream, int64_t m, int64_t k, int64_t n, int transposed, const float* x,
                               const float* dy, int accumulate, float* dweights, int accumulateBias, float* dbias) {
  return denseEntry("matrix_weights_backward", [&](const char* where) {
    checkStream(stream, where);
    checkRange(m, 1, kMatrixSide, where, "m");
    checkRange(k, 1, kMatrixSide, where, "k");
    checkRange(n, 1, kMatrixSide, where, "n");
    checkPointer(x, where, "x");
    checkPointer(dy, where, "dy");
    checkPointer(dweights, where, "dweights");
    if (dbias != nullptr) biasGradient(stream, m, n, dy, accumulateBias != 0, dbias);
    const float* a = transposed != 0 ? dy : x;
    const float* b = transposed != 0 ? x : dy;
    int64_t rows = transposed != 0 ? n : k, columns = transposed != 0 ? k : n;
    auto make = [&](int64_t some) {
      OneThread one;
      dnnl::matmul::primitive_desc shape(cpu(), Desc({some, m}, F32, Dims{1, rows}), Desc({m, columns}, F32, Tag::ab),
                                         Desc({some, columns}, F32, Tag::ab), attributes());
      return Product{shape, dnnl::matmul(shape)};
    };
    Product whole = make(std::min(rows, kRows));
    Product rest = rows % kRows == 0 || rows < kRows ? whole : make(rows % kRows);
    parallel(stream, (rows + kRows - 1) / kRows, [&](int64_t task, Lane& lane) {
      int64_t from = task * kRows, some = std::min(kRows, rows - from);
      const Product& product = some == std::min(rows, kRows) ? whole : rest;
      float* to = dweights + from * columns;
      float* result = accumulate != 0 ? lane.result.floats(some * columns) : to;
      const auto& shape = product.shape;
      product.primitive.execute(
          lane.queue, {{DNNL_ARG_SRC, at(shape.src_desc(), a + from)},
                       {DNNL_ARG_WEIGHTS, at(shape.weights_desc(), b)},
                       {DNNL_ARG_DST, at(shape.dst_desc(), result)},
                       {DNNL_ARG_SCRATCHPAD,
                        at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}});
      if (accumulate != 0) add(some * columns, result, to);
    });
  });
}
