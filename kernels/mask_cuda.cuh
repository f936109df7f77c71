// CUDA only. The batches of mask.cu as fast as memory takes them; all bits are those of the shared bodies.
#pragma once

#include "functions.cuh"
#include "vector.cuh"

namespace candela {

// What a row chooses from, at the elements of one thread.
template <int kWide>
struct Choice {
  Floats<kWide> x, fill;
  Ints<kWide> of;
};

// Moves 4 n (rows + 2) bytes and 16 a row. i lies in [c,h,w], with w a multiple of kWide.
struct OccludeBatch {
  int32_t h, w;
  int64_t n;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ window;
  float* __restrict__ y;

  template <int kWide>
  struct Piece {
    Floats<kWide> x, fill;
    int32_t row, column;
  };

  template <int kWide>
  __device__ Piece<kWide> columns(int64_t i) const {
    int64_t line = i / w;
    return {load<kWide>(x + i), load<kWide>(fill + i), static_cast<int32_t>(line % h),
            static_cast<int32_t>(i - line * w)};
  }

  template <int kWide>
  __device__ void row(const Piece<kWide>& p, int64_t r, int64_t i) const {
    const int32_t* k = window + 4 * r;
    int32_t top = __ldg(k), left = __ldg(k + 1), bottom = __ldg(k + 2), right = __ldg(k + 3);
    bool inside = p.row >= top && p.row < bottom;
    Floats<kWide> v;
#pragma unroll
    for (int j = 0; j < kWide; j++) {
      v.at[j] = inside && p.column + j >= left && p.column + j < right ? p.fill.at[j] : p.x.at[j];
    }
    store<kWide>(y + r * n + i, v);
  }
};

// Moves 4 n (rows + 3) bytes.
struct SelectFeaturesBatch {
  int64_t n;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ feature;
  const int32_t* __restrict__ off;
  float* __restrict__ y;

  template <int kWide>
  __device__ Choice<kWide> columns(int64_t i) const {
    return {load<kWide>(x + i), load<kWide>(fill + i), load<kWide>(feature + i)};
  }

  template <int kWide>
  __device__ void row(const Choice<kWide>& c, int64_t r, int64_t i) const {
    int32_t gone = __ldg(off + r);
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = c.of.at[k] == gone ? c.fill.at[k] : c.x.at[k];
    store<kWide>(y + r * n + i, v);
  }
};

// Moves 4 n (rows + 3) + rows features bytes; a row's flags stay in the first cache.
struct SelectVisibleBatch {
  int64_t n, features;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ feature;
  const uint8_t* __restrict__ on;
  float* __restrict__ y;

  template <int kWide>
  __device__ Choice<kWide> columns(int64_t i) const {
    return {load<kWide>(x + i), load<kWide>(fill + i), load<kWide>(feature + i)};
  }

  template <int kWide>
  __device__ void row(const Choice<kWide>& c, int64_t r, int64_t i) const {
    const uint8_t* seen = on + r * features;
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = __ldg(seen + c.of.at[k]) != 0 ? c.x.at[k] : c.fill.at[k];
    store<kWide>(y + r * n + i, v);
  }
};

// Moves 4 n (rows + 3) bytes.
struct SelectRankedBatch {
  int64_t n;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ rank;
  const int32_t* __restrict__ count;
  float* __restrict__ y;

  template <int kWide>
  __device__ Choice<kWide> columns(int64_t i) const {
    return {load<kWide>(x + i), load<kWide>(fill + i), load<kWide>(rank + i)};
  }

  template <int kWide>
  __device__ void row(const Choice<kWide>& c, int64_t r, int64_t i) const {
    int32_t first = __ldg(count + r);
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = c.of.at[k] < first ? c.fill.at[k] : c.x.at[k];
    store<kWide>(y + r * n + i, v);
  }
};

// Exact at both ends.
template <int kWide>
__device__ __forceinline__ Floats<kWide> between(const Floats<kWide>& weight, const Floats<kWide>& x,
                                                 const Floats<kWide>& fill) {
  Floats<kWide> v;
#pragma unroll
  for (int k = 0; k < kWide; k++) {
    float w = weight.at[k];
    v.at[k] = w == 1.0f ? x.at[k] : fill.at[k] + w * (x.at[k] - fill.at[k]);
  }
  return v;
}

// Moves 4 n (rows + 3) + 4 rows features bytes; a row's weights stay in the first cache.
struct BlendFeaturesBatch {
  int64_t n, features;
  const float* __restrict__ weight;
  const int32_t* __restrict__ feature;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  float* __restrict__ y;

  template <int kWide>
  __device__ Choice<kWide> columns(int64_t i) const {
    return {load<kWide>(x + i), load<kWide>(fill + i), load<kWide>(feature + i)};
  }

