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

// One of a launch's convolutions: what is its own. Few, as a parameter that is looked up by the block's number costs more.
struct ConvolveLayer {
  Divide byWidth, byHeight;
  int pixels, kh, kw, top, left, yTop, yLeft, steps;
  // Bytes of an output channel's weights.
  int channelBytes;
  const float* __restrict__ weights;
};

struct ConvolveJob {
  Ending ending;
  const float* __restrict__ x;
  float* y;
  int64_t yWide;
  Divide byAcross;
  // Bytes from a pixel of x to the next.
  int pixelBytes;
  int h, w, c, oc, strideH, strideW, stepsOfTap;
  // Whether y's pixels have others between them, in an image of yh x yw.
  bool spaced;
  int yh, yw, yStepH, yStepW;
  // Whether the blocks are so few that all are on the card at once.
  bool few;
  ConvolveLayer of[Convolutions::kMost];

  // Elements of y before a pixel of the layer.
  __device__ __forceinline__ int64_t placeOf(const ConvolveLayer& layer, int pixel) const {
    if (!spaced) return pixel * yWide;
    uint32_t across = static_cast<uint32_t>(pixel), down = layer.byWidth.split(across), image = layer.byHeight.split(down);
    int64_t row = static_cast<int64_t>(image) * yh + static_cast<int64_t>(down) * yStepH + layer.yTop;
    return (row * yw + static_cast<int64_t>(across) * yStepW + layer.yLeft) * yWide;
  }
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
  __device__ __forceinline__ Loader(const ConvolveJob& job, const ConvolveLayer& layer, int firstPixel, int firstChannel,
                                    int firstStep)
      : job(job), channelBytes(layer.channelBytes), kw(layer.kw), row(threadIdx.x / 8), chunk(threadIdx.x % 8) {
    int pixels = layer.pixels, kh = layer.kh, firstTop = layer.top, firstLeft = layer.left;
#pragma unroll
    for (int i = 0; i < kRows; i++) {
      uint32_t across = static_cast<uint32_t>(firstPixel + row + kStep * i);
      bool some = across < static_cast<uint32_t>(pixels);
      uint32_t down = layer.byWidth.split(across), image = layer.byHeight.split(down);
      int top = static_cast<int>(down) * job.strideH - firstTop, left = static_cast<int>(across) * job.strideW - firstLeft;
      pixel[i] = static_cast<int>(image) * job.h * job.w + top * job.w + left;
      taps[i] = some ? inside(top, kh, job.h) | inside(left, kw, job.w) << 16 : 0u;
    }
    channels = job.oc - firstChannel - row;
    auto weights = reinterpret_cast<const char*>(layer.weights) + int64_t{firstChannel + row} * channelBytes;
    factors = reinterpret_cast<const float*>(weights) + 4 * chunk;
    tap = firstStep / job.stepsOfTap;
    channel = (firstStep - tap * job.stepsOfTap) * kDeep;
    down = tap / kw;
    across = tap - down * kw;
  }

  // Starts the copies of this step into a stage, and goes to the next step. No branches: where nothing is to be read the
  // address may be anything.
  __device__ __forceinline__ void start(float* stage) {
    float* to = stage + row * kDeep + 4 * (chunk ^ row % 8);
    bool some = channel + 4 * chunk < job.c;
    uint32_t bits = 1u << down | 1u << (16 + across);
    int step = down * job.w + across;
    auto from = reinterpret_cast<const char*>(job.x + channel + 4 * chunk);
#pragma unroll
    for (int i = 0; i < kRows; i++) {
      bool in = some && (taps[i] & bits) == bits;
      copyAsync(to + kStep * kDeep * i, from + int64_t{pixel[i] + step} * job.pixelBytes, in);
    }
    to += T::kPixels * kDeep;
    from = reinterpret_cast<const char*>(factors + static_cast<int64_t>(tap) * job.c + channel);
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
    if (channel < job.c) return;
    channel = 0;
    tap++;
    if (++across < kw) return;
    across = 0;
    down++;
  }

