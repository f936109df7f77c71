// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): randomness as a function of
// (seed, sample, element), whatever the batch, the order, the threads or the device.
#pragma once

#include "functions.cuh"
#include "portable.cuh"

namespace candela {

struct Words {
  uint32_t at[4];
};

// The paper's constants; counter = (block, sample), key = seed.
BOTH Words philox(int64_t seed, int64_t sample, int64_t block) {
  uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(static_cast<uint64_t>(block) >> 32);
  uint32_t c2 = static_cast<uint32_t>(sample), c3 = static_cast<uint32_t>(static_cast<uint64_t>(sample) >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32);
  UNROLL(10) for (int round = 0; round < 10; round++) {
    uint64_t p0 = static_cast<uint64_t>(0xD2511F53u) * c0;
    uint64_t p1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
    uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// In (0, 1]: the middle of one of 2^24 equal steps, rounded.
BOTH float uniform(uint32_t word) { return (static_cast<float>(word >> 8) + 0.5f) * 0x1p-24f; }

// Two standard normals, by Box and Muller; within 2e-6 of the exact ones of the two uniforms.
BOTH void normals(uint32_t first, uint32_t second, float* one, float* other) {
  float radius = sqrtf(-2.0f * logOf(uniform(first))), sine, cosine;
  turnOf(uniform(second), &sine, &cosine);
  *one = radius * cosine;
  *other = radius * sine;
}

}  // namespace candela
