// Matrix products: with constant weights in blocks of rows and chunks of columns, and of two activations.
#include <algorithm>
#include <cstring>
#include <memory>

#include "dense.h"

using namespace candela;

namespace {

// Rows of a block where rows come singly: fully connected layers are bound by memory, so that padding to 16 rows costs
// little.
constexpr int64_t kBlock = 16;

// Most rows of a block where many belong together: a call costs some microseconds, the work of 16 rows of 100 numbers.
constexpr int64_t kGroup = 256;

// A chunk of weights stays in the second-level cache (1 MiB) while the blocks of rows pass by. Groups use each chunk
// often enough to fetch it from further away, and narrow chunks would read their rows again and again.
constexpr int64_t kChunk = 96 * 1024;
constexpr int64_t kGroupChunk = 1024 * 1024;

constexpr int64_t kLargest = (int64_t{1} << 31) - 1;
constexpr int64_t kElements = int64_t{1} << 40;

void execute(Lane& lane, const Product& product, const float* a, const dnnl::memory& b, float* c, const float* bias) {
  const auto& shape = product.shape;
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, at(shape.src_desc(), a)},
      {DNNL_ARG_WEIGHTS, b},
      {DNNL_ARG_DST, at(shape.dst_desc(), c)},
      {DNNL_ARG_SCRATCHPAD, at(shape.scratchpad_desc(), lane.pad.bytes(shape.scratchpad_desc().get_size() + 64))}};
  if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, at(shape.bias_desc(), bias));
  product.primitive.execute(lane.queue, arguments);
}

// y[m,n] (+)= act(x[m,k] * weights + bias), weights[k,n] at strides down and across. Blocks of 16 rows, the last padded;
// or, where groups of rows belong together, each group in equal blocks, the last of a group with fewer rows.
class Constant {
 public:
  Constant(int64_t k, int64_t n, int64_t down, int64_t across, const float* weights, const float* bias,
           const Activation& activation, int64_t group)
      : k(k),
        n(n),
        group(group < kBlock ? 1 : group),
        blocks((group + kGroup - 1) / kGroup),
        rows(group < kBlock ? kBlock : (group + blocks - 1) / blocks),
        columns(std::clamp<int64_t>((group < kBlock ? kChunk : kGroupChunk) / k / 64 * 64, 64, (n + 63) / 64 * 64)),
        down(down),
        across(across),
        bias(bias) {
    OneThread one;
    products.resize(2);
    for (int64_t wide : {std::min(columns, n), n > columns ? n % columns : 0}) {
      if (wide == 0) continue;
      products[0].push_back(make(rows, wide, activation, Desc({k, wide}, F32, Tag::any)));
      int64_t rest = this->group - (blocks - 1) * rows;
      Desc same = products[0].back().shape.weights_desc();
      if (this->group > 1 && rest != rows) products[1].push_back(make(rest, wide, activation, same));
    }
    repack(weights);
  }

  // Takes weights that have changed.
  void repack(const float* weights) {
    OneThread one;
    packed.clear();
    for (int64_t from = 0; from < n; from += columns) {
      int64_t wide = std::min(columns, n - from);
      packed.push_back(pack(Desc({k, wide}, F32, Dims{down, across}), weights + from * across,
                            product(rows, wide).shape.weights_desc()));
    }
  }

  void checkRows(int64_t m, const char* where) const {
    if (m % group != 0) {
      fail(CD_INVALID, "%s: m = %lld is no multiple of the group of %lld rows", where, static_cast<long long>(m),
           static_cast<long long>(group));
    }
  }

