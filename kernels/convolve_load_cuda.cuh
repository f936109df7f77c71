// CUDA only: how the operands of convolve_cuda.cuh come into shared memory.
#pragma once

#include "convolve_job_cuda.cuh"
#include "tensor_cuda.cuh"

namespace candela {

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
      : job(job), channelBytes(layer.channelBytes), kh(layer.kh), kw(layer.kw), row(threadIdx.x / 8), chunk(threadIdx.x % 8) {
    int pixels = layer.pixels, firstTop = layer.top, firstLeft = layer.left;
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
    int group = firstStep / (kh * kw);
    tap = firstStep - group * kh * kw;
    channel = group * kDeep;
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
  static constexpr int kStep = T::kThreads / 8, kRows = T::kPixels / kStep;

  // The next tap of the same channels: it needs mostly the pixels of this one.
  __device__ __forceinline__ void next() {
    tap++;
    if (++across < kw) return;
    across = 0;
    if (++down < kh) return;
    down = tap = 0;
    channel += kDeep;
  }

  const ConvolveJob& job;
  const int channelBytes, kh, kw, row, chunk;
  // Of each row: its first tap's place, and the taps within the image: bits 0 … down, 16 … across.
  int pixel[kRows];
  uint32_t taps[kRows];
  // Rows of weights from this thread's first on.
  int channels;
  const float* factors;
  int tap, channel, down, across;
};

// The weights start on their way into the second-level cache, which is one for all: before the kernel in front has ended.
// Among many blocks others have brought them there.
template <class T>
__device__ __forceinline__ void foreseeWeights(const ConvolveJob& job, const ConvolveLayer& layer, int firstChannel, int begin,
                                               int steps) {
  constexpr int kMostLines = 8 * T::kThreads;
  if (!job.few) return;
  int lines = steps * T::kChannels < kMostLines ? steps * T::kChannels : kMostLines, bytes = layer.channelBytes;
  int taps = layer.kh * layer.kw;
  auto weights = reinterpret_cast<const char*>(layer.weights);
#pragma unroll 1
  for (int i = threadIdx.x; i < lines; i += T::kThreads) {
    int channel = firstChannel + i % T::kChannels, step = begin + i / T::kChannels, group = step / taps;
    int at = 4 * ((step - group * taps) * job.c + group * kDeep);
    if (channel < job.oc) fetchLine(reinterpret_cast<const float*>(weights + int64_t{channel} * bytes + at));
  }
}

}  // namespace candela
