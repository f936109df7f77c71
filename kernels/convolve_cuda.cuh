// CUDA only: the convolution as a product of matrices in tensor cores. A block makes a tile of pixels x output channels, in
// steps of kDeep channels of one tap; the next steps' operands are on their way from memory meanwhile. Factors are rounded
// to TF32, to nearest, when they come out of shared memory; sums are in float.
//
// Where few tiles would leave the card idle, the steps of a tile are shared among the blocks of a cluster. Each ends some of
// the tile's rows: it adds the parts, out of the others' shared memory, in their order. So that is always the same.
#pragma once

#include <atomic>

#include "convolve.cuh"
#include "grid_cuda.cuh"
#include "launch.cuh"
#include "tensor_cuda.cuh"

namespace candela {

constexpr int kConvolveThreads = 128;

struct ConvolveJob {
  Convolution k;
  Ending ending;
  Divide byWidth, byHeight, byAcross;
  int steps, stepsOfTap;
  // Whether y's pixels have others between them; whether the blocks are so few that all are on the card at once.
  bool spaced, few;
  // Bytes from a pixel of x to the next, and of an output channel's weights.
  int pixelBytes, channelBytes;
  const float* __restrict__ x;
  const float* __restrict__ weights;
  float* y;

  // Elements of y before a pixel of it.
  __device__ __forceinline__ int64_t placeOf(int pixel) const {
    if (!spaced) return pixel * k.yWide;
    uint32_t across = static_cast<uint32_t>(pixel), down = byWidth.split(across), image = byHeight.split(down);
    return k.placeOf(image, down, across) * k.yWide;
  }
};

struct ConvolveJobs {
  ConvolveJob of[Convolutions::kMost];
};

// A tile, the part of it that one of the four warps makes, the steps in flight and the blocks on a multiprocessor.
template <int kPixels_, int kChannels_, int kWarpPixels_, int kWarpChannels_, int kStages_, int kBlocksEach_>
struct TileOf {
  static constexpr int kPixels = kPixels_, kChannels = kChannels_, kWarpPixels = kWarpPixels_;
  static constexpr int kWarpChannels = kWarpChannels_, kStages = kStages_, kBlocksEach = kBlocksEach_;
  static constexpr int kWarpsAcross = kChannels / kWarpChannels;
  // Fragments of 16 pixels and of 8 channels.
  static constexpr int kDown = kWarpPixels / 16, kAcross = kWarpChannels / 8;
  // Floats of a stage, and of a row when the sums stand in shared memory: half a warp's pairs then lie in different banks.
  static constexpr int kStage = (kPixels + kChannels) * kDeep, kRow = kChannels + 8;
  static constexpr int kBytes = 4 * kStages * kStage;
  // Where a warp's part begins.
  __device__ __forceinline__ static int firstPixel(int warp) { return warp / kWarpsAcross * kWarpPixels; }
  __device__ __forceinline__ static int firstChannel(int warp) { return warp % kWarpsAcross * kWarpChannels; }
  static_assert(kPixels / kWarpPixels * kWarpsAcross * 32 == kConvolveThreads);
  static_assert(kPixels * kRow <= kStages * kStage, "sums take the place of the stages");
};

// Bits i below n where 0 <= first + i < size; n is at most 16.
__device__ __forceinline__ uint32_t inside(int first, int n, int size) {
  int from = first < 0 ? -first : 0, to = size - first < n ? size - first : n;
  return from < to ? (1u << to) - (1u << from) : 0u;
}

// Fills the stages. Thread i copies chunk i % 8 (4 channels) of rows i / 8, i / 8 + 16, … of both operands. In shared
// memory chunk q of row r stands at q ^ r % 8: the 8 chunks of a row, and chunk q of 8 rows on end, lie in different banks.
template <class T>
class Loader {
 public:
  __device__ __forceinline__ Loader(const ConvolveJob& job, int firstPixel, int firstChannel, int firstStep)
      : x(reinterpret_cast<const char*>(job.x)), pixelBytes(job.pixelBytes), channelBytes(job.channelBytes), c(job.k.c),
        kw(job.k.kw), w(job.k.w), row(threadIdx.x / 8), chunk(threadIdx.x % 8) {
    const Convolution& k = job.k;
#pragma unroll
    for (int i = 0; i < kRows; i++) {
      uint32_t across = static_cast<uint32_t>(firstPixel + row + kStep * i);
      bool some = across < k.pixels();
      uint32_t down = job.byWidth.split(across), image = job.byHeight.split(down);
      int top = static_cast<int>(down) * k.strideH - k.top, left = static_cast<int>(across) * k.strideW - k.left;
      pixel[i] = static_cast<int>(image) * k.h * k.w + top * k.w + left;
      taps[i] = some ? inside(top, k.kh, k.h) | inside(left, k.kw, k.w) << 16 : 0u;
    }
    channels = k.oc - firstChannel - row;
    factors = job.weights + (firstChannel + row) * k.depth() + 4 * chunk;
    tap = firstStep / job.stepsOfTap;
    channel = (firstStep - tap * job.stepsOfTap) * kDeep;
    down = tap / k.kw;
    across = tap - down * k.kw;
  }

