// CUDA only: rectifiers and their bits by quads, where rows are whole bytes of bits, so that all of them are one.
#pragma once

#include "functions.cuh"
#include "wide.cuh"

namespace candela {

constexpr int kRectifyEach = 4;

// y[n] = x clamped, bits[n/8]. Moves 8 bytes of floats an element and one bit; 4 and one bit where y is x and nothing changes (bits of
// what is clamped already). Eight neighbouring lanes join their four bits each to a word.
template <bool kBits, class T>
__global__ void __launch_bounds__(kBlock) rectifyQuads(int64_t n, float lo, float hi, const T* x, T* y, uint8_t* bits) {
  int64_t quads = n / 4, first = static_cast<int64_t>(blockIdx.x) * (kBlock * kRectifyEach) + threadIdx.x;
  Quad held[kRectifyEach];
#pragma unroll
  for (int e = 0; e < kRectifyEach; e++) {
    int64_t i = first + e * kBlock;
    if (i < quads) held[e] = quadAt(x + 4 * i);
  }
#pragma unroll
  for (int e = 0; e < kRectifyEach; e++) {
    int64_t i = first + e * kBlock;
    uint32_t word = 0;
    if (i < quads) {
      bool changed = x != y;
      Quad out;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        float v = held[e].v[j], low = v < lo ? lo : v;
        out.v[j] = low > hi ? hi : low;
        changed |= v < lo || v > hi;
        word |= static_cast<uint32_t>(v > lo && v < hi) << j;
      }
      if (changed) putQuad(y + 4 * i, out);
    }
    if (!kBits) continue;
    // Every lane of a warp comes here, whatever n is.
    word <<= 4 * (threadIdx.x % 8);
    word |= __shfl_xor_sync(0xffffffffu, word, 1);
    word |= __shfl_xor_sync(0xffffffffu, word, 2);
    word |= __shfl_xor_sync(0xffffffffu, word, 4);
    if (threadIdx.x % 8 != 0 || i >= quads) continue;
    int64_t byte = i / 2, left = n / 8 - byte;
    if (left >= 4) {
      *reinterpret_cast<uint32_t*>(bits + byte) = word;
    } else {
      for (int64_t b = 0; b < left; b++) bits[byte + b] = static_cast<uint8_t>(word >> 8 * b);
    }
  }
}

// dx[n] (+)= dy[n] where its bit is set. Moves 8 bytes of floats an element and one bit, 12 with kAdd.
template <bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) rectifyBackwardQuads(int64_t n, const uint8_t* bits, const T* dy, T* dx) {
  constexpr int kEach = kAdd ? 2 : 4;
  int64_t quads = n / 4, first = static_cast<int64_t>(blockIdx.x) * (kBlock * kEach) + threadIdx.x;
  Quad held[kEach], old[kEach];
  uint32_t flags[kEach];
#pragma unroll
  for (int e = 0; e < kEach; e++) {
    int64_t i = first + e * kBlock;
    if (i >= quads) continue;
    held[e] = quadAt(dy + 4 * i);
    if (kAdd) old[e] = quadAt(dx + 4 * i);
    flags[e] = static_cast<uint32_t>(bits[i / 2]) >> (i % 2 * 4);
  }
#pragma unroll
  for (int e = 0; e < kEach; e++) {
    int64_t i = first + e * kBlock;
    if (i >= quads) continue;
    Quad out;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      float v = chosen((flags[e] >> j & 1) != 0, held[e].v[j]);
      out.v[j] = kAdd ? old[e].v[j] + v : v;
    }
    putQuad(dx + 4 * i, out);
  }
}

// Both: false, and nothing done, where rows end inside a byte or a pointer is not aligned.
template <class T>
bool rectifyWide(cd_stream* stream, int64_t rows, int64_t n, float lo, float hi, const T* x, T* y, uint8_t* bits) {
  constexpr int64_t kStep = kBlock * kRectifyEach;
  int64_t all = rows * n, wanted = (all / 4 + kStep - 1) / kStep;
  if (n % 8 != 0 || !alignedQuads(x) || !alignedQuads(y) || !aligned(bits, 4) || wanted > kMostBlocks) return false;
  auto count = static_cast<unsigned>(wanted);
  if (bits != nullptr) {
    rectifyQuads<true><<<count, kBlock, 0, queueOf(stream)>>>(all, lo, hi, x, y, bits);
  } else {
    rectifyQuads<false><<<count, kBlock, 0, queueOf(stream)>>>(all, lo, hi, x, y, bits);
  }
  checkLaunch();
  return true;
}

template <class T>
bool rectifyBackwardWide(cd_stream* stream, int64_t rows, int64_t n, bool accumulate, const uint8_t* bits, const T* dy,
                         T* dx) {
  int64_t all = rows * n, step = kBlock * (accumulate ? 2 : 4), wanted = (all / 4 + step - 1) / step;
  if (n % 8 != 0 || !alignedQuads(dy) || !alignedQuads(dx) || wanted > kMostBlocks) return false;
  auto count = static_cast<unsigned>(wanted);
  if (accumulate) {
    rectifyBackwardQuads<true><<<count, kBlock, 0, queueOf(stream)>>>(all, bits, dy, dx);
  } else {
    rectifyBackwardQuads<false><<<count, kBlock, 0, queueOf(stream)>>>(all, bits, dy, dx);
  }
  checkLaunch();
  return true;
}

}  // namespace candela
