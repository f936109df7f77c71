// What instructions do that C++ has no words for. Each function stands for that of its name in kernels/*_cuda.cuh.
#pragma once

#include "cuda_runtime.h"

namespace fibers::instructions {

inline void copyAsync(float* to, const void* from, bool inside) { copyLater(to, from, 16, inside); }
inline void copyFloatAsync(float* to, const float* from, bool inside) { copyLater(to, from, 4, inside); }
inline void commitCopies() { fibers::commitCopies(); }
template <int kGroups>
void waitForCopies() {
  fibers::waitForCopies(kGroups);
}
inline void fetchLine(const float*) {}

inline void loadMatrices(const float* row, uint32_t& m0, uint32_t& m1, uint32_t& m2, uint32_t& m3) {
  const Slot* all = exchange(&row, sizeof row, Lanes::ALL);
  uint32_t* to[] = {&m0, &m1, &m2, &m3};
  for (int m = 0; m < 4; m++) {
    const uint32_t* from;
    memcpy(&from, all[8 * m + lane() / 4].bytes, sizeof from);
    *to[m] = from[lane() % 4];
  }
}

// To nearest, ties to even; NaN stays NaN.
inline uint32_t rounded(uint32_t bits) {
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffffffu;
  return (bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu;
}

inline float cut(uint32_t bits) { return __uint_as_float(bits & ~0x1fffu); }

inline void multiplyAdd(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  uint32_t mine[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const Slot* all = exchange(mine, sizeof mine, Lanes::ALL);
  auto of = [&](int lane, int i) {
    uint32_t bits;
    memcpy(&bits, all[lane].bytes + 4 * i, sizeof bits);
    return cut(bits);
  };
  int g = lane() / 4, t = lane() % 4;
  for (int i = 0; i < 4; i++) {
    int row = i / 2, column = 2 * t + i % 2;
    float sum = d[i];
    for (int k = 0; k < 8; k++) sum += of(4 * g + k % 4, 2 * (k / 4) + row) * of(4 * column + k % 4, 4 + k / 4);
    d[i] = sum;
  }
}

// The address in units of 16 bytes. Products of warpgroups read what it names when they are waited for.
inline uint64_t rowsAt(const float* first) { return reinterpret_cast<uint64_t>(first) >> 4; }

inline void showToProducts() {}
inline void beginProducts() {}
inline void commitProducts() {}
inline void waitForProducts() { waitForWork(); }

inline void multiplyAdd(float (*d)[4], const uint32_t (&a)[4], uint64_t b) {
  const Slot* all = exchange(a, sizeof a, Lanes::ALL);
  float rows[2][8];
  int g = lane() / 4, t = lane() % 4;
  for (int row = 0; row < 2; row++) {
    for (int k = 0; k < 8; k++) {
      uint32_t bits;
      memcpy(&bits, all[4 * g + k % 4].bytes + 4 * (2 * (k / 4) + row), sizeof bits);
      rows[row][k] = cut(bits);
    }
  }
  workLater([=] {
    uint64_t first = b << 4, tile = first & ~uint64_t{1023}, chunk = (first & 127) / 16;
    for (int i = 0; i < 16; i++) {
      int column = 8 * (i / 2) + 2 * t + i % 2;
      auto r = static_cast<uint64_t>(column);
      for (int row = 0; row < 2; row++) {
        float& sum = d[i / 2][2 * row + i % 2];
        for (uint64_t k = 0; k < 8; k++) {
          auto at = reinterpret_cast<const uint32_t*>(tile + 128 * r + 16 * ((chunk + k / 4) ^ r % 8)) + k % 4;
          sum += rows[row][k] * cut(*at);
        }
      }
    }
  });
}

inline void awaitEarlier() {}
inline void clusterBarrier() { fibers::clusterBarrier(); }
inline float4 readOf(int block, const float4* place) { return *static_cast<const float4*>(placeOf(block, place, sizeof(float4))); }

inline void product(uint32_t a, uint32_t b, uint32_t* high, uint32_t* low) {
  uint64_t p = uint64_t{a} * b;
  *high = static_cast<uint32_t>(p >> 32);
  *low = static_cast<uint32_t>(p);
}
inline float quickLog2(float x) { return log2f(x); }
inline float quickRoot(float x) { return sqrtf(x); }
inline float quickSine(float x) { return sinf(x); }
inline float quickCosine(float x) { return cosf(x); }
// Off by one in the last place.
inline float quickReciprocal(float x) { return nextafterf(1.0f / x, 0.0f); }

}  // namespace fibers::instructions