  // Starts the copies of this step into a stage, and goes to the next step. No branches: where nothing is to be read the
  // address may be anything.
  __device__ __forceinline__ void start(float* stage) {
    float* to = stage + row * kDeep + 4 * (chunk ^ row % 8);
    bool some = channel + 4 * chunk < c;
    uint32_t bits = 1u << down | 1u << (16 + across);
    int step = down * w + across;
    const char* from = x + 4 * (channel + 4 * chunk);
#pragma unroll
    for (int i = 0; i < kRows; i++) {
      bool in = some && (taps[i] & bits) == bits;
      copyAsync(to + kStep * kDeep * i, from + int64_t{pixel[i] + step} * pixelBytes, in);
    }
    to += T::kPixels * kDeep;
    from = reinterpret_cast<const char*>(factors + static_cast<int64_t>(tap) * c + channel);
#pragma unroll
    for (int i = 0; i < T::kChannels / kStep; i++) {
      copyAsync(to + kStep * kDeep * i, from + int64_t{kStep * i} * channelBytes, some && kStep * i < channels);
    }
    next();
  }

 private:
  static constexpr int kStep = kConvolveThreads / 8, kRows = T::kPixels / kStep;

  __device__ __forceinline__ void next() {
    channel += kDeep;
    if (channel < c) return;
    channel = 0;
    tap++;
    if (++across < kw) return;
    across = 0;
    down++;
  }

  // Of the job, which lies among others: read once.
  const char* const x;
  const int pixelBytes, channelBytes, c, kw, w, row, chunk;
  // Of each row: its first tap's place, and the taps within the image: bits 0 … down, 16 … across.
  int pixel[kRows];
  uint32_t taps[kRows];
  // Rows of weights from this thread's first on.
  int channels;
  const float* factors;
  int tap, channel, down, across;
};

// The sums of a thread: of its warp's part those that the layout of mma gives it.
template <class T>
struct Sums {
  float at[T::kDown][T::kAcross][4];

  // Adds a stage's products.
  __device__ __forceinline__ void add(const float* stage) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    uint32_t a[2][T::kDown][4], b[2][T::kAcross][2];
    // The rows whose addresses this lane gives: of four 8 x 4 matrices the first two are one above the other in a, beside
    // each other in b.
    const float* pixels = stage + (T::firstPixel(warp) + lane % 16) * kDeep;
    const float* channels = stage + (T::kPixels + T::firstChannel(warp) + lane % 8 + lane / 16 * 8) * kDeep;
    fetch(a[0], b[0], pixels, channels, 0, lane);
#pragma unroll
    for (int k = 0; k < kDeep / 8; k++) {
      int now = k % 2;
      // The next factors are on their way while these are multiplied.
      if (k + 1 < kDeep / 8) fetch(a[1 - now], b[1 - now], pixels, channels, k + 1, lane);
      round(a[now], b[now]);
#pragma unroll
      for (int i = 0; i < T::kDown; i++) {
#pragma unroll
        for (int j = 0; j < T::kAcross; j++) multiplyAdd(at[i][j], a[now][i], b[now][j]);
      }
    }
  }

