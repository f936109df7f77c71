// CUDA only: the convolution as a product of matrices in tensor cores. A block makes a tile of pixels x output channels, in
// steps of kDeep channels of one tap; the next steps' operands are on their way from memory meanwhile. Factors are rounded
// to TF32, to nearest, when they come out of shared memory, but weights not where warpgroups read them there; sums are in
// float.
//
// Where few tiles would leave the card idle, the steps of a tile are shared among the blocks of a cluster. Each ends some of
// the tile's rows: it adds the parts, out of the others' shared memory, in their order. So that is always the same.
#pragma once

#include "convolve_end_cuda.cuh"
#include "convolve_load_cuda.cuh"
#include "convolve_sums_cuda.cuh"
#include "grid_cuda.cuh"
#include "launch.cuh"
#include "tensor_cuda.cuh"

namespace candela {

// Block x is a tile, those of the same pixels one after another, so that x is read from memory once; block y a part, block z
// a convolution.
template <class T>
__global__ void __launch_bounds__(T::kThreads, T::kBlocksEach) convolveTile(const __grid_constant__ ConvolveJob job) {
  extern __shared__ __align__(1024) float stages[];
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
  Sums<T> sums;
  awaitEarlier();
#pragma unroll 1
  for (int s = 0; s < T::kStages - 1; s++) {
    if (s < steps) loader.start(stages + s * T::kStage);
    commitCopies();
  }
  foreseeEnd<T>(job, layer, own);
  int stage = 0, ahead = T::kStages - 1;
#pragma unroll 1
  for (int s = 0; s < steps; s++) {
    // This step's operands are here, from all threads; and all are done with the stage that is filled next.
    waitForCopies<T::kStages - 2>();
    sums.ready();
    __syncthreads();
    sums.begin(stages + stage * T::kStage);
    if (s + T::kStages - 1 < steps) loader.start(stages + ahead * T::kStage);
    // Empty groups count too: the wait above is for the same number of them to the end.
    commitCopies();
    sums.finish(stages + stage * T::kStage);
    stage = stage + 1 < T::kStages ? stage + 1 : 0;
    ahead = ahead + 1 < T::kStages ? ahead + 1 : 0;
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

template <int kKind, class T>
void launchTiles(cd_stream* stream, const ConvolveJob& job, int layers, const Tiling& tiling) {
  static_assert(kTiles[kKind].pixels == T::kPixels && kTiles[kKind].channels == T::kChannels);
  static_assert(T::kPixels % kMostSplits == 0);
  if (tiling.kind != kKind) return;
  allowShared(convolveTile<T>, T::kBytes, "convolve");
  launchGrid(stream, convolveTile<T>, job, tiling.down * tiling.across, tiling.splits, layers, T::kThreads, T::kBytes);
}

inline ConvolveLayer layerOf(const Convolution& k, const float* weights) {
  // Without pixels or taps nothing is done, but they are divided by.
  auto some = [](int n) { return n > 0 ? n : 1; };
  bool pointwise = k.kh * k.kw == 1 && k.strideH * k.strideW == 1 && k.top == 0 && k.left == 0 && k.oh == k.h && k.ow == k.w;
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
          pointwise,
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
                  k.yStepH * k.yStepW > 1, k.yh, k.yw, k.yStepH, k.yStepW, few, {}};
  for (int i = 0; i < all.count; i++) job.of[i] = layerOf(all.of[i], weights);
  launchTiles<0, TileOf<128, 128, 32, 64, 3, 2>>(stream, job, all.count, tiling);
  launchTiles<1, TileOf<128, 64, 32, 32, 4, 2>>(stream, job, all.count, tiling);
  launchTiles<2, TileOf<64, 64, 32, 32, 4, 3>>(stream, job, all.count, tiling);
  launchTiles<3, TileOf<64, 32, 32, 16, 6, 3>>(stream, job, all.count, tiling);
  launchTiles<4, TileOf<32, 64, 16, 32, 6, 3>>(stream, job, all.count, tiling);
  return true;
}

}  // namespace candela
