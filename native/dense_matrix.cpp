// Products with constant weights, in blocks of rows and chunks of columns.
#include <algorithm>
#include <cstring>
#include <memory>

#include "dense.h"

using namespace candela;

namespace {

// Rows of a block where rows come singly: fully connected layers are bound by memory, so that padding to 16 rows costs
// little; of a short one, where there are no more. A single row is nothing to oneDNN's products, which sum it in another order.
constexpr int64_t kBlock = 16;
constexpr int64_t kShort = 4;

// Most rows of a block where many belong together: a call costs some microseconds, the work of 16 rows of 100 numbers. So
// there are more of short ones, as attention's heads that are mixed, up to so many, and so much work.
constexpr int64_t kGroup = 256;
constexpr int64_t kLongGroup = 4096;
constexpr int64_t kLongWork = 1024 * 1024;

// A chunk of weights stays in the second-level cache (1 MiB) while the blocks of rows pass by. Groups use each chunk
// often enough to fetch it from further away, and narrow chunks would read their rows again and again.
constexpr int64_t kChunk = 96 * 1024;
constexpr int64_t kGroupChunk = 1024 * 1024;

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

// Rows that are multiplied at a time: a group of them in equal blocks, the last with fewer; or single rows, the last block
// of all padded.
struct Blocks {
  int64_t count;                                         // of a group
  int64_t rows;                                          // of a block
  std::vector<Product> whole, rest;  // of a block and of a group's last: with a full chunk of columns and, if narrower, the last

  const std::vector<Product>& products(int64_t m) const { return m == rows ? whole : rest; }
};

// y[m,n] (+)= act(x[m,k] * weights + bias), weights[k,n] at strides down and across. Blocks of 16 rows, the last padded to 4 or
// 16; or, where groups of rows belong together, each group in equal blocks, the last of a group with fewer rows.
class Constant {
 public:
  Constant(int64_t k, int64_t n, int64_t down, int64_t across, const float* weights, const float* bias,
           const Activation& activation, int64_t group)
      : k(k),
        n(n),
        group(group < kBlock ? 1 : group),
        columns(std::clamp<int64_t>((group < kBlock ? kChunk : kGroupChunk) / k / 64 * 64, 64, (n + 63) / 64 * 64)),
        down(down),
        across(across),
        bias(bias),
        activation(activation) {
    OneThread one;
    int64_t most = std::clamp(kLongWork / (k * n), kGroup, kLongGroup);
    blocks = make(group < kBlock ? 0 : (group + most - 1) / most, nullptr);
    repack(weights);
    if (this->group == 1) shorter = makeShort();
  }

  // Takes weights that have changed.
  void repack(const float* weights) {
    OneThread one;
    packed.clear();
    for (int64_t from = 0; from < n; from += columns) {
      int64_t wide = std::min(columns, n - from);
      packed.push_back(pack(Desc({k, wide}, F32, Dims{down, across}), weights + from * across,
                            of(blocks.whole, wide).shape.weights_desc()));
    }
  }

  void checkRows(int64_t m, const char* where) const {
    if (m % group != 0) {
      fail(CD_INVALID, "%s: m = %lld is no multiple of the group of %lld rows", where, static_cast<long long>(m),
           static_cast<long long>(group));
    }
  }

  // Cuts groups into smaller blocks, that so many threads can share one; gives how many there are of a group and a chunk of
  // columns: those there were where smaller ones do not pay, or do not give the same bits, which is tried on random numbers.
  int64_t cut(int64_t threads) {
    std::lock_guard lock(cutting);
    OneThread one;
    auto chunks = static_cast<int64_t>(packed.size());
    int64_t worth = std::max(group * k * std::min(columns, n) / kWork, group / kGroup);
    int64_t wanted = std::min({(threads + chunks - 1) / chunks, worth, group / kBlock});
    if (group == 1 || few.count > 0 || wanted <= blocks.count) return std::max(few.count, blocks.count);
    Blocks cut;
    try {
      cut = make(wanted, &blocks);
      for (const auto& products : {cut.whole, cut.rest}) {
        for (const Product& product : products) checkFast(product.shape);
      }
    } catch (const dnnl::error& e) {
      if (e.status == dnnl_out_of_memory) throw;
      return blocks.count;
    }
    Lane lane;
    std::vector<float> x = randomNumbers(group * k), y(static_cast<size_t>(group * n)), z = y;
    for (int64_t task = 0; task < blocks.count * chunks; task++) run(blocks, task, group, x.data(), y.data(), false, lane);
    for (int64_t task = 0; task < cut.count * chunks; task++) run(cut, task, group, x.data(), z.data(), false, lane);
    if (std::memcmp(y.data(), z.data(), y.size() * sizeof(float)) == 0) few = std::move(cut);
    return std::max(few.count, blocks.count);
  }

  void run(cd_stream* stream, int64_t m, const float* x, float* y, bool accumulate) const {
    const Blocks& some = chosen(m / group, stream->threads);
    int64_t tasks = group > 1 ? m / group * some.count : (m + some.rows - 1) / some.rows;
    parallel(stream, tasks * static_cast<int64_t>(packed.size()),
             [&](int64_t task, Lane& lane) { run(some, task, m, x, y, accumulate, lane); });
  }