  template <int kWide>
  __device__ void row(const Choice<kWide>& c, int64_t r, int64_t i) const {
    const float* of = weight + r * features;
    Floats<kWide> w;
#pragma unroll
    for (int k = 0; k < kWide; k++) w.at[k] = __ldg(of + c.of.at[k]);
    store<kWide>(y + r * n + i, between(w, c.x, c.fill));
  }
};

// Moves 4 n (rows + 2) + 4 rows features bytes. features is a multiple of kWide: 4 neighbours have neighbouring weights.
struct BlendPlanesBatch {
  int64_t n, features;
  const float* __restrict__ weight;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  float* __restrict__ y;

  template <int kWide>
  struct Piece {
    Floats<kWide> x, fill;
    int64_t at;
  };

  template <int kWide>
  __device__ Piece<kWide> columns(int64_t i) const {
    return {load<kWide>(x + i), load<kWide>(fill + i), i % features};
  }

  template <int kWide>
  __device__ void row(const Piece<kWide>& p, int64_t r, int64_t i) const {
    store<kWide>(y + r * n + i, between(load<kWide>(weight + r * features + p.at), p.x, p.fill));
  }
};

// Longest side of a mask for 32-bit places.
constexpr int64_t kSide = 1 << 16;

// Moves 4 rows h w bytes; a row's uniforms stay in the first cache. i lies in [h,w], with w a multiple of kWide; sides
// are at most kSide.
struct GridMaskBatch {
  int32_t cells, w, tall, wide;
  int64_t n;
  float keep;
  const float* __restrict__ uniform;
  float* __restrict__ mask;

  struct Place {
    int32_t row, column;
  };

  struct Between {
    int32_t first, second;
    float part;
  };

  template <int kWide>
  __device__ Place columns(int64_t i) const {
    auto at = static_cast<uint32_t>(i), across = static_cast<uint32_t>(w);
    return {static_cast<int32_t>(at / across), static_cast<int32_t>(at % across)};
  }

  template <int kWide>
  __device__ void row(const Place& p, int64_t r, int64_t i) const {
    int32_t grid = cells * cells;
    const float* u = uniform + r * (grid + 2);
    int32_t down = start(__ldg(u + grid), tall), across = start(__ldg(u + grid + 1), wide);
    Between y = place(p.row + down, tall);
    const float* upper = u + y.first * cells;
    const float* lower = u + y.second * cells;
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) {
      Between x = place(p.column + k + across, wide);
      float top = (1 - x.part) * bit(upper, x.first) + x.part * bit(upper, x.second);
      float bottom = (1 - x.part) * bit(lower, x.first) + x.part * bit(lower, x.second);
      v.at[k] = (1 - y.part) * top + y.part * bottom;
    }
    store<kWide>(mask + r * n + i, v);
  }

  __device__ float bit(const float* u, int32_t j) const { return __ldg(u + j) < keep ? 1.0f : 0.0f; }

  __device__ static int32_t start(float u, int32_t most) {
    auto v = static_cast<int32_t>(u * static_cast<float>(most));
    return v < most ? v : most - 1;
  }

  __device__ Between place(int32_t p, int32_t cell) const {
    float at = (static_cast<float>(p) + 0.5f) * static_cast<float>(cells) / static_cast<float>((cells + 1) * cell) - 0.5f;
    at = at < 0.0f ? 0.0f : at > static_cast<float>(cells - 1) ? static_cast<float>(cells - 1) : at;
    auto first = static_cast<int32_t>(at);
    return {first, first + 1 < cells ? first + 1 : first, at - static_cast<float>(first)};
  }
};

// Pixels of a block's part of the map; its threads are as many.
constexpr int kTileWide = 32;
constexpr int kTileTall = 8;
constexpr int kTile = kTileWide * kTileTall;

// Moves 8 h w bytes, and 24 windows for each tile from the second cache. Windows that miss the tile are sorted out by
// one thread each; those that stay keep their order, so that every pixel adds in window order.
template <class Body>
__global__ void __launch_bounds__(kTile) occlusionTiles(Body body, int64_t h) {
  __shared__ int4 near[kTile];
  __shared__ double score[kTile];
  __shared__ int found[kTile / 32];
  int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  int64_t top = static_cast<int64_t>(blockIdx.y) * kTileTall, left = static_cast<int64_t>(blockIdx.x) * kTileWide;
  int64_t row = top + warp, column = left + lane;
  double sum = 0.0;
  int32_t count = 0;
  for (int64_t first = 0; first < body.windows; first += kTile) {
    int64_t j = first + thread;
    int4 k = make_int4(0, 0, 0, 0);
    if (j < body.windows) {
      const int32_t* edges = body.window + 4 * j;
      k = make_int4(edges[0], edges[1], edges[2], edges[3]);
    }
    bool touches = k.x < top + kTileTall && k.z > top && k.y < left + kTileWide && k.w > left;
    unsigned votes = __ballot_sync(0xffffffffu, touches);
    if (lane == 0) found[warp] = __popc(votes);
    __syncthreads();
    int before = 0, all = 0;
    for (int other = 0; other < kTile / 32; other++) {
      before += other < warp ? found[other] : 0;
      all += found[other];
    }
    if (touches) {
      int slot = before + __popc(votes & ((1u << lane) - 1));
      near[slot] = k;
      score[slot] = body.score[j];
    }
    __syncthreads();
    for (int t = 0; t < all; t++) {
      int4 of = near[t];
      if (row >= of.x && row < of.z && column >= of.y && column < of.w) {
        sum += score[t];
        count++;
      }
    }
    __syncthreads();
  }
  if (row >= h || column >= body.w) return;
  if (body.average && count > 0) sum /= count;
  body.map[row * body.w + column] = sum;
}

