// CUDA only: the convolution of few channels as a product of matrices in tensor cores. What a row of the kernel meets in a
// row of x is contiguous, whatever pixels it is of: so the products' depth is not channels, of which there are too few, but
// the rows of the kernel, each filled up to a multiple of 8.
//
// A block has its weights in shared memory and goes over tiles; the patch of x under the next tile is on its way while it
// multiplies, each pixel read once for all the windows that it is in. A warp makes rows of 16 output pixels; its lanes read
// their factors straight out of the patch, windows overlapping there as they do in x, round them to TF32, to nearest, and
// put 0 for what lies behind the row of the kernel: NaN there must not come through. Sums are in float, row after row of the
// kernel in every variant, so that all give the same bits.
#pragma once

#include "convolve_few.cuh"
#include "grid_cuda.cuh"
#include "launch.cuh"
#include "tensor_cuda.cuh"

namespace candela {

constexpr int kFewThreads = 128, kFewWarps = 4;

// Copies of a lane that are written out in a row: ResNet's patch is 111 floats wide.
constexpr int kFewAhead = 4;

struct ConvolveFewJob {
  FewConvolution k;
  FewTiling tiling;
  FewEnding ending;
  Divide byAcross, byDown;
  // Whether pixels 0, 2, 4, 6 of eight come first: where neighbours are 12 floats apart, half a warp's pairs then lie in
  // different banks.
  bool spread;
  const float* __restrict__ x;
  const float* __restrict__ arranged;
  float* __restrict__ y;
};

// A tile: of its rows each warp makes kUnits, one below the other. Blocks on a multiprocessor, as registers allow.
template <int kUnits_, int kChannels_, int kBlocksEach_>
struct FewTileOf {
  static constexpr int kUnits = kUnits_, kChannels = kChannels_, kBlocksEach = kBlocksEach_;
  static constexpr int kRows = kFewWarps * kUnits, kSixteens = kChannels / 16;
};

// Where a tile begins.
struct FewPlace {
  int64_t image;
  int row, column;

  __device__ __forceinline__ FewPlace(const ConvolveFewJob& job, uint32_t tile) {
    uint32_t across = tile, down = job.byAcross.split(across);
    image = job.byDown.split(down);
    row = static_cast<int>(down) * job.tiling.rows;
    column = static_cast<int>(across) * kFewAcross;
  }
};

// Starts the copies of a block's weights.
template <class T>
__device__ __forceinline__ void startWeights(const ConvolveFewJob& job, float* to) {
  // Of 16 bytes, in a step.
  constexpr int kQuads = 2 * T::kChannels;
  int first = static_cast<int>(blockIdx.y) * T::kSixteens, sixteens = job.k.sixteens();
  int quads = static_cast<int>(job.k.steps()) * kQuads;
#pragma unroll 4
  for (int i = threadIdx.x; i < quads; i += kFewThreads) {
    int step = i / kQuads, quad = i % kQuads;
    bool inside = first + quad / 32 < sixteens;
    copyAsync(to + 4 * i, job.arranged + 4 * ((int64_t{step} * sixteens + first) * 32 + quad), inside);
  }
}

// Starts the copies of the patch under a tile, zeros where it lies beyond the image: a warp takes a row of it, neighbours
// neighbouring floats, since nothing in x need be aligned to more.
__device__ __forceinline__ void startPatch(const ConvolveFewJob& job, uint32_t tile, float* patch) {
  const FewConvolution& k = job.k;
  FewPlace place(job, tile);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int row = place.row * k.down - k.top + warp, first = (place.column * k.across - k.left) * k.c, floats = k.w * k.c;
  // A lane's floats of a row, 32 apart, and bits of those within the image.
  int count = (job.tiling.copied - lane + 31) / 32;
  uint32_t columns = 0;
  for (int i = 0; i < count; i++) {
    if (static_cast<uint32_t>(first + lane + 32 * i) < static_cast<uint32_t>(floats)) columns |= 1u << i;
  }
  const float* from = job.x + ((place.image * k.h + row) * floats + first + lane);
  float* to = patch + warp * job.tiling.pitch + lane;
#pragma unroll 1
  for (int r = warp; r < job.tiling.patchRows; r += kFewWarps) {
    uint32_t inside = static_cast<uint32_t>(row) < static_cast<uint32_t>(k.h) ? columns : 0u;
#pragma unroll 1
    for (int i = 0; i < count; i += kFewAhead) {
#pragma unroll
      for (int a = 0; a < kFewAhead; a++) {
        if (i + a < count) copyFloatAsync(to + 32 * (i + a), from + 32 * (i + a), (inside >> a & 1u) != 0);
      }
      inside >>= kFewAhead;
    }
    row += kFewWarps;
    from += kFewWarps * floats;
    to += kFewWarps * job.tiling.pitch;
  }
}

// The factors of a step, as mma has them: of pixels and of weights.
template <class T>
struct FewFactors {
  uint32_t a[T::kUnits][4], b[T::kSixteens * 2][2];
  // All bits of those that count.
  uint32_t even, odd;
};

// Goes through the steps of a tile.
template <class T, bool kPairs>
class FewWalk {
 public:
  // patch: at the first pixel of the warp.
  __device__ __forceinline__ FewWalk(const ConvolveFewJob& job, const float* patch, const float* weights)
      : unit(job.k.down * job.tiling.pitch), half(8 * job.k.across * job.k.c), rowSteps(job.k.rowSteps()),
        next(job.tiling.pitch - 8 * (rowSteps - 1)), left(rowSteps) {
    int lane = threadIdx.x % 32, column = lane % 4 * 2;
    int beyond = job.k.depth() - 8 * (rowSteps - 1) - column;
    even = beyond > 0 ? ~0u : 0u;
    odd = beyond > 1 ? ~0u : 0u;
    this->patch = patch + pixelOf(job, lane / 4) * job.k.across * job.k.c + column;
    this->weights = weights + 4 * lane;
  }

