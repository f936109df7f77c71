// CUDA only: group normalisation, a block a group at a time. Neighbouring threads take neighbouring channels, and as many pixels at a
// time as the block has rows; what is read again comes from the second-level cache.
#pragma once

#include "groups.cuh"
#include "rows_cuda.cuh"

namespace candela {

// Threads of a block, and of one whose groups are no larger than kSmallGroup.
constexpr int kGroupBlock = 1024, kSmallBlock = 128;
constexpr int64_t kSmallGroup = 2048;

// Neighbouring elements, 16 bytes where there are four.
template <int W>
struct alignas(W * sizeof(float)) Few {
  float at[W];
};

template <int W>
__device__ __forceinline__ Few<W> taken(const float* p) { return *reinterpret_cast<const Few<W>*>(p); }

template <int W>
__device__ __forceinline__ void put(float* p, const Few<W>& v) { *reinterpret_cast<Few<W>*>(p) = v; }

// The elements that a thread of the group's block of T takes, W channels at a time.
template <int T, int W>
class GroupPart {
 public:
  // Of group r of all images.
  __device__ GroupPart(const Groups& g, int64_t r)
      : first(r % g.groups * g.width()), base(r / g.groups * g.pixels * g.channels + first), g(g) {}

  // f(offset of an element of x, its channel)
  template <class F>
  __device__ __forceinline__ void each(const F& f) const {
    for (int64_t c = W * static_cast<int64_t>(threadIdx.x); c < g.width(); c += W * static_cast<int64_t>(blockDim.x)) {
#pragma unroll 4
      for (int64_t p = threadIdx.y; p < g.pixels; p += blockDim.y) f(base + p * g.channels + c, first + c);
    }
  }

  // Mean over the group of f's results, which are W numbers; the same bits in every thread.
  template <class F>
  __device__ __forceinline__ float mean(const F& f) const {
    float s = 0.0f;
    each([&](int64_t i, int64_t c) {
      Few<W> v = f(i, c);
#pragma unroll
      for (int j = 0; j < W; j++) s += v.at[j];
    });
    int rank = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    s = joined<T>(rank, s, [](float a, float b) { return a + b; });
    return s / static_cast<float>(g.pixels * g.width());
  }

 private:
  int64_t first, base;
  const Groups& g;
};

// Moves 8 bytes an element.
struct GroupNorm {
  Groups g;
  float epsilon;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  float* stats;

  template <int T, int W>
  __device__ void of(int64_t r) const {
    GroupPart<T, W> part(g, r);
    float mean = part.mean([&](int64_t i, int64_t) { return taken<W>(x + i); });
    float square = part.mean([&](int64_t i, int64_t) {
      Few<W> v = taken<W>(x + i);
#pragma unroll
      for (int j = 0; j < W; j++) v.at[j] = (v.at[j] - mean) * (v.at[j] - mean);
      return v;
    });
    float inverse = 1.0f / sqrtf(square + epsilon);
    part.each([&](int64_t i, int64_t c) {
      Few<W> v = taken<W>(x + i);
#pragma unroll
      for (int j = 0; j < W; j++) {
        v.at[j] = (v.at[j] - mean) * inverse;
        if (scale != nullptr) v.at[j] *= scale[c + j];
        if (shift != nullptr) v.at[j] += shift[c + j];
      }
      put<W>(y + i, v);
    });
    if (stats != nullptr && threadIdx.x == 0 && threadIdx.y == 0) {
      stats[2 * r] = mean;
      stats[2 * r + 1] = inverse;
    }
  }
};

// Moves 12 bytes an element, 16 where it accumulates.
struct GroupNormBackward {
  Groups g;
  bool accumulate;
  const float* x;
  const float* scale;
  const float* stats;
  const float* dy;
  float* dx;

  template <int T, int W>
  __device__ void of(int64_t r) const {
    GroupPart<T, W> part(g, r);
    float mean = stats[2 * r], inverse = stats[2 * r + 1];
    auto scaled = [&](int64_t i, int64_t c) {
      Few<W> up = taken<W>(dy + i);
      if (scale != nullptr) {
#pragma unroll
        for (int j = 0; j < W; j++) up.at[j] *= scale[c + j];
      }
      return up;
    };
    float u = part.mean(scaled);
    float uv = part.mean([&](int64_t i, int64_t c) {
      Few<W> up = scaled(i, c), v = taken<W>(x + i);
#pragma unroll
      for (int j = 0; j < W; j++) v.at[j] = up.at[j] * ((v.at[j] - mean) * inverse);
      return v;
    });
    part.each([&](int64_t i, int64_t c) {
      Few<W> up = scaled(i, c), v = taken<W>(x + i), old = {};
      if (accumulate) old = taken<W>(dx + i);
#pragma unroll
      for (int j = 0; j < W; j++) {
        float d = inverse * (up.at[j] - u - (v.at[j] - mean) * inverse * uv);
        v.at[j] = accumulate ? old.at[j] + d : d;
      }
      put<W>(dx + i, v);
    });
  }
};

template <int T, int W, class Body>
__global__ void __launch_bounds__(T) overGroups(int64_t all, Body body) {
  for (int64_t r = blockIdx.x; r < all; r += gridDim.x) body.template of<T, W>(r);
}

// Threads across as there are of W channels, a power of two, and the others down the pixels.
template <int T, int W, class Body>
void launchGroups(cd_stream* stream, const Body& body) {
  int64_t all = body.g.images * body.g.groups;
  int across = 1;
  while (across < T && 2 * across * W <= body.g.width()) across *= 2;
  dim3 block(static_cast<unsigned>(across), static_cast<unsigned>(T / across));
  auto count = static_cast<unsigned>(all < kBlocks ? all : kBlocks);
  overGroups<T, W><<<count, block, 0, queueOf(stream)>>>(all, body);
  checkLaunch();
}

template <int W, class Body>
void launchGroups(cd_stream* stream, const Body& body) {
  bool small = body.g.pixels * body.g.width() <= kSmallGroup;
  small ? launchGroups<kSmallBlock, W>(stream, body) : launchGroups<kGroupBlock, W>(stream, body);
}

inline void groupNorm(cd_stream* stream, const Groups& g, float epsilon, const float* x, const float* scale,
                      const float* shift, float* y, float* stats) {
  GroupNorm body{g, epsilon, x, scale, shift, y, stats};
  g.width() % 4 == 0 && aligned(x) && aligned(y) ? launchGroups<4>(stream, body) : launchGroups<1>(stream, body);
}

inline void groupNormBackward(cd_stream* stream, const Groups& g, bool accumulate, const float* x, const float* scale,
                              const float* stats, const float* dy, float* dx) {
  GroupNormBackward body{g, accumulate, x, scale, stats, dy, dx};
  g.width() % 4 == 0 && aligned(x) && aligned(dy) && aligned(dx) ? launchGroups<4>(stream, body) : launchGroups<1>(stream, body);
}

}  // namespace candela