  // Factors of channels 8 k … 8 k + 7.
  __device__ __forceinline__ static void fetch(uint32_t (&a)[T::kDown][4], uint32_t (&b)[T::kAcross][2],
                                               const float* pixels, const float* channels, int k, int lane) {
    int swap = lane % 8;
#pragma unroll
    for (int i = 0; i < T::kDown; i++) {
      loadMatrices(pixels + 16 * i * kDeep + 4 * ((2 * k + lane / 16) ^ swap), a[i][0], a[i][1], a[i][2], a[i][3]);
    }
#pragma unroll
    for (int j = 0; j < T::kAcross; j += 2) {
      loadMatrices(channels + 8 * j * kDeep + 4 * ((2 * k + lane / 8 % 2) ^ swap), b[j][0], b[j][1], b[j + 1][0], b[j + 1][1]);
    }
  }

  __device__ __forceinline__ static void round(uint32_t (&a)[T::kDown][4], uint32_t (&b)[T::kAcross][2]) {
#pragma unroll
    for (int i = 0; i < T::kDown; i++) {
#pragma unroll
      for (int e = 0; e < 4; e++) a[i][e] = rounded(a[i][e]);
    }
#pragma unroll
    for (int j = 0; j < T::kAcross; j++) {
#pragma unroll
      for (int e = 0; e < 2; e++) b[j][e] = rounded(b[j][e]);
    }
  }

  // Into shared memory, row by row.
  __device__ __forceinline__ void stand(float* rows) const {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    float* first = rows + (T::firstPixel(warp) + lane / 4) * T::kRow + T::firstChannel(warp) + lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < T::kDown; i++) {
#pragma unroll
      for (int j = 0; j < T::kAcross; j++) {
        float* pair = first + 16 * i * T::kRow + 8 * j;
        *reinterpret_cast<float2*>(pair) = make_float2(at[i][j][0], at[i][j][1]);
        *reinterpret_cast<float2*>(pair + 8 * T::kRow) = make_float2(at[i][j][2], at[i][j][3]);
      }
    }
  }
};

// A block's own rows of its tile: all, or those of its part.
struct Own {
  int firstPixel, rows, firstChannel;
};

// What end() will read starts on its way into the second-level cache, which is one for all: it may still be written. So do
// the weights, before the kernel in front has ended; among many blocks others have brought them there.
template <class T>
__device__ __forceinline__ void foresee(const ConvolveJob& job, const Own& own, int begin, int steps) {
  constexpr int kMostLines = 8 * kConvolveThreads, kLines = T::kChannels / 32;
  const Convolution& k = job.k;
  int lines = !job.few ? 0 : steps * T::kChannels < kMostLines ? steps * T::kChannels : kMostLines;
#pragma unroll 1
  for (int i = threadIdx.x; i < lines; i += kConvolveThreads) {
    int channel = own.firstChannel + i % T::kChannels, at = (begin + i / T::kChannels) * kDeep;
    if (channel < k.oc && at < k.depth()) fetchLine(job.weights + channel * k.depth() + at);
  }
  if (job.ending.add == nullptr && job.ending.gate == nullptr) return;
#pragma unroll 1
  for (int i = threadIdx.x; i < own.rows * kLines; i += kConvolveThreads) {
    int row = own.firstPixel + i / kLines, channel = own.firstChannel + i % kLines * 32;
    if (row >= k.pixels() || channel >= k.oc) continue;
    int64_t at = job.placeOf(row) + channel;
    if (job.ending.add != nullptr) fetchLine(job.ending.add + at);
    if (job.ending.gate != nullptr) fetchLine(job.ending.gate + at);
  }
}

__device__ __forceinline__ float4 quadOf(const float* from, bool some) {
  return some ? *reinterpret_cast<const float4*>(from) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
}

// The sum of all parts at this place, in their order; all are on their way at once.
__device__ __forceinline__ float4 sumOf(const float4* place, int splits) {
  float4 v[kMostSplits];
#pragma unroll
  for (int p = 0; p < kMostSplits; p++) {
    if (p < splits) v[p] = readOf(p, place);
  }
  float4 sum = v[0];
#pragma unroll
  for (int p = 1; p < kMostSplits; p++) {
    if (p < splits) sum = make_float4(sum.x + v[p].x, sum.y + v[p].y, sum.z + v[p].z, sum.w + v[p].w);
  }
  return sum;
}

