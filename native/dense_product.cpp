// Products of two activations, as an attention has them: many and small, so that oneDNN would take longer to begin than to
// multiply. Each element is summed in order of k, whatever the instruction set, with fused multiply-adds where there are any.
#include <cstring>

#include "dense.h"

using namespace candela;

namespace {

struct Multiplication {
  int64_t m, k, n;
  bool transA, transB;
  float alpha;
  bool accumulate;
};

#define WIDE 4
#define SUMS 12
namespace any {
#include "dense_tile.h"
}
#undef WIDE
#undef SUMS

#ifdef CANDELA_LEVELS
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define WIDE 8
#define SUMS 12
namespace avx2 {
#include "dense_tile.h"
}
#undef WIDE
#undef SUMS
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define WIDE 16
#define SUMS 24
namespace avx512 {
#include "dense_tile.h"
}
#undef WIDE
#undef SUMS
#pragma GCC pop_options
#endif

struct Level {
  int64_t (*panels)(const Multiplication&);
  void (*panel)(const Multiplication&, int64_t index, const float* a, const float* b, float* c, Buffer& room);
};

// That of the kernels, so that what holds them to an older one holds this, too.
Level chosen() {
#ifdef CANDELA_LEVELS
  if (std::strcmp(cd_level(), "x86-64-v4") == 0) return {avx512::panels, avx512::panel};
  if (std::strcmp(cd_level(), "x86-64-v3") == 0) return {avx2::panels, avx2::panel};
#endif
  return {any::panels, any::panel};
}

}  // namespace

int cd_matmul(cd_stream* stream, int64_t batch, int64_t m, int64_t k, int64_t n, int transA, int transB,
              int64_t aStride, int64_t bStride, float alpha, int accumulate, const float* a, const float* b,
              float* c) {
  return denseEntry("matmul", [&](const char* where) {
    checkStream(stream, where);
    checkCount(batch, where, "batch");
    checkRange(m, 1, kMatrixSide, where, "m");
    checkRange(k, 1, kMatrixSide, where, "k");
    checkRange(n, 1, kMatrixSide, where, "n");
    checkRange(m * k, 1, kMatrixElements, where, "m * k");
    checkRange(k * n, 1, kMatrixElements, where, "k * n");
    checkRange(m * n, 1, kMatrixElements, where, "m * n");
    checkCount(aStride, where, "aStride");
    checkCount(bStride, where, "bStride");
    checkPointer(a, where, "a");
    checkPointer(b, where, "b");
    checkPointer(c, where, "c");
    Multiplication x{m, k, n, transA != 0, transB != 0, alpha, accumulate != 0};
    static const Level level = chosen();
    int64_t panels = level.panels(x);
    parallel(stream, batch * panels, [&](int64_t task, Lane& lane) {
      int64_t i = task / panels;
      level.panel(x, task % panels, a + i * aStride, b + i * bStride, c + i * m * n, lane.columns);
    });
  });
}
