// Division by a number known to the host, for the index arithmetic of CUDA kernels: a multiplication instead of the dozens
// of instructions of a division.
#pragma once

#include <stdint.h>

namespace candela {

// Quotients of numbers below 2^31 by 1..2^31, after T. Granlund and P. Montgomery, "Division by invariant integers using
// multiplication" (1994), figure 4.1.
class Divide {
 public:
  Divide() : Divide(1) {}

  explicit Divide(int64_t by) : by(static_cast<uint32_t>(by)), factor(1), shift(0) {
    while ((int64_t{1} << shift) < by) shift++;
    factor = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift) - this->by)) / this->by + 1);
  }

#ifdef __CUDACC__
  __device__ __forceinline__ uint32_t operator()(uint32_t i) const { return (__umulhi(i, factor) + i) >> shift; }

  // i divided, i becomes the rest.
  __device__ __forceinline__ uint32_t split(uint32_t& i) const {
    uint32_t quotient = (*this)(i);
    i -= quotient * by;
    return quotient;
  }
#endif

 private:
  uint32_t by, factor, shift;
};

// Numbers below this can be divided.
constexpr int64_t kDivisible = int64_t{1} << 31;

}  // namespace candela