// Out of shared memory, 16 bytes at a time; what add and gate hold is read several rows ahead.
template <class T, bool kShared>
__device__ __forceinline__ void end(const ConvolveJob& job, const float* rows, const Own& own, int splits) {
  constexpr int kQuads = T::kChannels / 4, kStep = kConvolveThreads / kQuads, kAhead = kShared ? 1 : 8;
  const Convolution& k = job.k;
  const Ending& ending = job.ending;
  int first = threadIdx.x / kQuads, channel = own.firstChannel + threadIdx.x % kQuads * 4;
  if (channel >= k.oc) return;
  int64_t left = k.pixels() - own.firstPixel;
  int pixels = left < own.rows ? static_cast<int>(left) : own.rows;
  const float* from = rows + threadIdx.x % kQuads * 4;
  float4 bias = quadOf(ending.bias + channel, ending.bias != nullptr);
#pragma unroll 1
  for (int row = first; row < pixels; row += kStep * kAhead) {
    int64_t at[kAhead];
    float4 old[kAhead], gate[kAhead];
#pragma unroll
    for (int a = 0; a < kAhead; a++) {
      bool some = row + kStep * a < pixels;
      at[a] = some ? job.placeOf(own.firstPixel + row + kStep * a) + channel : 0;
      old[a] = quadOf(ending.add + at[a], some && ending.add != nullptr);
      gate[a] = quadOf(ending.gate + at[a], some && ending.gate != nullptr);
    }
#pragma unroll
    for (int a = 0; a < kAhead; a++) {
      int now = row + kStep * a;
      if (now >= pixels) continue;
      auto sums = reinterpret_cast<const float4*>(from + now * T::kRow);
      float4 v = kShared ? sumOf(sums, splits) : *sums;
      v.x = ending.of(v.x, bias.x, old[a].x, gate[a].x);
      v.y = ending.of(v.y, bias.y, old[a].y, gate[a].y);
      v.z = ending.of(v.z, bias.z, old[a].z, gate[a].z);
      v.w = ending.of(v.w, bias.w, old[a].w, gate[a].w);
      *reinterpret_cast<float4*>(job.y + at[a]) = v;
    }
  }
}

static_assert(kSplitKinds == 4, "1, 2, 4 or 8 parts");

// Block x is a tile, those of the same pixels one after another, so that x is read from memory once; block y a part, block z
// a convolution.
template <class T>
__global__ void __launch_bounds__(kConvolveThreads, T::kBlocksEach) convolveTile(const __grid_constant__ ConvolveJobs jobs) {
  extern __shared__ __align__(128) float stages[];
  const ConvolveJob& job = jobs.of[blockIdx.z];
  uint32_t column = blockIdx.x, down = job.byAcross.split(column);
  int firstPixel = static_cast<int>(down) * T::kPixels, firstChannel = static_cast<int>(column) * T::kChannels;
  // The largest of them has more tiles.
  if (firstPixel >= job.k.pixels()) return;
  int splits = static_cast<int>(gridDim.y), part = static_cast<int>(blockIdx.y);
  int begin = static_cast<int>(int64_t{job.steps} * part / splits);
  int steps = static_cast<int>(int64_t{job.steps} * (part + 1) / splits) - begin;
  int ownRows = T::kPixels / splits;
  Own own{firstPixel + part * ownRows, ownRows, firstChannel};
  foresee<T>(job, own, begin, steps);
  Loader<T> loader(job, firstPixel, firstChannel, begin);
  Sums<T> sums = {};
  awaitEarlier();
  int stage = 0, ahead = 0;
#pragma unroll 1
  for (int s = 1 - T::kStages; s < steps; s++) {
    if (s >= 0) {
      // This step's operands are here, from all threads; and all are done with the stage that is filled next.
      waitForCopies<T::kStages - 2>();
      __syncthreads();
    }
    if (s + T::kStages - 1 < steps) loader.start(stages + ahead * T::kStage);
    ahead = ahead + 1 < T::kStages ? ahead + 1 : 0;
    // Empty groups count too: the wait above is for the same number of them to the end.
    commitCopies();
    if (s < 0) continue;
    sums.add(stages + stage * T::kStage);
    stage = stage + 1 < T::kStages ? stage + 1 : 0;
  }
  __syncthreads();
  sums.stand(stages);
  if (splits == 1) {
    __syncthreads();
    end<T, false>(job, stages, own, 1);
    return;
  }
  clusterBarrier();
  end<T, true>(job, stages + part * ownRows * T::kRow, own, splits);
  // What others still read stays until all have.
  clusterBarrier();
}