 private:
  // Blocks of so many to a group, 0 for single rows; like: with the layouts of its weights.
  Blocks make(int64_t count, const Blocks* like) const {
    Blocks made{std::max<int64_t>(count, 1), count == 0 ? kBlock : (group + count - 1) / count, {}, {}};
    made.count = count == 0 ? 1 : (group + made.rows - 1) / made.rows;
    int64_t last = count == 0 ? made.rows : group - (made.count - 1) * made.rows;
    for (int64_t wide : {std::min(columns, n), n > columns ? n % columns : 0}) {
      if (wide == 0) continue;
      Desc any({k, wide}, F32, Tag::any);
      made.whole.push_back(
          make(made.rows, wide, like == nullptr ? any : of(like->whole, wide).shape.weights_desc()));
      if (last != made.rows) made.rest.push_back(make(last, wide, made.whole.back().shape.weights_desc()));
    }
    return made;
  }

  Product make(int64_t m, int64_t wide, const Desc& b) const {
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

  // Blocks of a few rows; none where oneDNN has no fast code for them, or gives other bits, which is tried on random numbers.
  std::vector<Product> makeShort() const {
    std::vector<Product> made;
    try {
      for (const Product& block : blocks.whole) {
        int64_t wide = block.shape.dst_desc().get_dims()[1];
        made.push_back(make(kShort, wide, block.shape.weights_desc()));
        checkFast(made.back().shape);
        if (!sameBits(block, made.back(), wide)) return {};
      }
    } catch (const dnnl::error& e) {
      if (e.status == dnnl_out_of_memory) throw;
      return {};
    }
    return made;
  }

  bool sameBits(const Product& block, const Product& small, int64_t wide) const {
    Lane lane;
    dnnl::memory b = pack(Desc({k, wide}, F32, Tag::ab), randomNumbers(k * wide).data(), block.shape.weights_desc());
    std::vector<float> x(static_cast<size_t>(kBlock * k)), none(static_cast<size_t>(wide));
    copy(kShort * k, randomNumbers(kShort * k).data(), x.data());
    std::vector<float> y(static_cast<size_t>(kBlock * n)), z = y;
    execute(lane, block, x.data(), b, y.data(), bias == nullptr ? nullptr : none.data());
    execute(lane, small, x.data(), b, z.data(), bias == nullptr ? nullptr : none.data());
    return std::memcmp(y.data(), z.data(), static_cast<size_t>((kShort - 1) * n + wide) * sizeof(float)) == 0;
  }

  // That of so many columns.
  const Product& of(const std::vector<Product>& products, int64_t wide) const {
    return wide == std::min(columns, n) ? products.front() : products.back();
  }

  const Blocks& chosen(int64_t groups, int64_t threads) const {
    std::lock_guard lock(cutting);
    return few.count > 0 && isFew(groups, threads) ? few : blocks;
  }

  // One block of rows and one chunk of columns.
  void run(const Blocks& some, int64_t task, int64_t m, const float* x, float* y, bool accumulate, Lane& lane) const {
    int64_t rows = some.rows, tasks = group > 1 ? m / group * some.count : (m + rows - 1) / rows;
    auto chunk = static_cast<size_t>(task / tasks);
    int64_t block = task % tasks;
    int64_t first = group > 1 ? block / some.count * group + block % some.count * rows : block * rows;
    int64_t end = group > 1 ? (block / some.count + 1) * group : m;
    int64_t count = std::min(rows, end - first);
    int64_t from = static_cast<int64_t>(chunk) * columns;
    int64_t wide = std::min(columns, n - from);
    bool padded = group == 1 && count < rows;
    const float* in = x + first * k;
    bool isShort = padded && count <= kShort && !shorter.empty();
    const auto& products = isShort ? shorter : some.products(padded ? rows : count);
    int64_t tall = isShort ? kShort : rows;
    if (padded && count < tall) {
      float* filled = lane.columns.floats(tall * k);
      copy(count * k, in, filled);
      std::memset(filled + count * k, 0, static_cast<size_t>((tall - count) * k) * sizeof(float));
      in = filled;
    }
    float* to = y + first * n + from;
    float* result = padded || accumulate ? lane.result.floats(tall * n) : to;
    execute(lane, of(products, wide), in, packed[chunk], result, bias == nullptr ? nullptr : bias + from);
    for (int64_t r = 0; result != to && r < count; r++) {
      if (accumulate) {
        add(wide, result + r * n, to + r * n);
      } else {
        copy(wide, result + r * n, to + r * n);
      }
    }
  }

  int64_t k;
  int64_t n;
  int64_t group;
  int64_t columns;
  int64_t down;
  int64_t across;
  const float* bias;
  Activation activation;
  Blocks blocks;
  Blocks few{};  // of few groups, once it is made
  std::vector<Product> shorter;  // of kShort rows; with a full chunk of columns and, if narrower, the last
  mutable std::mutex cutting;
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

  Constant& makeBack() {
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
    checkRange(k, 1, kMatrixSide, where, "k");
    checkRange(n, 1, kMatrixSide, where, "n");
    checkRange(k * n, 1, kMatrixElements, where, "k * n");
    checkRange(group, 1, kMatrixSide, where, "group");
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

int cd_matrix_cut(cd_stream* stream, cd_matrix* matrix, int backward, int* blocks) {
  return denseEntry("matrix_cut", [&](const char* where) {
    checkStream(stream, where);
    checkPointer(matrix, where, "matrix");
    checkRange(backward, 0, 1, where, "backward");
    checkPointer(blocks, where, "blocks");
    Constant& product = backward != 0 ? matrix->makeBack() : *matrix->direct;
    *blocks = static_cast<int>(product.cut(stream->threads));
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