  // Of lanes 4 g … 4 g + 3, in the first half of a row of 16 and in the second.
  __device__ __forceinline__ static int pixelOf(const ConvolveFewJob& job, int g) {
    return job.spread ? g % 4 * 2 + g / 4 : g;
  }

  // The factors of this step; goes to the next.
  __device__ __forceinline__ void fetch(FewFactors<T>& f) {
#pragma unroll
    for (int u = 0; u < T::kUnits; u++) {
      pair(patch + u * unit, f.a[u][0], f.a[u][2]);
      pair(patch + u * unit + half, f.a[u][1], f.a[u][3]);
    }
#pragma unroll
    for (int q = 0; q < T::kSixteens; q++) {
      uint4 v = *reinterpret_cast<const uint4*>(weights + 128 * q);
      f.b[2 * q][0] = v.x;
      f.b[2 * q][1] = v.y;
      f.b[2 * q + 1][0] = v.z;
      f.b[2 * q + 1][1] = v.w;
    }
    bool last = --left == 0;
    f.even = last ? even : ~0u;
    f.odd = last ? odd : ~0u;
    patch += last ? next : 8;
    weights += 8 * T::kChannels;
    if (last) left = rowSteps;
  }

 private:
  __device__ __forceinline__ static void pair(const float* at, uint32_t& even, uint32_t& odd) {
    if constexpr (kPairs) {
      uint2 v = *reinterpret_cast<const uint2*>(at);
      even = v.x;
      odd = v.y;
    } else {
      even = __float_as_uint(at[0]);
      odd = __float_as_uint(at[1]);
    }
  }

  const int unit, half, rowSteps, next;
  int left;
  uint32_t even, odd;
  const float* patch;
  const float* weights;
};

// The sums of a thread: of its warp's part those that the layout of mma gives it.
template <class T>
struct ConvolveFewSums {
  float at[T::kUnits][T::kSixteens * 2][4];

  __device__ __forceinline__ void add(FewFactors<T>& f) {
#pragma unroll
    for (int u = 0; u < T::kUnits; u++) {
#pragma unroll
      for (int e = 0; e < 4; e++) f.a[u][e] = rounded(f.a[u][e]) & (e < 2 ? f.even : f.odd);
    }
#pragma unroll
    for (int u = 0; u < T::kUnits; u++) {
#pragma unroll
      for (int j = 0; j < T::kSixteens * 2; j++) multiplyAdd(at[u][j], f.a[u], f.b[j]);
    }
  }

  // The next step's factors are on their way while one's are multiplied.
  template <bool kPairs>
  __device__ __forceinline__ void addAll(FewWalk<T, kPairs>& walk, int steps) {
    FewFactors<T> now, then;
    walk.fetch(now);
    int s = 1;
#pragma unroll 1
    for (; s < steps; s += 2) {
      walk.fetch(then);
      add(now);
      if (s + 1 < steps) walk.fetch(now);
      add(then);
    }
    if (s == steps) add(now);
  }