  void run(cd_stream* stream, int64_t m, const float* x, float* y, bool accumulate) const {
    int64_t tasks = group > 1 ? m / group * blocks : (m + rows - 1) / rows;
    parallel(stream, tasks * static_cast<int64_t>(packed.size()), [&](int64_t task, Lane& lane) {
      auto chunk = static_cast<size_t>(task / tasks);
      int64_t block = task % tasks;
      int64_t first = group > 1 ? block / blocks * group + block % blocks * rows : block * rows;
      int64_t end = group > 1 ? (block / blocks + 1) * group : m;
      int64_t count = std::min(rows, end - first);
      int64_t from = static_cast<int64_t>(chunk) * columns;
      int64_t wide = std::min(columns, n - from);
      bool padded = group == 1 && count < rows;
      const float* in = x + first * k;
      if (padded) {
        float* filled = lane.columns.floats(rows * k);
        copy(count * k, in, filled);
        std::memset(filled + count * k, 0, static_cast<size_t>((rows - count) * k) * sizeof(float));
        in = filled;
      }
      float* to = y + first * n + from;
      float* result = padded || accumulate ? lane.result.floats(rows * n) : to;
      execute(lane, product(padded ? rows : count, wide), in, packed[chunk], result,
              bias == nullptr ? nullptr : bias + from);
      for (int64_t r = 0; result != to && r < count; r++) {
        if (accumulate) {
          add(wide, result + r * n, to + r * n);
        } else {
          copy(wide, result + r * n, to + r * n);
        }
      }
    });
  }

 private:
  Product make(int64_t m, int64_t wide, const Activation& activation, const Desc& b) const {
    dnnl::primitive_attr attr = attributes();
    dnnl::post_ops steps;
    activation.append(steps);
    attr.set_post_ops(steps);
    Desc a({m, k}, F32, Tag::ab);
    Desc c({m, wide}, F32, Dims{n, 1});
    auto shape = bias == nullptr
                     ? dnnl::matmul::primitive_desc(cpu(), a, b, c, attr)
                     : dnnl::matmul::primitive_desc(cpu(), a, b, Desc({1, wide}, F32, Tag::ab), c, attr);
    return {shape, dnnl::matmul(shape)};
  }

  // The product of so many rows and columns.
  const Product& product(int64_t m, int64_t wide) const {
    const auto& some = products[m == rows ? 0 : 1];
    return wide == std::min(columns, n) ? some.front() : some.back();
  }

  int64_t k;
  int64_t n;
  int64_t group;
  int64_t blocks;  // of a group
  int64_t rows;    // of a block
  int64_t columns;
  int64_t down;
  int64_t across;
  const float* bias;
  std::vector<std::vector<Product>> products;  // of full blocks and of the last: full chunk and, if narrower, the last
  std::vector<dnnl::memory> packed;
};

}  // namespace

struct cd_matrix {
  int64_t k;
  int64_t n;
  bool transposed;
  const float* weights;
  Activation activation;
  int64_t group;
  std::mutex making;
  std::unique_ptr<Constant> direct;
  std::unique_ptr<Constant> back;

  const Constant& makeBack() {
    std::lock_guard lock(making);
    if (back == nullptr) {
      back = std::make_unique<Constant>(n, k, transposed ? k : 1, transposed ? 1 : n, weights, nullptr, Activation{},
                                        group);
    }
    return *back;
  }
};

int cd_matrix_create(int64_t k, int64_t n, int transposed, const float* weights, const float* bias, int activation,
                     float alpha, float beta, int64_t group, cd_matrix** out) {
  return denseEntry("matrix_create", [&](const char* where) {
    checkRange(k, 1, kLargest, where, "k");
    checkRange(n, 1, kLargest, where, "n");
    checkRange(k * n, 1, kElements, where, "k * n");
    checkRange(group, 1, kLargest, where, "group");
    checkPointer(weights, where, "weights");
    checkPointer(out, where, "out");
    std::unique_ptr<cd_matrix> matrix(new cd_matrix{
        k, n, transposed != 0, weights, Activation::of(activation, alpha, beta, where), group, {}, {}, {}});
    matrix->direct = std::make_unique<Constant>(k, n, transposed != 0 ? 1 : n, transposed != 0 ? k : 1, weights, bias,
                                                matrix->activation, group);
    *out = matrix.release();
  });
}

int cd_matrix_destroy(cd_matrix* matrix) {
  return entry([&] { delete matrix; });
}

