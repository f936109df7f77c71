// Strips of rows of an image, each a convolution of its own: threads share them where there are fewer images than threads.
#include <algorithm>
#include <cstring>
#include <optional>

#include "dense_conv.h"

namespace candela {
namespace {

// Products that an element takes the time of that is read or written.
constexpr int64_t kElement = 8;

// Rows that a strip is worth: it reads those beside it, and all weights.
constexpr int64_t kRows = 3;

// Weights that stay in a processor's cache.
constexpr int64_t kCached = 64 * 1024;

// Rows first to last (exclusive) of what is written, the first row that is read, and their geometry.
struct Rows {
  int64_t first, last, from;
  Geometry part;
};

// The convolution that gives some rows of the output.
std::optional<Rows> forwardRows(const Geometry& g, int64_t first, int64_t last) {
  int64_t begin = first * g.sh - g.top, end = (last - 1) * g.sh - g.top + (g.kh - 1) * g.dh + 1;
  Rows rows{first, last, std::max<int64_t>(begin, 0), g};
  rows.part.oh = last - first;
  rows.part.h = std::min(end, g.h) - rows.from;
  rows.part.top = rows.from - begin;
  rows.part.bottom = std::max<int64_t>(end - g.h, 0);
  return rows.part.h < 1 ? std::nullopt : std::optional(rows);
}

// The convolution whose transpose gives some rows of the input. They must begin where an output row has its first tap.
std::optional<Rows> transposedRows(const Geometry& g, int64_t first, int64_t last) {
  int64_t reach = (g.kh - 1) * g.dh + 1;
  int64_t above = first + g.top - reach;
  int64_t from = above < 0 ? 0 : above / g.sh + 1;
  Rows rows{first, last, from, g};
  rows.part.h = last - first;
  rows.part.oh = std::min((last - 1 + g.top) / g.sh, g.oh - 1) - from + 1;
  rows.part.top = first + g.top - from * g.sh;
  int64_t covered = (rows.part.oh - 1) * g.sh + reach;
  rows.part.bottom = std::max<int64_t>(covered - rows.part.top - rows.part.h, 0);
  int64_t steps = rows.part.h + rows.part.top + rows.part.bottom - reach;
  bool fits = rows.part.oh >= 1 && rows.part.top >= 0 && steps >= 0 && steps / g.sh + 1 == rows.part.oh;
  return fits ? std::optional(rows) : std::nullopt;
}

// All rows in so many strips; none where they cannot be cut. Strips begin where Winograd's tiles do, which take two rows, and
// where a byte of bits does.
std::vector<Rows> cut(const Geometry& g, bool transposed, int64_t count) {
  std::vector<Rows> strips;
  int64_t all = transposed ? g.h : g.oh;
  int64_t row = transposed ? g.w * g.c : g.ow * g.oc;
  int64_t step = g.kh == 3 && g.sh == 1 ? 2 : transposed ? g.sh : 1;
  int64_t shift = transposed ? g.top % g.sh : 0;
  for (int64_t i = 1, first = 0; first < all; i++) {
    int64_t last = i < count ? (all * i / count + shift) / step * step - shift : all;
    if (last <= first) continue;
    std::optional<Rows> rows = transposed ? transposedRows(g, first, last) : forwardRows(g, first, last);
    if (!rows || first * row % 8 != 0) return {};
    strips.push_back(*rows);
    first = last;
  }
  return strips;
}

// A strip for each thread, or two where all weights stay in the cache: a thread that starts late leaves one to the others.
int64_t countOf(const Geometry& g, bool transposed, int64_t threads) {
  int64_t rows = transposed ? g.h : g.oh;
  int64_t weights = g.kh * g.kw * g.oc * (g.c / g.groups);
  int64_t work = g.oh * g.ow * weights + kElement * (g.inputs() + g.outputs());
  int64_t worth = g.sh > kRows ? 1 : std::min(work / kWork, rows / kRows);
  return std::min(worth, weights <= kCached && worth >= 4 * threads ? 2 * threads : threads);
}

bool sameBits(const Pass& whole, const std::vector<Strip>& strips, int64_t inputs, int64_t outputs) {
  Lane lane;
  std::vector<float> x = randomNumbers(inputs), y = randomNumbers(outputs), z = y;
  whole.run(lane, x.data(), y.data());
  for (const Strip& strip : strips) strip.pass->run(lane, x.data() + strip.from, z.data() + strip.to);
  return std::memcmp(y.data(), z.data(), y.size() * sizeof(float)) == 0;
}

}  // namespace

std::vector<Strip> stripsOf(const Pass& whole, const Geometry& g, bool transposed, int threads) {
  OneThread one;
  int64_t inputs = g.inputs(), outputs = g.outputs(), read = g.w * g.c, written = g.ow * g.oc;
  if (transposed) {
    std::swap(inputs, outputs);
    std::swap(read, written);
  }
  std::vector<Strip> strips;
  int64_t count = countOf(g, transposed, threads);
  if (count < 2) return strips;
  try {
    for (const Rows& rows : cut(g, transposed, count)) {
      strips.push_back({rows.from * read, rows.first * written, (rows.last - rows.first) * written, whole.part(rows.part)});
    }
  } catch (const dnnl::error& e) {
    if (e.status == dnnl_out_of_memory) throw;
    return {};
  }
  if (strips.size() < 2 || !sameBits(whole, strips, inputs, outputs)) strips.clear();
  return strips;
}

}  // namespace candela
