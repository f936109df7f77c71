// Values from one way of storing them to another.
#include "check.cuh"
#include "launch.cuh"
#include "storage.cuh"
#ifdef __CUDACC__
#include "wide.cuh"
#endif

using namespace candela;

namespace {

template <class From, class To>
struct Convert {
  bool accumulate;
  float scale;
  const From* __restrict__ x;
  To* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    float v = scale * static_cast<float>(x[i]);
    y[i] = accumulate ? static_cast<float>(y[i]) + v : v;
  }
};

struct RoundTf32 {
  const float* x;
  float* y;

  BOTH void operator()(int64_t i) const {
    float v = x[i];
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu;
    float rounded;
    memcpy(&rounded, &bits, sizeof rounded);
    y[i] = v != v ? v : rounded;
  }
};

#ifdef __CUDACC__

constexpr int kConvertEach = 4;

// Four quads a thread, all read before the first is written.
template <class From, class To>
__global__ void __launch_bounds__(kBlock) convertQuads(int64_t n, Convert<From, To> body) {
  int64_t quads = n / 4, first = static_cast<int64_t>(blockIdx.x) * (kBlock * kConvertEach) + threadIdx.x;
  Quad held[kConvertEach], old[kConvertEach];
#pragma unroll
  for (int e = 0; e < kConvertEach; e++) {
    int64_t i = first + e * kBlock;
    if (i >= quads) continue;
    held[e] = quadAt(body.x + 4 * i);
    if (body.accumulate) old[e] = quadAt(body.y + 4 * i);
  }
#pragma unroll
  for (int e = 0; e < kConvertEach; e++) {
    int64_t i = first + e * kBlock;
    if (i >= quads) continue;
    Quad out;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      float v = body.scale * held[e].v[j];
      out.v[j] = body.accumulate ? old[e].v[j] + v : v;
    }
    putQuad(body.y + 4 * i, out);
  }
  // The last n % 4.
  if (blockIdx.x == 0 && threadIdx.x < n % 4) body(4 * quads + threadIdx.x);
}

// False, and nothing done, where a pointer is not aligned to quads.
template <class From, class To>
bool convertWide(cd_stream* stream, int64_t n, const Convert<From, To>& body) {
  int64_t each = kBlock * kConvertEach, wanted = (n / 4 + each - 1) / each;
  if (!alignedQuads(body.x) || !alignedQuads(body.y) || wanted > kMostBlocks) return false;
  unsigned count = wanted > 0 ? static_cast<unsigned>(wanted) : 1;
  convertQuads<<<count, kBlock, 0, queueOf(stream)>>>(n, body);
  checkLaunch();
  return true;
}

#endif

}  // namespace

int cd_convert(cd_stream* stream, int from, int to, int accumulate, float scale, int64_t n, const void* x, void* y) {
  return entry([&] {
    Check check(stream, "convert");
    forStorage(from, check.where, [&](auto f) {
      forStorage(to, check.where, [&](auto t) {
        if (check.counts({n}) == 0) return;
        auto in = as(x, f);
        auto out = as(y, t);
        check.data(in, "x");
        check.data(out, "y");
        Convert<decltype(f), decltype(t)> body{accumulate != 0, scale, in, out};
#ifdef __CUDACC__
        if (convertWide(stream, n, body)) return;
#endif
        forEach(stream, n, body);
      });
    });
  });
}

int cd_round_tf32(cd_stream* stream, int64_t n, const float* x, float* y) {
  return entry([&] {
    Check check(stream, "round_tf32");
    if (check.counts({n}) == 0) return;
    check.data(x, "x");
    check.data(y, "y");
    forEach(stream, n, RoundTf32{x, y});
  });
}
