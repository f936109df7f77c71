// CUDA only: what a launch of convolve_cuda.cuh is told, and the shapes of its tiles.
#pragma once

#include "convolve.cuh"
#include "divide.cuh"

namespace candela {

// One of a launch's convolutions: what is its own. Few, as a parameter that is looked up by the block's number costs more.
struct ConvolveLayer {
  Divide byWidth, byHeight;
  int pixels, kh, kw, top, left, yTop, yLeft, steps;
  // Bytes of an output channel's weights.
  int channelBytes;
  // Whether each pixel is the sum of one, that at the same place.
  bool pointwise;
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
  int h, w, c, oc, strideH, strideW;
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

// A tile, the part of it that a warp makes, the steps in flight and the blocks on a multiprocessor.
template <int kPixels_, int kChannels_, int kWarpPixels_, int kWarpChannels_, int kStages_, int kBlocksEach_>
struct TileOf {
  static constexpr int kPixels = kPixels_, kChannels = kChannels_, kWarpPixels = kWarpPixels_;
  static constexpr int kWarpChannels = kWarpChannels_, kStages = kStages_, kBlocksEach = kBlocksEach_;
  static constexpr int kWarpsAcross = kChannels / kWarpChannels;
  static constexpr int kThreads = kPixels / kWarpPixels * kWarpsAcross * 32;
  // Whether warpgroups can make it too: each 64 pixels.
  static constexpr bool kWarpgroups = kThreads == 2 * kPixels && kChannels % 64 == 0;
  // Fragments of 16 pixels and of 8 channels.
  static constexpr int kDown = kWarpPixels / 16, kAcross = kWarpChannels / 8;
  // Floats of a stage, and of a row when the sums stand in shared memory: half a warp's pairs then lie in different banks.
  static constexpr int kStage = (kPixels + kChannels) * kDeep, kRow = kChannels + 8;
  static constexpr int kBytes = 4 * kStages * kStage;
  // Where a warp's part begins.
  __device__ __forceinline__ static int firstPixel(int warp) { return warp / kWarpsAcross * kWarpPixels; }
  __device__ __forceinline__ static int firstChannel(int warp) { return warp % kWarpsAcross * kWarpChannels; }
  static_assert(kPixels * kRow <= kStages * kStage, "sums take the place of the stages");
};

}  // namespace candela