  // Writes four channels of a pixel at a time; four lanes together write 64 bytes.
  template <bool kSimple>
  __device__ __forceinline__ void leave(const ConvolveFewJob& job, const FewPlace& place, int firstRow) const {
    const FewConvolution& k = job.k;
    int lane = threadIdx.x % 32, column = place.column + FewWalk<T, true>::pixelOf(job, lane / 4);
    int channel = static_cast<int>(blockIdx.y) * T::kChannels + lane % 4 * 4;
#pragma unroll
    for (int q = 0; q < T::kSixteens; q++) {
      if (channel + 16 * q >= k.oc) continue;
      float4 bias = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
      if (job.ending.bias) bias = __ldg(reinterpret_cast<const float4*>(job.ending.bias + channel + 16 * q));
#pragma unroll
      for (int u = 0; u < T::kUnits; u++) {
        int row = firstRow + u;
        float* to = job.y + ((place.image * k.oh + row) * k.ow + column) * k.wide + channel + 16 * q;
#pragma unroll
        for (int half = 0; half < 2; half++) {
          if (row >= k.oh || column + 8 * half >= k.ow) continue;
          const float(&even)[4] = at[u][2 * q];
          const float(&odd)[4] = at[u][2 * q + 1];
          float4 v;
          v.x = job.ending.of<kSimple>(even[2 * half], bias.x);
          v.y = job.ending.of<kSimple>(even[2 * half + 1], bias.y);
          v.z = job.ending.of<kSimple>(odd[2 * half], bias.z);
          v.w = job.ending.of<kSimple>(odd[2 * half + 1], bias.w);
          *reinterpret_cast<float4*>(to + 8 * half * k.wide) = v;
        }
      }
    }
  }
};

// Block x begins with tile x, block y has the channels of chunk y.
template <class T, bool kPairs>
__global__ void __launch_bounds__(kFewThreads, T::kBlocksEach) convolveFewTiles(const __grid_constant__ ConvolveFewJob job) {
  extern __shared__ __align__(128) float stages[];
  int patch = static_cast<int>(job.tiling.weights), other = patch + static_cast<int>(job.tiling.patch);
  uint32_t tiles = static_cast<uint32_t>(job.tiling.tiles);
  startWeights<T>(job, stages);
  startPatch(job, blockIdx.x, stages + patch);
  commitCopies();
#pragma unroll 1
  for (uint32_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    // This tile's patch is here, from all threads; and all are done with the other, which is filled next.
    waitForCopies<0>();
    __syncthreads();
    if (tile + gridDim.x < tiles) startPatch(job, tile + gridDim.x, stages + other);
    commitCopies();
    FewPlace place(job, tile);
    int row = static_cast<int>(threadIdx.x) / 32 * T::kUnits;
    if (place.row + row < job.k.oh) {
      FewWalk<T, kPairs> walk(job, stages + patch + row * job.k.down * job.tiling.pitch, stages);
      ConvolveFewSums<T> sums = {};
      sums.addAll(walk, static_cast<int>(job.k.steps()));
      if (job.ending.simple) {
        sums.template leave<true>(job, place, place.row + row);
      } else {
        sums.template leave<false>(job, place, place.row + row);
      }
    }
    int done = patch;
    patch = other;
    other = done;
  }
}

template <class T, bool kPairs>
void launchFewTiles(cd_stream* stream, const ConvolveFewJob& job) {
  const FewTiling& t = job.tiling;
  int64_t bytes = t.shared(job.k);
  int most = attributeOf(stream->device, cudaDevAttrMaxSharedMemoryPerBlockOptin);
  if (bytes > most) {
    fail(CD_DEVICE, "convolve_few: the card gives a block %d bytes of shared memory, this variant takes %lld", most,
         static_cast<long long>(bytes));
  }
  allowShared(convolveFewTiles<T, kPairs>, most, "convolve_few");
  // As many blocks as the card has room for, at least one a chunk. Each takes 1 KiB of shared memory for itself.
  int64_t each = attributeOf(stream->device, cudaDevAttrMaxSharedMemoryPerMultiprocessor) / (bytes + 1024);
  each = each < 1 ? 1 : each < T::kBlocksEach ? each : T::kBlocksEach;
  int64_t blocks = (each * attributeOf(stream->device, cudaDevAttrMultiProcessorCount) + t.chunks - 1) / t.chunks;
  // All do as many tiles, as nearly as may be.
  int64_t rounds = (t.tiles + blocks - 1) / blocks;
  blocks = (t.tiles + rounds - 1) / rounds;
  dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(t.chunks));
  convolveFewTiles<T, kPairs><<<grid, kFewThreads, bytes, queueOf(stream)>>>(job);
  checkLaunch();
}

template <int kVariant, class T>
void launchFewTiles(cd_stream* stream, int variant, const ConvolveFewJob& job) {
  static_assert(kFewTiles[kVariant].rows == T::kRows && kFewTiles[kVariant].channels == T::kChannels);
  if (variant != kVariant) return;
  // Pairs are aligned where pixels are an even number of floats apart.
  if (job.k.across * job.k.c % 2 == 0) {
    launchFewTiles<T, true>(stream, job);
  } else {
    launchFewTiles<T, false>(stream, job);
  }
}

inline bool convolveFewInTiles(cd_stream* stream, const FewConvolution& k, int variant, const FewTiling& tiling,
                               const FewEnding& ending, const float* x, const float* arranged, float* y) {
  ConvolveFewJob job{k, tiling, ending, Divide(tiling.across), Divide(tiling.down), k.across * k.c == 12, x, arranged, y};
  launchFewTiles<0, FewTileOf<4, 64, 2>>(stream, variant, job);
  launchFewTiles<1, FewTileOf<2, 64, 3>>(stream, variant, job);
  launchFewTiles<2, FewTileOf<1, 64, 4>>(stream, variant, job);
  launchFewTiles<3, FewTileOf<4, 32, 3>>(stream, variant, job);
  launchFewTiles<4, FewTileOf<2, 32, 4>>(stream, variant, job);
  launchFewTiles<5, FewTileOf<1, 32, 5>>(stream, variant, job);
  return true;
}

}  // namespace candela