// More than 48 KiB of shared memory must be asked for, once on each card.
template <class T>
void allowShared(int device) {
  static std::atomic<uint64_t> allowed{0};
  uint64_t bit = uint64_t{1} << (device & 63);
  if ((allowed.load() & bit) != 0) return;
  cudaError_t code = cudaFuncSetAttribute(convolveTile<T>, cudaFuncAttributeMaxDynamicSharedMemorySize, T::kBytes);
  if (code != cudaSuccess) {
    cudaGetLastError();
    fail(CD_DEVICE, "convolve: %d bytes of shared memory: CUDA error %d, %s", T::kBytes, static_cast<int>(code),
         cudaGetErrorString(code));
  }
  allowed |= bit;
}

template <int kKind, class T>
void launchTiles(cd_stream* stream, const ConvolveJobs& jobs, int count, const Tiling& tiling) {
  static_assert(kTiles[kKind].pixels == T::kPixels && kTiles[kKind].channels == T::kChannels);
  static_assert(T::kPixels % kMostSplits == 0);
  if (tiling.kind != kKind) return;
  allowShared<T>(stream->device);
  launchGrid(stream, convolveTile<T>, jobs, tiling.down * tiling.across, tiling.splits, count, kConvolveThreads, T::kBytes);
}

inline ConvolveJob jobOf(const Convolution& k, const Tiling& tiling, int64_t blocks, const Ending& ending, const float* x,
                         const float* weights, float* y) {
  // Three on each of 132 processors.
  constexpr int64_t kFew = 396;
  ConvolveJob job{k,
                  ending,
                  Divide(k.ow > 0 ? k.ow : 1),
                  Divide(k.oh > 0 ? k.oh : 1),
                  Divide(tiling.across),
                  static_cast<int>(k.steps()),
                  k.stepsOfTap(),
                  k.yStepH * k.yStepW > 1,
                  blocks <= kFew,
                  static_cast<int>(4 * k.wide),
                  static_cast<int>(4 * k.depth()),
                  x,
                  weights + k.firstWeight,
                  y};
  // Without taps there are no steps, but taps are divided by.
  job.k.kh = k.kh > 0 ? k.kh : 1;
  job.k.kw = k.kw > 0 ? k.kw : 1;
  return job;
}

inline bool convolveInTiles(cd_stream* stream, const Convolutions& all, const Tiling& tiling, const Ending& ending,
                            const float* x, const float* weights, float* y) {
  int64_t blocks = all.count * tiling.down * tiling.across * tiling.splits;
  ConvolveJob first = jobOf(all.largest(), tiling, blocks, ending, x, weights, y);
  ConvolveJobs jobs{{first, first, first, first}};
  for (int i = 1; i < all.count; i++) jobs.of[i] = jobOf(all.of[i], tiling, blocks, ending, x, weights, y);
  launchTiles<0, TileOf<128, 128, 64, 64, 3, 2>>(stream, jobs, all.count, tiling);
  launchTiles<1, TileOf<128, 64, 64, 32, 3, 3>>(stream, jobs, all.count, tiling);
  launchTiles<2, TileOf<64, 64, 32, 32, 4, 3>>(stream, jobs, all.count, tiling);
  launchTiles<3, TileOf<64, 32, 32, 16, 6, 3>>(stream, jobs, all.count, tiling);
  launchTiles<4, TileOf<32, 64, 16, 32, 6, 3>>(stream, jobs, all.count, tiling);
  return true;
}

}  // namespace candela
