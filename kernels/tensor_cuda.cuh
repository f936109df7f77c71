// CUDA only: the instructions around tensor cores that C++ has no words for, each a function. PTX ISA, chapter 9.7.
#pragma once

#include <stdint.h>

#ifndef CANDELA_CAPABILITIES
#error "list the source that includes this in cmake/cuda, among OF_EACH, or else it is compiled without what 9.0 has to itself"
#endif

namespace candela {

// The value, which the compiler will hold in a register instead of computing it anew where it is used.
__device__ __forceinline__ int held(int value) {
  asm volatile("" : "+r"(value));
  return value;
}

// Starts to copy 16 bytes from global to shared memory; zeros where `inside` is false: then nothing is read.
__device__ __forceinline__ void copyAsync(float* to, const void* from, bool inside) {
  auto at = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  int bytes = inside ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(bytes) : "memory");
}

// The same for one float.
__device__ __forceinline__ void copyFloatAsync(float* to, const float* from, bool inside) {
  auto at = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  int bytes = inside ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(at), "l"(from), "r"(bytes) : "memory");
}

// What this thread has started since the last such call is a group.
__device__ __forceinline__ void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most kGroups of this thread's groups, the youngest, are on their way.
template <int kGroups>
__device__ __forceinline__ void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
}

// Has the second-level cache fetch the line of 128 bytes that this lies in.
__device__ __forceinline__ void fetchLine(const float* from) { asm volatile("prefetch.global.L2 [%0];" ::"l"(from)); }

// Four matrices of 8 rows of 16 bytes; lanes 8 m … 8 m + 7 say where the rows of matrix m are. A lane gets the 4 bytes
// lane % 4 of row lane / 4 of each.
__device__ __forceinline__ void loadMatrices(const float* row, uint32_t& m0, uint32_t& m1, uint32_t& m2, uint32_t& m3) {
  auto at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m0), "=r"(m1), "=r"(m2), "=r"(m3)
               : "r"(at)
               : "memory");
}

// The bits of a float as TF32 ones, rounded to nearest: ties to even where a card has an instruction for it, else away from
// zero in three. NaN stays NaN.
__device__ __forceinline__ uint32_t rounded(uint32_t bits) {
  uint32_t out;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(out) : "f"(__uint_as_float(bits)));
#else
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(out) : "f"(__uint_as_float(bits)));
#endif
  return out;
}

// d[16,8] += a[16,8] * b[8,8] of a warp. With g = lane / 4, t = lane % 4 a lane holds a at (g,t), (g+8,t), (g,t+4),
// (g+8,t+4), b at (k = t, n = g), (k = t + 4, n = g), d at (g,2t), (g,2t+1), (g+8,2t), (g+8,2t+1).
__device__ __forceinline__ void multiplyAdd(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace candela
