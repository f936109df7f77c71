// CUDA only. The batches of blend.cu by 16 bytes; all bits are those of the shared bodies.
#pragma once

#include "divide.cuh"
#include "vector.cuh"

namespace candela {

// Where in a plane[h,w] a pixel and its right neighbours are seen in an image that is shifted: edges are repeated where
// it does not reach. kWide = 4: w is a multiple of 4, planes are aligned.
template <int kWide>
struct Seen {
  int line, first, w, rest;

  // Beyond its size no shift shows anything else.
  __device__ __forceinline__ Seen(int row, int column, int h, int w, int down, int across)
      : line(within(row + within(down, -h, h), 0, h - 1) * w), first(column + within(across, -w, w)), w(w),
        rest(kWide == 4 && first >= 0 && first + 4 <= w ? first % 4 : -1) {}

  __device__ __forceinline__ static int within(int i, int least, int most) { return max(least, min(i, most)); }

  // Whether there are four and all of them inside.
  __device__ __forceinline__ bool whole() const { return rest >= 0; }

  template <bool kWhole>
  __device__ __forceinline__ Floats<kWide> of(const float* plane) const {
    Floats<kWide> v;
    if constexpr (kWide == 4 && kWhole) {
      // Two aligned quads instead of four elements.
      const float* at = plane + (line + first - rest);
      v = load<4>(at);
      Floats<4> next = load<4>(at + (rest == 0 ? 0 : 4));
      bool two = rest & 2, one = rest & 1;
      float five[5] = {two ? v.at[2] : v.at[0], two ? v.at[3] : v.at[1], two ? next.at[0] : v.at[2],
                       two ? next.at[1] : v.at[3], two ? next.at[2] : next.at[0]};
#pragma unroll
      for (int k = 0; k < 4; k++) v.at[k] = one ? five[k + 1] : five[k];
    } else {
#pragma unroll
      for (int k = 0; k < kWide; k++) v.at[k] = __ldg(plane + line + within(first + k, 0, w - 1));
    }
    return v;
  }
};

struct Pixel {
  int row, column;
};

// Moves 4 rows h w (c + 1) + 8 c h w bytes; planes read again come from the second cache. Rows are [rows,c], i lies in
// [h,w].
struct BlendForwardBatch {
  Divide channels, lines;
  int h, w;
  const float* __restrict__ x;
  const float* __restrict__ other;
  const float* __restrict__ m;
  const int32_t* __restrict__ shift;
  float* __restrict__ y;

  template <int kWide>
  __device__ Pixel columns(int64_t i) const {
    auto column = static_cast<uint32_t>(i);
    auto row = static_cast<int>(lines.split(column));
    return {row, static_cast<int>(column)};
  }

  template <int kWide>
  __device__ void row(const Pixel& p, int64_t r, int64_t i) const {
    auto plane = static_cast<uint32_t>(r);
    int64_t image = channels.split(plane), n = int64_t{1} * h * w, from = plane * n;
    Floats<kWide> mask = load<kWide>(m + image * n + i);
    Seen<kWide> seen(p.row, p.column, h, w, __ldg(shift + 2 * image), __ldg(shift + 2 * image + 1));
    if (seen.whole()) {
      store<kWide>(y + r * n + i, blended<true>(seen, mask, from));
    } else {
      store<kWide>(y + r * n + i, blended<false>(seen, mask, from));
    }
  }

  template <bool kWhole, int kWide>
  __device__ __forceinline__ Floats<kWide> blended(const Seen<kWide>& seen, const Floats<kWide>& mask,
                                                   int64_t from) const {
    Floats<kWide> one = seen.template of<kWhole>(x + from), two = seen.template of<kWhole>(other + from), v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = two.at[k] + mask.at[k] * (one.at[k] - two.at[k]);
    return v;
  }
};

// Moves 4 rows h w (c + 1) + 8 c h w bytes; planes read again come from the second cache. i lies in [h,w].
struct BlendBackwardBatch {
  Divide lines;
  int64_t c;
  int h, w;
  const float* __restrict__ x;
  const float* __restrict__ other;
  const int32_t* __restrict__ shift;
  const float* __restrict__ dy;
  float* __restrict__ dm;

  template <int kWide>
  __device__ Pixel columns(int64_t i) const {
    auto column = static_cast<uint32_t>(i);
    auto row = static_cast<int>(lines.split(column));
    return {row, static_cast<int>(column)};
  }

  template <int kWide>
  __device__ void row(const Pixel& p, int64_t r, int64_t i) const {
    int64_t n = int64_t{1} * h * w;
    Seen<kWide> seen(p.row, p.column, h, w, __ldg(shift + 2 * r), __ldg(shift + 2 * r + 1));
    const float* in = dy + r * c * n + i;
    store<kWide>(dm + r * n + i, seen.whole() ? sum<true>(seen, in, n) : sum<false>(seen, in, n));
  }

  template <bool kWhole, int kWide>
  __device__ __forceinline__ Floats<kWide> sum(const Seen<kWide>& seen, const float* in, int64_t n) const {
    Floats<kWide> sum = {};
#pragma unroll 3
    for (int64_t plane = 0; plane < c * n; plane += n) {
      Floats<kWide> d = load<kWide>(in + plane);
      Floats<kWide> one = seen.template of<kWhole>(x + plane), two = seen.template of<kWhole>(other + plane);
#pragma unroll
      for (int k = 0; k < kWide; k++) sum.at[k] += d.at[k] * (one.at[k] - two.at[k]);
    }
    return sum;
  }
};

}  // namespace candela
