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

// Fills the stages. Thread i copies chunk i % 8 (4 channels) of rows i / 8, i / 8 + 16 or 32, … of both operands. In shared
// memory chunk q of row r stands at q ^ r % 8: the 8 chunks of a row, and chunk q of 8 rows on end, lie in different banks.
// Steps are the taps, one after another, of kDeep channels, then those of the next: addresses only move on, as finding them
// anew would take longer than the products.
template <class T>
class Loader {
 public:
  __device__ __forceinline__ Loader(const ConvolveJob& job, const ConvolveLayer& layer, int firstPixel, int firstChannel,
                                    int firstStep)
      : job(job), layer(layer) {
    int row = threadIdx.x / 8, chunk = threadIdx.x % 8;
    place = held(row * kDeep + 4 * (chunk ^ row % 8));
    int taps = layer.kh * layer.kw, group = firstStep / taps, tap = firstStep - group * taps;
    int down = tap / layer.kw, across = tap - down * layer.kw, channel = group * kDeep + 4 * chunk;
    downBit = 1u << down;
    acrossBit = 1u << (16 + across);
    left = job.c - channel;
    auto from = reinterpret_cast<const char*>(job.x + channel);
#pragma unroll
    for (int i = 0; i < kRows; i++) {
      int pixel = firstPixel + row + kStep * i;
      uint32_t all = 1u | 1u << 16;
      bool some = pixel < layer.pixels;
      if (!layer.pointwise) {
        uint32_t x = static_cast<uint32_t>(pixel), y = layer.byWidth.split(x), image = layer.byHeight.split(y);
        int top = static_cast<int>(y) * job.strideH - layer.top, first = static_cast<int>(x) * job.strideW - layer.left;
        pixel = static_cast<int>(image) * job.h * job.w + (top + down) * job.w + first + across;
        all = inside(top, layer.kh, job.h) | inside(first, layer.kw, job.w) << 16;
      }
      pixels[i] = from + int64_t{pixel} * job.pixelBytes;
      within[i] = some ? all : 0u;
    }
    rowOn = (job.w - layer.kw) * job.pixelBytes;
    groupOn = 4 * kDeep - layer.kh * job.w * job.pixelBytes;
    groupFactors = held(4 * kDeep - 4 * taps * job.c);
    acrossEnd = 1u << 15 << layer.kw << 1;
    downEnd = 1u << layer.kh;
    channels = held(job.oc - firstChannel - row);
    factors = reinterpret_cast<const char*>(layer.weights + int64_t{tap} * job.c + channel) +
              int64_t{firstChannel + row} * layer.channelBytes;
  }

  // Starts the copies of this step into a stage, and goes to the next step. No branches: where nothing is to be read the
  // address may be anything.
  __device__ __forceinline__ void start(float* stage) {
    float* to = stage + place;
    bool some = left > 0;
    uint32_t bits = downBit | acrossBit;
#pragma unroll
    for (int i = 0; i < kRows; i++) copyAsync(to + kStep * kDeep * i, pixels[i], some && (within[i] & bits) == bits);
    to += T::kPixels * kDeep;
#pragma unroll
    for (int i = 0; i < T::kChannels / kStep; i++) {
      copyAsync(to + kStep * kDeep * i, factors + int64_t{kStep * i} * layer.channelBytes, some && kStep * i < channels);
    }
    next();
  }

 private:
  static constexpr int kStep = T::kThreads / 8, kRows = T::kPixels / kStep;

  __device__ __forceinline__ void next() {
    int on = job.pixelBytes, factorsOn = 4 * job.c;
    acrossBit <<= 1;
    if (acrossBit == acrossEnd) {
      acrossBit = 1u << 16;
      downBit <<= 1;
      on += rowOn;
    }
    if (downBit == downEnd) {
      downBit = 1;
      left -= kDeep;
      on += groupOn;
      factorsOn += groupFactors;
    }
#pragma unroll
    for (int i = 0; i < kRows; i++) pixels[i] += on;
    factors += factorsOn;
  }

  const ConvolveJob& job;
  const ConvolveLayer& layer;
  // Of this thread's first chunk in a stage.
  int place;
  // Of each row: this step's pixel, and the taps within the image: bits 0 … down, 16 … across.
  const char* pixels[kRows];
  uint32_t within[kRows];
  // This step's tap and those behind the last, and channels from this thread's first on.
  uint32_t downBit, acrossBit, downEnd, acrossEnd;
  int left;
  // Bytes on to the next row of a window, and to the next channels' first tap.
  int rowOn, groupOn, groupFactors;
  // Rows of weights from this thread's first on.
  int channels;
  const char* factors;
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
