// CUDA only. The batches of blend.cu by 16 bytes; all bits are those of the shared bodies.
#pragma once

#include "divide.cuh"
#include "vector.cuh"

namespace candela {

// A pixel of an image of which another part is seen, edges repeated where it does not reach.
struct Pixel {
  int64_t row, column;

  __device__ static int64_t inside(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

  // What plane[h,w] has there and at its right neighbours. kWide = 4: w is a multiple of 4, the plane aligned.
  template <int kWide>
  __device__ Floats<kWide> of(const float* plane, int64_t h, int64_t w, int32_t down, int32_t across) const {
    const float* line = plane + inside(row + down, h) * w;
    int64_t first = column + across;
    if constexpr (kWide == 4) {
      if (first % 4 == 0 && first >= 0 && first < w) return load<kWide>(line + first);
    }
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = __ldg(line + inside(first + k, w));
    return v;
  }
};

// Moves 4 rows h w (c + 1) + 8 c h w bytes; planes read again come from the second cache. Rows are [rows,c], i lies in
// [h,w].
struct BlendForwardBatch {
  Divide channels;
  int64_t h, w;
  const float* __restrict__ x;
  const float* __restrict__ other;
  const float* __restrict__ m;
  const int32_t* __restrict__ shift;
  float* __restrict__ y;

  template <int kWide>
  __device__ Pixel columns(int64_t i) const {
    return {i / w, i % w};
  }

  template <int kWide>
  __device__ void row(const Pixel& p, int64_t r, int64_t i) const {
    auto plane = static_cast<uint32_t>(r);
    int64_t image = channels.split(plane), n = h * w, from = plane * n;
    int32_t down = __ldg(shift + 2 * image), across = __ldg(shift + 2 * image + 1);
    Floats<kWide> mask = load<kWide>(m + image * n + i);
    Floats<kWide> one = p.of<kWide>(x + from, h, w, down, across);
    Floats<kWide> two = p.of<kWide>(other + from, h, w, down, across);
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = two.at[k] + mask.at[k] * (one.at[k] - two.at[k]);
    store<kWide>(y + r * n + i, v);
  }
};

// Moves 4 rows h w (c + 1) + 8 c h w bytes; planes read again come from the second cache. i lies in [h,w].
struct BlendBackwardBatch {
  int64_t c, h, w;
  const float* __restrict__ x;
  const float* __restrict__ other;
  const int32_t* __restrict__ shift;
  const float* __restrict__ dy;
  float* __restrict__ dm;

  template <int kWide>
  __device__ Pixel columns(int64_t i) const {
    return {i / w, i % w};
  }

  template <int kWide>
  __device__ void row(const Pixel& p, int64_t r, int64_t i) const {
    int64_t n = h * w;
    int32_t down = __ldg(shift + 2 * r), across = __ldg(shift + 2 * r + 1);
    Floats<kWide> sum = {};
#pragma unroll 3
    for (int64_t plane = 0; plane < c; plane++) {
      Floats<kWide> d = load<kWide>(dy + (r * c + plane) * n + i);
      Floats<kWide> one = p.of<kWide>(x + plane * n, h, w, down, across);
      Floats<kWide> two = p.of<kWide>(other + plane * n, h, w, down, across);
#pragma unroll
      for (int k = 0; k < kWide; k++) sum.at[k] += d.at[k] * (one.at[k] - two.at[k]);
    }
    store<kWide>(dm + r * n + i, sum);
  }
};

}  // namespace candela
