// CUDA only. The batches and sums of noise.cu as fast as memory takes them.
#pragma once

#include "philox.cuh"
#include "vector.cuh"

namespace candela {

// One instruction for both halves of a product; from the shared philox() nvcc makes 64-bit products of masked words.
__device__ __forceinline__ void product(uint32_t a, uint32_t b, uint32_t* high, uint32_t* low) {
  asm("{ .reg .u64 p; mul.wide.u32 p, %2, %3; mov.b64 {%1, %0}, p; }" : "=r"(*high), "=r"(*low) : "r"(a), "r"(b));
}

// philox() word for word.
__device__ __forceinline__ Words quickPhilox(int64_t seed, int64_t sample, int64_t block) {
  auto c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(static_cast<uint64_t>(block) >> 32);
  auto c2 = static_cast<uint32_t>(sample), c3 = static_cast<uint32_t>(static_cast<uint64_t>(sample) >> 32);
  auto k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    uint32_t high0, low0, high1, low1;
    product(0xD2511F53u, c0, &high0, &low0);
    product(0xCD9E8D57u, c2, &high1, &low1);
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// The card's own approximations, one instruction each, for arguments that are not subnormal.
__device__ __forceinline__ float quickLog2(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float quickRoot(float x) {
  float y;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float quickSine(float x) {
  float y;
  asm("sin.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float quickCosine(float x) {
  float y;
  asm("cos.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// uniform() in one rounding, which is the same.
__device__ __forceinline__ float quickUniform(uint32_t word) {
  return fmaf(static_cast<float>(word >> 8), 0x1p-24f, 0x1p-25f);
}

// -2 ln u for u = uniform(word), within 4e-7 and, near u = 1, within 1e-6 of itself: there the logarithm's absolute error
// would become one of 6e-4 of its root, so its series takes over.
__device__ __forceinline__ float squaredRadius(float u) {
  float t = 1.0f - u;
  float series = fmaf(t, fmaf(t, 0.66666667f, 1.0f), 2.0f) * t;
  float direct = -1.3862944f * quickLog2(u);
  return u > 1.0f - 0x1p-6f ? series : direct;
}

// x + sigma times the normals of the shared body, within 1e-5 * sigma. Angles are turned by half a turn into -pi … pi, where the card's sine is good to 7e-7.
__device__ __forceinline__ Floats<4> noisy(const Floats<4>& x, float sigma, int64_t seed, int64_t sample,
                                           int64_t block) {
  Words w = quickPhilox(seed, sample, block);
  Floats<4> y;
#pragma unroll
  for (int pair = 0; pair < 4; pair += 2) {
    float turn = fmaf(static_cast<float>(w.at[pair + 1] >> 8), 0x1p-24f, 0x1p-25f - 0.5f);
    float radius = -sigma * quickRoot(squaredRadius(quickUniform(w.at[pair])));
    float angle = 6.2831853f * turn;
    y.at[pair] = fmaf(radius, quickCosine(angle), x.at[pair]);
    y.at[pair + 1] = fmaf(radius, quickSine(angle), x.at[pair + 1]);
  }
  return y;
}

// Elements of a warp whose threads hold 4 neighbours each, written where rows are not aligned: through shared memory, so
// that neighbouring threads write neighbouring elements. All threads of the warp come here.
__device__ __forceinline__ void storeWarp(float* row, int64_t i, int64_t n, const Floats<4>& v) {
  __shared__ __align__(16) float stage[4 * kBlock];
  unsigned thread = threadIdx.y * blockDim.x + threadIdx.x, lane = thread & 31;
  float* mine = stage + 4 * (thread - lane);
  store<4>(mine + 4 * lane, v);
  __syncwarp();
  int64_t first = i - 3 * static_cast<int64_t>(lane);
#pragma unroll
  for (int k = 0; k < 4; k++) {
    if (first + 32 * k < n) row[first + 32 * k] = mine[32 * k + lane];
  }
  __syncwarp();
}

template <bool kAligned>
__device__ __forceinline__ void storeRow(float* row, int64_t i, int64_t n, const Floats<4>& v) {
  if constexpr (kAligned) {
    store<4>(row + i, v);
  } else {
    storeWarp(row, i, n, v);
  }
}

// Noise takes longer to compute than to write.
constexpr int64_t kNoisyBlocks = 2 * kWanted;

// Elements that whole warps of 4 each cover: none of their threads stays away.
inline int64_t inWarps(int64_t n) { return (n + 127) / 128 * 128; }

// Moves 4 n (rows + 1) bytes; x is read once for the rows of a thread.
template <bool kAligned>
struct GaussianBatch {
  int64_t n, seed;
  float sigma;
  const float* __restrict__ x;
  const int64_t* __restrict__ sample;
  float* __restrict__ y;

  template <int kWide>
  __device__ Floats<4> columns(int64_t i) const {
    if constexpr (kAligned) {
      return load<4>(x + i);
    } else {
      Floats<4> v;
      for (int k = 0; k < 4; k++) v.at[k] = i + k < n ? __ldg(x + i + k) : 0.0f;
      return v;
    }
  }

  template <int kWide>
  __device__ void row(const Floats<4>& from, int64_t r, int64_t i) const {
    storeRow<kAligned>(y + r * n, i, n, noisy(from, sigma, seed, __ldg(sample + r), i / 4));
  }
};

// Moves 4 n rows bytes. The bits are those of the shared body.
template <bool kAligned>
struct UniformBatch {
  int64_t n, seed;
  float lo, hi;
  const int64_t* __restrict__ sample;
  float* __restrict__ y;

  template <int kWide>
  __device__ int columns(int64_t) const {
    return 0;
  }

  template <int kWide>
  __device__ void row(int, int64_t r, int64_t i) const {
    Words w = quickPhilox(seed, __ldg(sample + r), i / 4);
    Floats<4> v;
#pragma unroll
    for (int k = 0; k < 4; k++) v.at[k] = lo + (hi - lo) * quickUniform(w.at[k]);
    storeRow<kAligned>(y + r * n, i, n, v);
  }
};

// Moves 4 n (rows + 2) bytes. The bits are those of the shared body.
struct InterpolateBatch {
  int64_t n;
  const float* __restrict__ baseline;
  const float* __restrict__ x;
  const float* __restrict__ alpha;
  float* __restrict__ y;

  template <int kWide>
  struct Ends {
    Floats<kWide> from, way;
  };

  template <int kWide>
  __device__ Ends<kWide> columns(int64_t i) const {
    Ends<kWide> e{load<kWide>(baseline + i), load<kWide>(x + i)};
#pragma unroll
    for (int k = 0; k < kWide; k++) e.way.at[k] -= e.from.at[k];
    return e;
  }

  template <int kWide>
  __device__ void row(const Ends<kWide>& e, int64_t r, int64_t i) const {
    float a = __ldg(alpha + r);
    Floats<kWide> v;
#pragma unroll
    for (int k = 0; k < kWide; k++) v.at[k] = e.from.at[k] + a * e.way.at[k];
    store<kWide>(y + r * n + i, v);
  }
};

// Few columns are all that runs at once: small blocks spread them evenly, and each thread has 16 rows on their way.
constexpr int kColumns = 64;
constexpr int kAhead = 16;

// Sums in row order: the bits are those of the shared body.
template <int kWide, bool kWeighted, bool kSquare>
struct MomentsOf {
  double sum[kWide], square[kSquare ? kWide : 1];

  // kAll: no row is missing at the end.
  template <bool kAll>
  __device__ __forceinline__ void add(int64_t rows, int64_t n, const float* weight, const float* g) {
    Floats<kWide> v[kAhead];
#pragma unroll
    for (int k = 0; k < kAhead; k++) {
      if (kAll || k < rows) v[k] = load<kWide>(g + k * n);
    }
#pragma unroll
    for (int k = 0; k < kAhead; k++) {
      if (!kAll && k >= rows) continue;
      double w = 1.0;
      if constexpr (kWeighted) w = static_cast<double>(__ldg(weight + k));
#pragma unroll
      for (int c = 0; c < kWide; c++) {
        double at = static_cast<double>(v[k].at[c]);
        sum[c] += kWeighted ? w * at : at;
        if constexpr (kSquare) square[c] += kWeighted ? w * (at * at) : at * at;
      }
    }
  }
};

// Moves 4 n rows bytes, and 16 n (32 n with squares) for the accumulators.
template <int kWide, bool kWeighted, bool kSquare>
__global__ void __launch_bounds__(kColumns)
    addMoments(int64_t rows, int64_t n, const float* __restrict__ weight, const float* __restrict__ g,
               double* __restrict__ sum, double* __restrict__ square) {
  int64_t across = static_cast<int64_t>(gridDim.x) * kColumns * kWide;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x) * kWide; i < n; i += across) {
    MomentsOf<kWide, kWeighted, kSquare> m;
    load<kWide>(sum + i, m.sum);
    if constexpr (kSquare) load<kWide>(square + i, m.square);
    int64_t r = 0;
    for (; r + kAhead <= rows; r += kAhead) m.template add<true>(kAhead, n, weight + r, g + r * n + i);
    if (r < rows) m.template add<false>(rows - r, n, weight + r, g + r * n + i);
    store<kWide>(sum + i, m.sum);
    if constexpr (kSquare) store<kWide>(square + i, m.square);
  }
}

template <int kWide, bool kWeighted>
void moments(cd_stream* stream, int64_t rows, int64_t n, const float* weight, const float* g, double* sum,
             double* square) {
  if (rows <= 0 || n <= 0) return;
  int64_t blocks = (n + kColumns * kWide - 1) / (kColumns * kWide);
  auto grid = static_cast<unsigned>(blocks < kAcross ? blocks : kAcross);
  auto queue = queueOf(stream);
  if (square == nullptr) {
    addMoments<kWide, kWeighted, false><<<grid, kColumns, 0, queue>>>(rows, n, weight, g, sum, square);
  } else {
    addMoments<kWide, kWeighted, true><<<grid, kColumns, 0, queue>>>(rows, n, weight, g, sum, square);
  }
  checkLaunch();
}

}  // namespace candela