int cd_matrix_update(cd_matrix* matrix) {
  return denseEntry("matrix_update", [&](const char* where) {
    checkPointer(matrix, where, "matrix");
    std::lock_guard lock(matrix->making);
    matrix->direct->repack(matrix->weights);
    if (matrix->back != nullptr) matrix->back->repack(matrix->weights);
  });
}

int cd_matrix_forward(cd_stream* stream, cd_matrix* matrix, int64_t m, const float* x, float* y, uint8_t* bits) {
  return denseEntry("matrix_forward", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(matrix, where, "matrix");
    checkCount(m, where, "m");
    checkPointer(x, where, "x");
    checkPointer(y, where, "y");
    matrix->direct->checkRows(m, where);
    matrix->direct->run(stream, m, x, y, false);
    int64_t n = matrix->n;
    if (bits != nullptr) {
      parallel(stream, m, [&](int64_t r, Lane&) { matrix->activation.pack(n, y + r * n, bits + r * ((n + 7) / 8)); });
    }
  });
}

int cd_matrix_backward(cd_stream* stream, cd_matrix* matrix, int64_t m, const float* dy, const uint8_t* bits,
                       int accumulate, float* dx) {
  return denseEntry("matrix_backward", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(matrix, where, "matrix");
    checkCount(m, where, "m");
    checkPointer(dy, where, "dy");
    checkPointer(dx, where, "dx");
    matrix->direct->checkRows(m, where);
    const float* g = dy;
    int64_t n = matrix->n;
    if (!matrix->activation.none()) {
      checkPointer(bits, where, "bits");
      float* masked = workspace(stream).shared.floats(m * n);
      parallel(stream, m, [&](int64_t r, Lane&) {
        matrix->activation.mask(n, bits + r * ((n + 7) / 8), dy + r * n, masked + r * n);
      });
      g = masked;
    }
    matrix->makeBack().run(stream, m, g, dx, accumulate != 0);
  });
}

int cd_matmul(cd_stream* stream, int64_t batch, int64_t m, int64_t k, int64_t n, int transA, int transB,
              int64_t aStride, int64_t bStride, float alpha, int accumulate, const float* a, const float* b,
              float* c) {
  return denseEntry("matmul", [&](const char* where) {
    checkStream(stream, where);
    checkCount(batch, where, "batch");
    checkRange(m, 1, kLargest, where, "m");
    checkRange(k, 1, kLargest, where, "k");
    checkRange(n, 1, kLargest, where, "n");
    checkRange(m * k, 1, kElements, where, "m * k");
    checkRange(k * n, 1, kElements, where, "k * n");
    checkRange(m * n, 1, kElements, where, "m * n");
    checkCount(aStride, where, "aStride");
    checkCount(bStride, where, "bStride");
    checkPointer(a, where, "a");
    checkPointer(b, where, "b");
    checkPointer(c, where, "c");
    Workspace& space = workspace(stream);
    ProductKey key{m, k, n, transA != 0, transB != 0};
    auto found = space.products.find(key);
    if (found == space.products.end()) {
      OneThread one;
      dnnl::matmul::primitive_desc shape(cpu(), Desc({m, k}, F32, transA != 0 ? Tag::ba : Tag::ab),
                                         Desc({k, n}, F32, transB != 0 ? Tag::ba : Tag::ab),
                                         Desc({m, n}, F32, Tag::ab), attributes());
      found = space.products.emplace(key, Product{shape, dnnl::matmul(shape)}).first;
    }
    const Product& product = found->second;
    parallel(stream, batch, [&](int64_t i, Lane& lane) {
      bool plain = alpha == 1 && accumulate == 0;
      float* to = c + i * m * n;
      float* result = plain ? to : lane.result.floats(m * n);
      execute(lane, product, a + i * aStride, at(product.shape.weights_desc(), b + i * bStride), result, nullptr);
      if (plain) return;
      for (int64_t j = 0; j < m * n; j++) to[j] = (accumulate != 0 ? to[j] : 0) + alpha * result[j];
    });
  });
}
