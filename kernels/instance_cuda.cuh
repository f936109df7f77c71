// CUDA only: instance normalisation by blocks of 32 channels of one image. Arithmetic and order are the bodies' in norm.cu.
#pragma once

#include "columns_cuda.cuh"

namespace candela {

// Pixels that a thread reads before it writes the first: y may be x, dx may be dy.
constexpr int kPixelsHeld = 4;

__global__ void __launch_bounds__(kAcross* kMostLines)
    instanceNormColumns(Divide across, int64_t pixels, int64_t channels, float epsilon, const float* x, const float* scale,
                        const float* shift, float* y, float* stats) {
  uint32_t tile = blockIdx.x, image = across.split(tile);
  int64_t c = int64_t{1} * tile * kAcross + threadIdx.x, base = image * pixels * channels + c;
  bool inside = c < channels;
  const float* in = x + base;
  float size = static_cast<float>(pixels);
  float mean = sumColumn(pixels, inside, [&](int64_t p) { return in[p * channels]; }) / size;
  float square = sumColumn(pixels, inside, [&](int64_t p) {
    float v = in[p * channels] - mean;
    return v * v;
  });
  if (!inside) return;
  float inverse = 1.0f / sqrtf(square / size + epsilon);
  float factor = scale != nullptr ? scale[c] : 1.0f, more = shift != nullptr ? shift[c] : 0.0f;
  int64_t lines = blockDim.y;
  for (int64_t first = threadIdx.y; first < pixels; first += kPixelsHeld * lines) {
    float held[kPixelsHeld];
#pragma unroll
    for (int e = 0; e < kPixelsHeld; e++) {
      int64_t p = first + e * lines;
      if (p < pixels) held[e] = in[p * channels];
    }
#pragma unroll
    for (int e = 0; e < kPixelsHeld; e++) {
      int64_t p = first + e * lines;
      if (p >= pixels) continue;
      float v = (held[e] - mean) * inverse;
      if (scale != nullptr) v *= factor;
      if (shift != nullptr) v += more;
      y[base + p * channels] = v;
    }
  }
  if (stats == nullptr || threadIdx.y != 0) return;
  stats[2 * (image * channels + c)] = mean;
  stats[2 * (image * channels + c) + 1] = inverse;
}

template <bool kAdd>
__global__ void __launch_bounds__(kAcross* kMostLines)
    instanceNormBackwardColumns(Divide across, int64_t pixels, int64_t channels, const float* x, const float* scale,
                                const float* stats, const float* dy, float* dx) {
  uint32_t tile = blockIdx.x, image = across.split(tile);
  int64_t c = int64_t{1} * tile * kAcross + threadIdx.x, base = image * pixels * channels + c;
  bool inside = c < channels;
  const float* in = x + base;
  const float* up = dy + base;
  float mean = 0.0f, inverse = 0.0f, factor = 1.0f, size = static_cast<float>(pixels);
  if (inside) {
    mean = stats[2 * (image * channels + c)];
    inverse = stats[2 * (image * channels + c) + 1];
    if (scale != nullptr) factor = scale[c];
  }
  float u = sumColumn(pixels, inside, [&](int64_t p) { return up[p * channels] * factor; }) / size;
  float uv = sumColumn(pixels, inside, [&](int64_t p) {
    return up[p * channels] * factor * ((in[p * channels] - mean) * inverse);
  }) / size;
  if (!inside) return;
  int64_t lines = blockDim.y;
  for (int64_t first = threadIdx.y; first < pixels; first += kPixelsHeld * lines) {
    float held[kPixelsHeld], ups[kPixelsHeld], old[kPixelsHeld];
#pragma unroll
    for (int e = 0; e < kPixelsHeld; e++) {
      int64_t at = (first + e * lines) * channels;
      if (first + e * lines >= pixels) continue;
      held[e] = in[at];
      ups[e] = up[at];
      if (kAdd) old[e] = dx[base + at];
    }
#pragma unroll
    for (int e = 0; e < kPixelsHeld; e++) {
      int64_t at = (first + e * lines) * channels;
      if (first + e * lines >= pixels) continue;
      float v = (held[e] - mean) * inverse;
      float d = inverse * (ups[e] * factor - u - v * uv);
      dx[base + at] = kAdd ? old[e] + d : d;
    }
  }
}

// Both: false, and nothing done, where an image has few pixels.
inline bool instanceNormWide(cd_stream* stream, int64_t images, int64_t pixels, int64_t channels, float epsilon,
                             const float* x, const float* scale, const float* shift, float* y, float* stats) {
  ColumnBlocks blocks(images, pixels, channels);
  if (!blocks.fit(pixels)) return false;
  instanceNormColumns<<<static_cast<unsigned>(blocks.count), blocks.block, 0, queueOf(stream)>>>(
      blocks.across, pixels, channels, epsilon, x, scale, shift, y, stats);
  checkLaunch();
  return true;
}

inline bool instanceNormBackwardWide(cd_stream* stream, int64_t images, int64_t pixels, int64_t channels, bool accumulate,
                                     const float* x, const float* scale, const float* stats, const float* dy, float* dx) {
  ColumnBlocks blocks(images, pixels, channels);
  if (!blocks.fit(pixels)) return false;
  auto kernel = accumulate ? instanceNormBackwardColumns<true> : instanceNormBackwardColumns<false>;
  kernel<<<static_cast<unsigned>(blocks.count), blocks.block, 0, queueOf(stream)>>>(blocks.across, pixels, channels, x,
                                                                                   scale, stats, dy, dx);
  checkLaunch();
  return true;
}

}  // namespace candela