  const ConvolveJob& job;
  const int channelBytes, kw, row, chunk;
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

// The weights start on their way into the second-level cache, which is one for all: before the kernel in front has ended.
// Among many blocks others have brought them there.
template <class T>
__device__ __forceinline__ void foreseeWeights(const ConvolveJob& job, const ConvolveLayer& layer, int firstChannel, int begin,
                                               int steps) {
  constexpr int kMostLines = 8 * kConvolveThreads;
  if (!job.few) return;
  int lines = steps * T::kChannels < kMostLines ? steps * T::kChannels : kMostLines, bytes = layer.channelBytes;
  auto weights = reinterpret_cast<const char*>(layer.weights);
#pragma unroll 1
  for (int i = threadIdx.x; i < lines; i += kConvolveThreads) {
    int channel = firstChannel + i % T::kChannels, step = begin + i / T::kChannels, tap = step / job.stepsOfTap;
    int at = 4 * (tap * job.c + (step - tap * job.stepsOfTap) * kDeep);
    if (channel < job.oc) fetchLine(reinterpret_cast<const float*>(weights + int64_t{channel} * bytes + at));
  }
}

// The same of what end() will read.
template <class T>
__device__ __forceinline__ void foreseeEnd(const ConvolveJob& job, const ConvolveLayer& layer, const Own& own) {
  constexpr int kLines = T::kChannels / 32;
  if (job.ending.add == nullptr && job.ending.gate == nullptr) return;
#pragma unroll 1
  for (int i = threadIdx.x; i < own.rows * kLines; i += kConvolveThreads) {
    int row = own.firstPixel + i / kLines, channel = own.firstChannel + i % kLines * 32;
    if (row >= layer.pixels || channel >= job.oc) continue;
    int64_t at = job.placeOf(layer, row) + channel;
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
__device__ __forceinline__ void end(const ConvolveJob& job, const ConvolveLayer& layer, const float* rows, const Own& own,
                                    int splits) {
  constexpr int kQuads = T::kChannels / 4, kStep = kConvolveThreads / kQuads, kAhead = kShared ? 1 : 8;
  const Ending& ending = job.ending;
  int first = threadIdx.x / kQuads, channel = own.firstChannel + threadIdx.x % kQuads * 4;
  if (channel >= job.oc) return;
  int left = layer.pixels - own.firstPixel, pixels = left < own.rows ? left : own.rows;
  const float* from = rows + threadIdx.x % kQuads * 4;
  float4 bias = quadOf(ending.bias + channel, ending.bias != nullptr);
#pragma unroll 1
  for (int row = first; row < pixels; row += kStep * kAhead) {
    int64_t at[kAhead];
    float4 old[kAhead], gate[kAhead];
#pragma unroll
    for (int a = 0; a < kAhead; a++) {
      bool some = row + kStep * a < pixels;
      at[a] = some ? job.placeOf(layer, own.firstPixel + row + kStep * a) + channel : 0;
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

// Block x is a tile, those of the same pixels one after another, so that x is read from memory once; block y a part, block z
// a convolution.
template <class T>
__global__ void __launch_bounds__(kConvolveThreads, T::kBlocksEach) convolveTile(const __grid_constant__ ConvolveJob job) {
  extern __shared__ __align__(128) float stages[];
  const ConvolveLayer& layer = job.of[blockIdx.z];
  uint32_t column = blockIdx.x, down = job.byAcross.split(column);
  int firstPixel = static_cast<int>(down) * T::kPixels, firstChannel = static_cast<int>(column) * T::kChannels;
  // The largest of them has more tiles.
  if (firstPixel >= layer.pixels) return;
  int splits = static_cast<int>(gridDim.y), part = static_cast<int>(blockIdx.y);
  int all = layer.steps, begin = static_cast<int>(int64_t{all} * part / splits);
  int steps = static_cast<int>(int64_t{all} * (part + 1) / splits) - begin;
  int ownRows = T::kPixels / splits;
  Own own{firstPixel + part * ownRows, ownRows, firstChannel};
  foreseeWeights<T>(job, layer, firstChannel, begin, steps);
  Loader<T> loader(job, layer, firstPixel, firstChannel, begin);
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
    if (s == -1) foreseeEnd<T>(job, layer, own);
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
    end<T, false>(job, layer, stages, own, 1);
    return;
  }
  clusterBarrier();
  end<T, true>(job, layer, stages + part * ownRows * T::kRow, own, splits);
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
void launchTiles(cd_stream* stream, const ConvolveJob& job, int layers, const Tiling& tiling) {
  static_assert(kTiles[kKind].pixels == T::kPixels && kTiles[kKind].channels == T::kChannels);
  static_assert(T::kPixels % kMostSplits == 0);
  if (tiling.kind != kKind) return;
  allowShared<T>(stream->device);
  launchGrid(stream, convolveTile<T>, job, tiling.down * tiling.across, tiling.splits, layers, kConvolveThreads, T::kBytes);
}

inline ConvolveLayer layerOf(const Convolution& k, const float* weights) {
  // Without pixels or taps nothing is done, but they are divided by.
  auto some = [](int n) { return n > 0 ? n : 1; };
  return {Divide(some(k.ow)),
          Divide(some(k.oh)),
          static_cast<int>(k.pixels()),
          some(k.kh),
          some(k.kw),
          k.top,
          k.left,
          k.yTop,
          k.yLeft,
          static_cast<int>(k.steps()),
          static_cast<int>(4 * k.depth()),
          weights + k.firstWeight};
}

inline bool convolveInTiles(cd_stream* stream, const Convolutions& all, const Tiling& tiling, const Ending& ending,
                            const float* x, const float* weights, float* y) {
  // Three on each of 132 processors.
  constexpr int64_t kFew = 396;
  const Convolution& k = all.largest();
  bool few = all.count * tiling.down * tiling.across * tiling.splits <= kFew;
  ConvolveJob job{ending,   x,    y,    k.yWide,  Divide(tiling.across), static_cast<int>(4 * k.wide),
                  k.h,      k.w,  k.c,  k.oc,     k.strideH,             k.strideW,
                  k.stepsOfTap(), k.yStepH * k.yStepW > 1, k.yh, k.yw, k.yStepH, k.yStepW, few, {}};
  for (int i = 0; i < all.count; i++) job.of[i] = layerOf(all.of[i], weights);
  launchTiles<0, TileOf<128, 128, 64, 64, 3, 2>>(stream, job, all.count, tiling);
  launchTiles<1, TileOf<128, 64, 64, 32, 3, 3>>(stream, job, all.count, tiling);
  launchTiles<2, TileOf<64, 64, 32, 32, 4, 3>>(stream, job, all.count, tiling);
  launchTiles<3, TileOf<64, 32, 32, 16, 6, 3>>(stream, job, all.count, tiling);
  launchTiles<4, TileOf<32, 64, 16, 32, 6, 3>>(stream, job, all.count, tiling);
  return true;
}

}  // namespace candela