// Moves 8 h w bytes; reach and p come from the caches, (2 radius + 1)^2 numbers of each for a pixel. Sides are at most
// kSide.
template <class Body>
__global__ void __launch_bounds__(kTile) smoothMaxPixels(Body body, int h) {
  int row = static_cast<int>(blockIdx.y) * kTileTall + static_cast<int>(threadIdx.x) / kTileWide;
  int column = static_cast<int>(blockIdx.x) * kTileWide + static_cast<int>(threadIdx.x) % kTileWide;
  auto w = static_cast<int>(body.w), down = static_cast<int>(body.down), across = static_cast<int>(body.across);
  if (row >= h || column >= w) return;
  auto step = static_cast<int>(body.step), radius = static_cast<int>(body.radius);
  int i = row / step, j = column / step, span = (2 * radius + 1) * step;
  int top = i > radius ? i - radius : 0, left = j > radius ? j - radius : 0;
  int bottom = i + radius < down ? i + radius : down - 1, right = j + radius < across ? j + radius : across - 1;
  float sum = 0.0f, weighted = 0.0f;
  for (int a = top; a <= bottom; a++) {
    const float* line = body.reach + static_cast<int64_t>(row + (radius - a) * step) * span + column + radius * step;
    const float* cells = body.p + static_cast<int64_t>(a) * across;
#pragma unroll 4
    for (int b = left; b <= right; b++) body.add(__ldg(cells + b), line - b * step, 1, &sum, &weighted);
  }
  int64_t at = static_cast<int64_t>(row) * w + column;
  body.y[at] = weighted / sum;
  body.total[at] = sum;
}

// Terms that a block holds at once; half of them are added up while the others are computed.
constexpr int kTerms = 512;
constexpr int kGather = 128;

// Moves 4 (3 h w + cells) bytes through the second cache, and each pixel's three numbers as often as cells reach it. A
// block computes the terms of one cell several at once and adds them up in the order of the shared body.
template <class Body>
__global__ void __launch_bounds__(kGather) smoothMaxCells(Body body) {
  __shared__ __align__(16) float terms[2][kTerms];
  int64_t cell = blockIdx.x, a = cell / body.across, b = cell % body.across;
  int64_t span = (2 * body.radius + 1) * body.step;
  int64_t top = a > body.radius ? (a - body.radius) * body.step : 0;
  int64_t left = b > body.radius ? (b - body.radius) * body.step : 0;
  int64_t bottom = (a + body.radius + 1) * body.step, right = (b + body.radius + 1) * body.step;
  bottom = bottom < body.h ? bottom : body.h;
  right = right < body.w ? right : body.w;
  auto wide = static_cast<uint32_t>(right - left);
  int64_t all = (bottom - top) * (right - left);
  const float* line = body.reach + (top + (body.radius - a) * body.step) * span + (body.radius - b) * body.step + left;
  int64_t corner = top * body.w + left;
  float of = body.p[cell], sum = 0.0f;
  int half = 0;
  for (int64_t first = 0; first < all; first += kTerms, half ^= 1) {
    int n = static_cast<int>(all - first < kTerms ? all - first : kTerms);
    for (int t = static_cast<int>(threadIdx.x); t < n; t += kGather) {
      auto at = static_cast<uint32_t>(first + t);
      uint32_t row = at / wide, column = at % wide;
      body.terms(of, line + row * span + column, corner + row * body.w + column, 1, &terms[half][t]);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      int t = 0;
      for (; t + 4 <= n; t += 4) {
        float4 v = *reinterpret_cast<const float4*>(&terms[half][t]);
        sum += v.x;
        sum += v.y;
        sum += v.z;
        sum += v.w;
      }
      for (; t < n; t++) sum += terms[half][t];
    }
  }
  if (threadIdx.x == 0) body.dp[cell] = sum;
}

}  // namespace candela
